/** What every backend may answer to a program that it cannot run. */
import { KernelError } from '../errors.ts';
import type { DType } from '../graph/graph.ts';
import type { ParameterLayout } from '../graph/parameter-layout.ts';
import type { BackendName } from './backend.ts';

/** A backend has no lowering for an op, or not for this dtype. */
export class UnsupportedOpError extends KernelError {
  readonly code = 'UNSUPPORTED_OP';

  constructor({ op, dtype, backend }: { op: string; dtype: DType; backend: BackendName }) {
    super({
      message: `The backend ${backend} cannot run the op ${op} (${dtype}).`,
      mend: 'Choose another backend for this job.',
    });
  }
}

/** A call's arrays do not have the sizes or types that the program declares. */
export class BatchMismatchError extends KernelError {
  readonly code = 'BATCH_MISMATCH';

  constructor({ input, expected, actual }: { input: string; expected: string; actual: string }) {
    super({
      message: `${input} must be ${expected}, got ${actual}.`,
      mend: 'Pass every data input of the program in its declared size and type.',
    });
  }
}

/** The backend asked for cannot be opened here. Causes: a package without a binary for this platform; no adapter; not built yet. */
export class BackendUnavailableError extends KernelError {
  readonly code = 'BACKEND_UNAVAILABLE';

  constructor({
    backend,
    reason,
    mend,
    cause,
  }: {
    backend: BackendName;
    reason: string;
    mend: string;
    cause?: unknown;
  }) {
    super({ message: `The backend ${backend} is not available here: ${reason}.`, mend, cause });
  }
}

/** A call came after the executable or its backend was closed. */
export class ExecutableClosedError extends KernelError {
  readonly code = 'EXECUTABLE_CLOSED';

  constructor({ backend }: { backend: BackendName }) {
    super({
      message: `A call came to a closed executable of the backend ${backend}.`,
      mend: 'Compile the program again.',
    });
  }
}

/**
 * onnxruntime refused a model or failed to run it. Causes: ids or labels outside their table; no memory; a fault of this
 * package's encoding.
 */
export class OnnxRuntimeError extends KernelError {
  readonly code = 'ONNX_RUNTIME';

  constructor({ doing, cause }: { doing: string; cause: unknown }) {
    super({
      message: `onnxruntime failed while ${doing}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      mend: 'Check the batch against the program and the free memory; if both are right, report it with the job.',
      cause,
    });
  }
}

/** Causes: a diverged run, whose gradient is NaN, infinite or beyond 2¹⁸ for one sample sum; too large a sum over many micro-batches. */
export class GradientOverflowError extends KernelError {
  readonly code = 'GRADIENT_OVERFLOW';
  /** What it is built from, so that it can be told in another thread. */
  readonly details: { readonly parameter: string; readonly element: number };

  constructor(details: { readonly parameter: string; readonly element: number }) {
    super({
      message: `The summed gradient of ${details.parameter} does not fit the fixed-point range at element ${details.element}.`,
      mend: 'The run has probably diverged: lower training.optimizer.learningRate, and resume from a checkpoint.',
    });
    this.details = details;
  }

  get parameter(): string {
    return this.details.parameter;
  }

  /** Index in the parameter. */
  get element(): number {
    return this.details.element;
  }
}

/** @param element index in the flat vector */
export function gradientOverflow({ slots }: ParameterLayout, element: number): GradientOverflowError {
  const slot = slots.findLast(({ offset }) => offset <= element);
  return new GradientOverflowError({ parameter: slot?.name ?? '', element: element - (slot?.offset ?? 0) });
}

/** Fixed-point sums were asked of a program that was compiled for fast numerics. */
export class FixedSumsError extends KernelError {
  readonly code = 'FIXED_SUMS_UNAVAILABLE';
  readonly details = {};

  constructor() {
    super({
      message:
        'Gradients are summed in fixed point in exact numerics alone, and this backend was opened for fast ones.',
      mend: 'Open the backend with numerics: exact.',
    });
  }
}

/** What a kernel error says without its advice and final stop, to stand inside another sentence. Other faults are thrown on. */
export function summaryOf(error: unknown): string {
  if (error instanceof KernelError) return error.message.slice(0, -error.mend.length).replace(/[.\s]+$/, '');
  throw error;
}
