/**
 * Opens the backend that a worker was asked for. `auto` takes `onnx` at once where WebGPU is missing or only played by
 * a CPU; where a real GPU is there, it measures a step of the job on each and takes the faster.
 */
import { KernelError } from '../errors.ts';
import type { StepProgram } from '../graph/step-program.ts';
import type { Backend, BackendName } from './backend.ts';
import { chooseBackend, type WebGpuFinding } from './choose-backend.ts';
import { BackendUnavailableError } from './errors.ts';
import { measureStep } from './measure-step.ts';
import { openOnnxBackend, type OnnxBackendOptions } from './onnx-backend.ts';
import { openWebGpu } from './open-webgpu.ts';

export interface BackendOpeners {
  readonly webgpu: () => Promise<Backend>;
  readonly onnx: () => Promise<Backend>;
}

export interface SelectBackendOptions extends OnnxBackendOptions {
  readonly requested: BackendName | 'auto';
  /** The job's program, which `auto` measures. */
  readonly program: StepProgram;
  /** How backends are opened; the real ones unless given. */
  readonly openers?: BackendOpeners;
}

export interface SelectedBackend {
  readonly backend: Backend;
  /** Why this one, in one sentence. */
  readonly reason: string;
}

/** @throws BackendUnavailableError, AdapterNotFoundError, both saying what to install */
export async function selectBackend(options: SelectBackendOptions): Promise<SelectedBackend> {
  const { requested, program, openers = defaultOpeners(options) } = options;
  if (requested === 'auto') return selectFaster(program, openers);
  if (requested === 'exact') {
    throw new BackendUnavailableError({
      backend: 'exact',
      reason: 'it reduces and applies gradients but does not compute them yet',
      mend: 'Choose onnx, webgpu or auto.',
    });
  }
  return { backend: await openers[requested](), reason: `${requested} was asked for` };
}

async function selectFaster(program: StepProgram, openers: BackendOpeners): Promise<SelectedBackend> {
  const gpu = await openers.webgpu().catch(asReason);
  if (typeof gpu === 'string') return openOnnx(openers, { found: false, reason: gpu });
  const first = chooseBackend({ found: true, adapter: gpu.adapter });
  if (first.choice === 'measure') return compareSteps(gpu, program, openers);
  await gpu.close();
  return { backend: await openers.onnx(), reason: first.reason };
}

/** Measures one after the other, so that neither is slowed by its rival; a GPU that fails the job loses it. */
async function compareSteps(gpu: Backend, program: StepProgram, openers: BackendOpeners): Promise<SelectedBackend> {
  const stepMillis = await measureStep(gpu, program).catch(asReason);
  if (typeof stepMillis === 'string') {
    await gpu.close();
    return openOnnx(openers, { found: false, reason: stepMillis });
  }
  const cpu = await openers.onnx();
  const { choice, reason } = chooseBackend({ found: true, adapter: gpu.adapter, stepMillis }, await measureStep(cpu, program));
  const [winner, loser] = choice === 'webgpu' ? [gpu, cpu] : [cpu, gpu];
  await loser.close();
  return { backend: winner, reason };
}

async function openOnnx(openers: BackendOpeners, finding: WebGpuFinding): Promise<SelectedBackend> {
  return { backend: await openers.onnx(), reason: chooseBackend(finding).reason };
}

/** `auto` goes on without a GPU whatever is wrong with it, and says what was, without the advice. Other faults pass through. */
function asReason(error: unknown): string {
  if (error instanceof KernelError) return error.message.slice(0, -error.mend.length).replace(/[.\s]+$/, '');
  throw error;
}

function defaultOpeners(options: OnnxBackendOptions): BackendOpeners {
  return { webgpu: openWebGpu, onnx: () => openOnnxBackend(options) };
}
