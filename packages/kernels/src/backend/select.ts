/**
 * Opens the backend that a worker was asked for. `auto` takes `onnx` at once where WebGPU is missing or only played by
 * a CPU; where a real GPU is there, it opens both and lets the first program that is compiled decide (`FasterBackend`). Where
 * onnxruntime has no binary, `exact` takes its place: it needs nothing but WebAssembly.
 */
import type { Backend, BackendName, Numerics } from './backend.ts';
import { chooseBackend, type WebGpuFinding } from './choose-backend.ts';
import { BackendUnavailableError, summaryOf } from './errors.ts';
import { FasterBackend } from './faster-backend.ts';
import { fitForNumerics } from './fit-numerics.ts';
import { openExactBackend } from '../exact-backend/node/open.ts';
import { openOnnxBackend, type OnnxBackendOptions } from './onnx-backend.ts';
import { openWebGpu } from './open-webgpu.ts';
import { type SelectedBackend, withReason } from './selected-backend.ts';

export interface BackendOpeners {
  readonly webgpu: () => Promise<Backend>;
  readonly onnx: () => Promise<Backend>;
  readonly exact: () => Promise<Backend>;
}

export interface SelectBackendOptions extends OnnxBackendOptions {
  readonly requested: BackendName | 'auto';
  /** `fast` unless given. `exact` numerics are computed by `webgpu` and `exact`. */
  readonly numerics?: Numerics;
  /** How backends are opened; the real ones unless given. */
  readonly openers?: BackendOpeners;
}

/** @throws BackendUnavailableError, AdapterNotFoundError, both saying what to install */
export async function selectBackend(options: SelectBackendOptions): Promise<SelectedBackend> {
  const { requested, openers = realOpeners(options) } = options;
  if (requested === 'auto') return selectAutomatically(openers);
  return withReason(await openers[requested](), `${requested} was asked for`);
}

const realOpeners = ({ threads, numerics = 'fast', ...options }: SelectBackendOptions): BackendOpeners => ({
  webgpu: async () => fitForNumerics(await openWebGpu({ numerics }), numerics),
  onnx:
    numerics === 'exact'
      ? refuseExactOnnx
      : () => openOnnxBackend({ ...options, ...(threads !== undefined && { threads }) }),
  exact: async () => openExactBackend(threads === undefined ? {} : { threads }),
});

const refuseExactOnnx = async (): Promise<Backend> => {
  throw new BackendUnavailableError({
    backend: 'onnx',
    reason: 'the job asks for exact numerics, which onnxruntime does not have',
    mend: 'Choose the backend auto, webgpu or exact, or set training.numerics to fast.',
  });
};

async function selectAutomatically(openers: BackendOpeners): Promise<SelectedBackend> {
  // `auto` goes on without a GPU whatever is wrong with it, and says what was.
  const gpu = await openers.webgpu().catch(summaryOf);
  const finding: WebGpuFinding =
    typeof gpu === 'string' ? { found: false, reason: gpu } : { found: true, adapter: gpu.adapter };
  const { choice, reason } = chooseBackend(finding);
  if (choice === 'measure' && typeof gpu !== 'string')
    return new FasterBackend({ gpu, cpu: (await openCpu(openers)).backend, reason });
  if (typeof gpu !== 'string') await gpu.close();
  const cpu = await openCpu(openers);
  return withReason(cpu.backend, cpu.problem === null ? reason : `${reason}, and ${cpu.problem}`);
}

/** onnxruntime, or the backend that needs nothing installed where that has no binary. */
async function openCpu(openers: BackendOpeners): Promise<{ backend: Backend; problem: string | null }> {
  try {
    return { backend: await openers.onnx(), problem: null };
  } catch (error) {
    if (!(error instanceof BackendUnavailableError)) throw error;
    return { backend: await openers.exact(), problem: summaryOf(error) };
  }
}
