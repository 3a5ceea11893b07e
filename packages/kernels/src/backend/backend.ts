/**
 * What executes a training step. A backend is *not* a tensor library: it takes one whole verified step program and
 * computes two things with it, the gradient over micro-batches and the sums of an evaluation. Parameters live on the
 * device between calls; the optimizer does not run here (see `exact/`).
 */
import type { StepProgram } from '../graph/step-program.ts';

export type BackendName = 'webgpu' | 'onnx' | 'exact';

/**
 * `fast`: whatever the device does best. `exact`: the one canonical sequence of rounded operations, the same bits on every
 * device; gradients are summed in fixed point.
 */
export type Numerics = 'fast' | 'exact';

/** What the conformance probe found on a device that was opened for exact numerics. */
export interface ProbeReport {
  /** `exact with barrier`: products must be hidden from their sums. `tolerance`: not even that helps. */
  readonly verdict: 'exact' | 'exact with barrier' | 'tolerance';
  /** Values compared, and how many were wrong (without the barrier where that made them right). */
  readonly values: number;
  readonly wrong: number;
  /** The first wrong one. */
  readonly counterexample?: {
    readonly output: string;
    readonly element: number;
    readonly expected: number;
    readonly actual: number;
  };
}

/** What a backend runs on. */
export interface AdapterInfo {
  readonly name: string;
  /** `software`: a GPU interface on a CPU (lavapipe, SwiftShader, WARP). */
  readonly kind: 'gpu' | 'software' | 'cpu';
  /** `exact` adapters are audited by equality, `tolerance` ones by relative L2 (DESIGN §4). */
  readonly class: 'exact' | 'tolerance';
  /** Why, on a device that was probed. */
  readonly probe?: ProbeReport;
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

/** Kernels that are compiled, of all. */
export interface CompileProgress {
  readonly done: number;
  readonly total: number;
}

export interface CompileOptions {
  /** Called as kernels get ready, by backends that compile any. */
  readonly onProgress?: (progress: CompileProgress) => void;
}

export interface Backend {
  readonly name: BackendName;
  readonly adapter: AdapterInfo;
  /**
   * Compiles a step program.
   * @throws UnsupportedOpError naming op, dtype and backend
   */
  compile(program: StepProgram, options?: CompileOptions): Promise<Executable>;
  close(): Promise<void>;
}

/** Device memory of a compiled program, in bytes. It is all there from `compile` on: a run takes no more. */
export interface DeviceMemory {
  readonly parameters: number;
  /** The gradient accumulators. */
  readonly gradients: number;
  /** Data inputs of a micro-batch. */
  readonly data: number;
  /** Activations and other values between kernels, whose memory is reused. */
  readonly temporaries: number;
  /** What is read back, and sizes of kernels. */
  readonly overhead: number;
  readonly total: number;
  /** Parameters, gradients, data and the most temporaries that are alive at once: no plan needs less. */
  readonly least: number;
}

/** A compiled step program with its parameters and gradient accumulators on the device. Calls must not overlap. */
export interface Executable {
  /** Absent where a backend can't tell. */
  readonly memory?: DeviceMemory | undefined;
  /** Copies the flat parameter vector `[parameterCount]` f32 to the device. The array is the caller's again on return. */
  load(parameters: Float32Array): Promise<void>;
  /** Forward and backward over one micro-batch; adds ∂(Σ weightᵢ·lossᵢ)/∂θ to the accumulators on the device. */
  accumulate(batch: Batch): Promise<{ lossSum: number }>;
  /** Writes accumulators × `scale` to `into` `[parameterCount]` f32 and clears them. */
  drain(into: Float32Array, scale: number): Promise<void>;
  /**
   * In exact numerics: writes the fixed-point sums themselves (`canonical/fixed-point.ts`) to `into` `[parameterCount]`, 0 for
   * parameters without a gradient, and clears them. Absent where a backend has fast numerics alone.
   * @throws FixedSumsError
   */
  drainFixed?(into: BigInt64Array): Promise<void>;
  /** Forward only. */
  evaluate(batch: Batch): Promise<EvaluationSums>;
  close(): Promise<void>;
}
