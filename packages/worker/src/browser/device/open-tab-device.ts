/** Devices of a page: a backend in a Web Worker. */
import { Device } from '../../compute/device.ts';
import type { DeviceOptions, SpawnDevice } from '../../compute/device-messages.ts';

const spawn: SpawnDevice = ({ onAnswer, onEnd }) => {
  const worker = new Worker(new URL('./device-entry.ts', import.meta.url), { type: 'module', name: 'device' });
  worker.addEventListener('message', ({ data }) => onAnswer(data));
  // A script that cannot be loaded has no message.
  worker.addEventListener('error', ({ message }) => onEnd(message || 'its script could not be loaded'));
  worker.addEventListener('messageerror', () => onEnd('one of its answers cannot be read'));
  return {
    post: (request, transfer) => worker.postMessage(request, transfer),
    terminate: async () => worker.terminate(),
  };
};

/** @throws DeviceError, DeviceThreadError */
export const openTabDevice = (options: DeviceOptions): Promise<Device> => Device.open(spawn, options);
