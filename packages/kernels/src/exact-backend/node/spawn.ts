/** Threads of the exact backend as worker threads of Node. */
import { Worker } from 'node:worker_threads';
import type { SpawnThread } from '../threads/pool.ts';

export const spawnNodeThread: SpawnThread = ({ onReply, onEnd }) => {
  // Flags of the host, `--input-type` for example, may not suit a thread.
  const worker = new Worker(new URL('thread.ts', import.meta.url), { name: 'exact', execArgv: [] });
  worker.on('message', onReply);
  worker.on('error', onEnd);
  worker.on('exit', () => onEnd(undefined));
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    post: (request) => worker.postMessage(request),
    expectReply: (awaited) => (awaited ? worker.ref() : worker.unref()),
    end: async () => {
      await worker.terminate();
    },
  };
};
