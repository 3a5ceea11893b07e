/** Threads of the exact backend as Web Workers of a page. */
import type { SpawnThread } from '../threads/pool.ts';

/** @param script where the bundled `web/thread.ts` is served */
export const spawnWebThread =
  (script: string | URL): SpawnThread =>
  ({ onReply, onEnd }) => {
    const worker = new Worker(script, { type: 'module', name: 'exact' });
    worker.addEventListener('message', ({ data }) => onReply(data));
    worker.addEventListener('error', (event) => onEnd(event.message));
    return {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
      post: (request) => worker.postMessage(request),
      // A page is not kept alive by its workers.
      expectReply: () => undefined,
      end: async () => worker.terminate(),
    };
  };
