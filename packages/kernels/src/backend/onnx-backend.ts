/**
 * The CPU backend: forward and backward as one ONNX model, run by onnxruntime-node.
 *
 * onnxruntime-node computes on the calling thread and its pool, so the event loop stands still for the length of a step;
 * a process that must answer its peers runs this backend in a worker thread.
 */
import { availableParallelism, cpus } from 'node:os';
import type { InferenceSession } from 'onnxruntime-node';
import type { StepProgram } from '../graph/step-program.ts';
import { encodeGraph } from '../onnx/encode.ts';
import { encodeTrainModel } from '../onnx/train-model.ts';
import type { Backend } from './backend.ts';
import { BackendUnavailableError, OnnxRuntimeError } from './errors.ts';
import { OnnxExecutable, type OnnxRuntime } from './onnx-executable.ts';

export interface OnnxBackendOptions {
  /** Threads that compute, the caller's among them; all of the machine's unless given. */
  readonly threads?: number;
  /**
   * Whether idle pool threads spin while they wait for the next operator. Faster where the process has its cores to
   * itself, and a waste of the others' time where several workers share a machine, so it is off unless asked for.
   */
  readonly spin?: boolean;
}

/** Opens onnxruntime. @throws BackendUnavailableError */
export async function openOnnxBackend(options: OnnxBackendOptions = {}): Promise<Backend> {
  const runtime = await loadRuntime();
  const sessionOptions = sessionOptionsOf(options);
  const open = new Set<OnnxExecutable>();
  return {
    name: 'onnx',
    adapter: { name: adapterName(), kind: 'cpu', class: 'tolerance' },
    compile: async (program) => {
      const executable = await compile(runtime, sessionOptions, program);
      open.add(executable);
      return executable;
    },
    close: async () => {
      await Promise.all([...open].map((executable) => executable.close()));
      open.clear();
    },
  };
}

async function compile(
  runtime: OnnxRuntime,
  options: InferenceSession.SessionOptions,
  program: StepProgram,
): Promise<OnnxExecutable> {
  const train = await createSession(runtime, encodeTrainModel(program), options);
  try {
    const evaluate = await createSession(runtime, encodeGraph(program.evaluate, { target: 'onnxruntime' }), options);
    return new OnnxExecutable({ runtime, program, train, evaluate });
  } catch (error) {
    await train.release();
    throw error;
  }
}

async function createSession(runtime: OnnxRuntime, model: Uint8Array, options: InferenceSession.SessionOptions) {
  try {
    return await runtime.InferenceSession.create(model, options);
  } catch (cause) {
    throw new OnnxRuntimeError({ doing: 'it compiled a model', cause });
  }
}

function sessionOptionsOf({
  threads = availableParallelism(),
  spin = false,
}: OnnxBackendOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // What goes wrong is thrown, so it need not be written to stderr as well.
    logSeverityLevel: 4,
    // Never `session.set_denormal_as_zero`: it changes the calling thread's floating-point mode for good, and with it the
    // bits that the exact kernels compute there.
    extra: { session: { intra_op: { allow_spinning: spin ? '1' : '0' } } },
  };
}

/** Loaded when it is first wanted: its native library is not there on every platform. */
async function loadRuntime(): Promise<OnnxRuntime> {
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    throw new BackendUnavailableError({
      backend: 'onnx',
      reason: 'onnxruntime-node does not load',
      mend: 'Reinstall the package on Linux, macOS or Windows (x64 or arm64), or choose the backend webgpu.',
      cause,
    });
  }
}

const adapterName = (): string => `${cpus()[0]?.model.trim() || 'CPU'} (onnxruntime)`;
