/** Threads of the exact backend as Web Workers of a page, or of another worker. */
import type { SpawnThread } from '../threads/pool.ts';

/** @param make starts a module worker whose entry is `web/thread.ts`: only its own bundler knows where that is served */
export const spawnWebThread =
  (make: () => Worker): SpawnThread =>
  ({ onReply, onEnd }) => {
    const worker = make();
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
