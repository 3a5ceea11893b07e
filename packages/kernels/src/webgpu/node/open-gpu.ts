/** Opens Dawn, the WebGPU implementation that runs in Node. */
import { tmpdir } from 'node:os';
import { create, globals } from 'webgpu';

/**
 * Dawn's instance dies with the object that `create` returns, and everything on it then hangs or crashes, however
 * firmly adapters and devices are held. So it is held here until the process (or worker thread) ends.
 */
let instance: GPU | undefined;

/** The GPU entry point (`navigator.gpu`) of this thread. Adapters need a Vulkan loader that was there at process start. */
export function openGpu(): GPU {
  if (instance === undefined) {
    // The Vulkan loader warns on stderr without it.
    process.env['XDG_RUNTIME_DIR'] ??= tmpdir();
    Object.assign(globalThis, globals);
    instance = create([]);
  }
  return instance;
}
