/** Entry of the worker that holds a page's device. */
import type { DeviceRequest } from '../../compute/device-messages.ts';
import { deviceServer } from '../../compute/serve-device.ts';
import { openTabBackend } from './tab-backend.ts';

const serve = deviceServer({
  open: openTabBackend,
  post: (answer, transfer) => postMessage(answer, { transfer }),
});
addEventListener('message', ({ data }: MessageEvent<DeviceRequest>) => serve(data));
