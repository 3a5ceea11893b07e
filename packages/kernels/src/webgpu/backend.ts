/** The WebGPU backend on a given entry point: `navigator.gpu` in a browser, Dawn's in Node. */
import type { Backend } from '../backend/backend.ts';
import { ops } from '../ops/index.ts';
import type { AdapterDescription, PowerPreference } from './adapter.ts';
import { Device } from './device.ts';
import { compileProgram } from './executable.ts';

export interface WebGpuOptions {
  readonly powerPreference?: PowerPreference;
}

/**
 * Opens the best adapter of `gpu`. Keep `gpu` referenced for as long as the backend lives.
 * @throws AdapterNotFoundError
 */
export async function openWebGpuBackend(gpu: GPU, options: WebGpuOptions = {}): Promise<Backend> {
  return (await openDeviceBackend(gpu, options)).backend;
}

/** The backend with all that is known of its adapter. */
export async function openDeviceBackend(
  gpu: GPU,
  { powerPreference }: WebGpuOptions,
): Promise<{ backend: Backend; adapter: AdapterDescription }> {
  const device = await Device.open(gpu, powerPreference);
  const { name, kind, class: exactness } = device.adapter;
  const backend: Backend = {
    name: 'webgpu',
    adapter: { name, kind, class: exactness },
    compile: (program, options) => compileProgram(device, program, ops, options),
    close: async () => device.close(),
  };
  return { backend, adapter: device.adapter };
}
