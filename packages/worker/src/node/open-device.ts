/** Devices in Node: a backend in a worker thread. */
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { Device } from '../compute/device.ts';
import type { DeviceOptions, SpawnDevice } from '../compute/device-messages.ts';

const spawn: SpawnDevice = ({ onAnswer, onEnd }) => {
  // Graphics drivers read the process' environment, which a thread's own copy of it would not reach.
  const thread = new Worker(new URL('./device-thread.ts', import.meta.url), {
    name: 'device',
    env: SHARE_ENV,
    execArgv: [],
  });
  thread.on('message', onAnswer);
  thread.on('error', (cause) => onEnd(String(cause), cause));
  thread.on('exit', (code) => onEnd(`it exited with code ${code}`));
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    post: (request, transfer) => thread.postMessage(request, transfer),
    terminate: async () => void (await thread.terminate()),
  };
};

/** @throws DeviceError, DeviceThreadError */
export const openNodeDevice = (options: DeviceOptions): Promise<Device> => Device.open(spawn, options);
