/** Entry of a thread of the exact backend in a page: a bundler's own entry point. */
import type { ThreadRequest } from '../threads/messages.ts';
import { threadServer } from '../threads/serve.ts';

const serve = threadServer();
addEventListener('message', ({ data }: MessageEvent<ThreadRequest>) => {
  const reply = serve(data);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
  if (reply !== null) postMessage(reply);
});
