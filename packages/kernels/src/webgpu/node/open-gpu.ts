/** Opens Dawn, the WebGPU implementation that runs in Node. */
import { tmpdir } from 'node:os';
import type { create as Create, globals as Globals } from 'webgpu';
import { AdapterNotFoundError } from '../errors.ts';

/**
 * Dawn's instance dies with the object that `create` returns, and everything on it then hangs or crashes, however
 * firmly adapters and devices are held. So it is held here until the process (or worker thread) ends.
 */
let instance: GPU | undefined;

/**
 * The GPU entry point (`navigator.gpu`) of this thread. Adapters need a Vulkan loader that was there at process start.
 * @throws AdapterNotFoundError on a platform for which Dawn is not built
 */
export async function openGpu(): Promise<GPU> {
  if (instance !== undefined) return instance;
  // The Vulkan loader warns on stderr without it.
  process.env['XDG_RUNTIME_DIR'] ??= tmpdir();
  const { create, globals } = await loadDawn();
  Object.assign(globalThis, globals);
  instance = create([]);
  return instance;
}

async function loadDawn(): Promise<{ create: typeof Create; globals: typeof Globals }> {
  try {
    return await import('webgpu');
  } catch (cause) {
    throw new AdapterNotFoundError({ reason: 'the npm package webgpu does not load', cause });
  }
}
