/** The WebGPU backend in Node. Dawn is loaded only here, so that a machine without it, or without a driver, runs everything else. */
import { KernelError } from '../errors.ts';
import type { Backend } from './backend.ts';
import { BackendUnavailableError } from './errors.ts';

const INSTALL = 'Install a Vulkan driver (Mesa 25 or newer, or the GPU vendor’s), or choose the backend onnx.';

/** @throws BackendUnavailableError, AdapterNotFoundError, both saying what to install */
export async function openWebGpu(): Promise<Backend> {
  if (process.platform === 'linux') expectVulkanLoader();
  try {
    const [{ openGpu }, { openWebGpuBackend }] = await Promise.all([import('../webgpu/node/open-gpu.ts'), import('../webgpu/backend.ts')]);
    return await openWebGpuBackend(openGpu());
  } catch (cause) {
    if (cause instanceof KernelError) throw cause;
    throw new BackendUnavailableError({ backend: 'webgpu', reason: 'the npm package webgpu does not load', mend: INSTALL, cause });
  }
}

/** Asked before Dawn, which writes a warning of its own to stderr on every machine that has no Vulkan. */
function expectVulkanLoader(): void {
  try {
    process.dlopen({ exports: {} }, 'libvulkan.so.1');
  } catch (cause) {
    // A library that is there loads, and is then refused because it is no Node addon.
    if (cause instanceof Error && cause.message.includes('did not self-register')) return;
    throw new BackendUnavailableError({ backend: 'webgpu', reason: 'this machine has no Vulkan (libvulkan.so.1)', mend: INSTALL, cause });
  }
}
