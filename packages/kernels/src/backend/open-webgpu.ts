/** The WebGPU backend in Node, loaded only when it is wanted, so that a machine without Dawn or a driver runs everything else. */
import type { WebGpuOptions } from '../webgpu/backend.ts';
import { KernelError } from '../errors.ts';
import type { Backend } from './backend.ts';
import { BackendUnavailableError } from './errors.ts';

/** @throws BackendUnavailableError, AdapterNotFoundError, both saying what to install */
export async function openWebGpu(options: WebGpuOptions = {}): Promise<Backend> {
  try {
    const { createWebGpuBackend } = await import('../webgpu/node/index.ts');
    return await createWebGpuBackend(options);
  } catch (cause) {
    if (cause instanceof KernelError) throw cause;
    throw new BackendUnavailableError({
      backend: 'webgpu',
      reason: 'the npm package webgpu does not load',
      mend: 'Install it with a Vulkan driver (Mesa 25 or newer, or the GPU vendor’s), or choose the backend onnx.',
      cause,
    });
  }
}
