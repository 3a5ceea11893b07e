/**
 * Opens the backend that a worker was asked for. `auto` takes `onnx` at once where WebGPU is missing or only played by
 * a CPU; where a real GPU is there, it opens both and lets the first program that is compiled decide (`FasterBackend`).
 */
import type { Backend, BackendName } from './backend.ts';
import { chooseBackend, type WebGpuFinding } from './choose-backend.ts';
import { BackendUnavailableError, summaryOf } from './errors.ts';
import { FasterBackend } from './faster-backend.ts';
import { openOnnxBackend, type OnnxBackendOptions } from './onnx-backend.ts';
import { openWebGpu } from './open-webgpu.ts';

export interface BackendOpeners {
  readonly webgpu: () => Promise<Backend>;
  readonly onnx: () => Promise<Backend>;
}

export interface SelectBackendOptions extends OnnxBackendOptions {
  readonly requested: BackendName | 'auto';
  /** How backends are opened; the real ones unless given. */
  readonly openers?: BackendOpeners;
}

/** A backend that says why it was taken. With `auto` beside a GPU, name, adapter and reason are final after the first compile. */
export interface SelectedBackend extends Backend {
  /** One sentence. */
  readonly reason: string;
}

/** @throws BackendUnavailableError, AdapterNotFoundError, both saying what to install */
export async function selectBackend(options: SelectBackendOptions): Promise<SelectedBackend> {
  const { requested, openers = { webgpu: openWebGpu, onnx: () => openOnnxBackend(options) } } = options;
  if (requested === 'auto') return selectAutomatically(openers);
  if (requested === 'exact') {
    throw new BackendUnavailableError({
      backend: 'exact',
      reason: 'it reduces and applies gradients but does not compute them yet',
      mend: 'Choose onnx, webgpu or auto.',
    });
  }
  return withReason(await openers[requested](), `${requested} was asked for`);
}

async function selectAutomatically(openers: BackendOpeners): Promise<SelectedBackend> {
  // `auto` goes on without a GPU whatever is wrong with it, and says what was.
  const gpu = await openers.webgpu().catch(summaryOf);
  const finding: WebGpuFinding =
    typeof gpu === 'string' ? { found: false, reason: gpu } : { found: true, adapter: gpu.adapter };
  const { choice, reason } = chooseBackend(finding);
  if (choice === 'measure' && typeof gpu !== 'string')
    return new FasterBackend({ gpu, cpu: await openers.onnx(), reason });
  if (typeof gpu !== 'string') await gpu.close();
  return withReason(await openers.onnx(), reason);
}

const withReason = (backend: Backend, reason: string): SelectedBackend => ({
  name: backend.name,
  adapter: backend.adapter,
  reason,
  compile: (program) => backend.compile(program),
  close: () => backend.close(),
});
