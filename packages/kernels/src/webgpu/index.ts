/** The WebGPU backend. Nothing here knows Node: `./webgpu-node` opens it there. */
export type { AdapterDescription, PowerPreference } from './adapter.ts';
export { openWebGpuBackend, type WebGpuOptions } from './backend.ts';
export {
  AdapterNotFoundError,
  BackendClosedError,
  BindingTooLargeError,
  DeviceLostError,
  DeviceOutOfMemoryError,
  DeviceValidationError,
} from './errors.ts';
