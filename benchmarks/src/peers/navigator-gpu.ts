/** Gives browser libraries the `navigator.gpu` that they expect. */
import { create, globals } from 'webgpu';

/** Held for the process's life: with this object Dawn's instance goes, and everything on it hangs. */
const gpu = create([]);

/** Puts Dawn where a browser has its GPU. */
export function installNavigatorGpu(): void {
  Object.assign(globalThis, globals);
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
}

/** The adapter that a library gets which asks for the best one. @throws Error where there is none */
export async function adapterName(): Promise<string> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new Error('there is no WebGPU adapter');
  const { description, device, vendor, architecture } = adapter.info;
  return description || device || `${vendor} ${architecture}`;
}
