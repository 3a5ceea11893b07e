/**
 * What executes a training step. A backend is *not* a tensor library: it takes one whole verified step program and
 * computes two things with it, the gradient over micro-batches and the sums of an evaluation. Parameters live on the
 * device between calls; the optimizer does not run here (see `exact/`).
 */
import type { StepProgram } from '../graph/step-program.ts';

export type BackendName = 'webgpu' | 'onnx' | 'exact';

/** What a backend runs on. */
export interface AdapterInfo {
  readonly name: string;
  /** `software`: a GPU interface on a CPU (lavapipe, SwiftShader, WARP). */
  readonly kind: 'gpu' | 'software' | 'cpu';
  /** `exact` adapters are audited by equality, `tolerance` ones by relative L2 (DESIGN §4). */
  readonly class: 'exact' | 'tolerance';
}

/**
 * The data inputs of one micro-batch by input name, in the shapes that the program declares. `weight` `[batch]` f32 is
 * always among them: 1 for a sample, 0 for padding.
 */
export type Batch = Readonly<Record<string, Float32Array | Int32Array>>;

/** Sums over the samples of an evaluated batch; the caller divides. */
export interface EvaluationSums {
  /** Σ weightᵢ · lossᵢ, nats. */
  readonly lossSum: number;
  /** Predictions whose argmax equals the label, weighted. */
  readonly correct: number;
  /** Predictions made, weighted (samples, or tokens for a language model). */
  readonly predictions: number;
}

export interface Backend {
  readonly name: BackendName;
  readonly adapter: AdapterInfo;
  /**
   * Compiles a step program.
   * @throws UnsupportedOpError naming op, dtype and backend
   */
  compile(program: StepProgram): Promise<Executable>;
  close(): Promise<void>;
}

/** A compiled step program with its parameters and gradient accumulators on the device. Calls must not overlap. */
export interface Executable {
  /** Copies the flat parameter vector `[parameterCount]` f32 to the device. The array is the caller's again on return. */
  load(parameters: Float32Array): Promise<void>;
  /** Forward and backward over one micro-batch; adds ∂(Σ weightᵢ·lossᵢ)/∂θ to the accumulators on the device. */
  accumulate(batch: Batch): Promise<{ lossSum: number }>;
  /** Writes accumulators × `scale` to `into` `[parameterCount]` f32 and clears them. */
  drain(into: Float32Array, scale: number): Promise<void>;
  /** Forward only. */
  evaluate(batch: Batch): Promise<EvaluationSums>;
  close(): Promise<void>;
}
