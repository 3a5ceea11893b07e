/** Entry of a thread of the exact backend in Node. */
import { parentPort } from 'node:worker_threads';
import type { ThreadRequest } from '../threads/messages.ts';
import { threadServer } from '../threads/serve.ts';

const serve = threadServer();
parentPort?.on('message', (request: ThreadRequest) => {
  const reply = serve(request);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  if (reply !== null) parentPort?.postMessage(reply);
});
