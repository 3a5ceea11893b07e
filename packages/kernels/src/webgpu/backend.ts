/** The WebGPU backend on a given entry point: `navigator.gpu` in a browser, Dawn's in Node. */
import type { Backend } from '../backend/backend.ts';
import { ops } from '../ops/index.ts';
import { Device } from './device.ts';
import { compileProgram } from './executable.ts';

/**
 * Opens the best adapter of `gpu`. Keep `gpu` referenced for as long as the backend lives.
 * @throws AdapterNotFoundError
 */
export async function openWebGpuBackend(gpu: GPU): Promise<Backend> {
  const device = await Device.open(gpu);
  const { name, kind, class: exactness } = device.adapter;
  return {
    name: 'webgpu',
    adapter: { name, kind, class: exactness },
    compile: (program) => compileProgram(device, program, ops),
    close: async () => device.close(),
  };
}
