/** Entry of the device thread in Node. */
import { parentPort } from 'node:worker_threads';
import { selectBackend } from '@murmuration/kernels/backend';
import { deviceServer } from '../compute/serve-device.ts';

const serve = deviceServer({
  open: ({ backend: requested, threads, numerics = 'fast' }) => selectBackend({ requested, threads, numerics }),
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  post: (answer, transfer) => parentPort?.postMessage(answer, transfer),
});
parentPort?.on('message', serve);
