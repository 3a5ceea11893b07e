/** The WebGPU backend. Nothing here knows Node: `./webgpu-node` opens it there. */
export { type AdapterDescription, describeAdapter, type PowerPreference } from './adapter.ts';
export { openWebGpuBackend, type WebGpuOptions } from './backend.ts';
export type { TuningStore } from './tuning/tuner.ts';
export {
  AdapterNotFoundError,
  BackendClosedError,
  BindingTooLargeError,
  DeviceLostError,
  DeviceOutOfMemoryError,
  DeviceValidationError,
} from './errors.ts';
