/** What can go wrong in the exact host kernels. */
import { KernelError } from '../errors.ts';

/** Causes: more tensors than 4 GiB of WebAssembly memory hold, or the host refused to give the memory. */
export class HostMemoryExhaustedError extends KernelError {
  readonly code = 'HOST_MEMORY_EXHAUSTED';
  constructor({ requested, held, cause }: { requested: number; held: number; cause?: unknown }) {
    super({
      message: `The host kernels cannot get ${requested} more bytes of WebAssembly memory (${held} are held, 4 GiB is the most).`,
      mend: 'Train a smaller model, keep fewer audit snapshots (audit.window), or give this process more memory.',
      cause,
    });
  }
}

/** Causes: a vector of another model, or a view that was taken before the memory grew (such views have length 0). */
export class VectorLengthError extends KernelError {
  readonly code = 'VECTOR_LENGTH';
  constructor({ what, expected, actual }: { what: string; expected: number; actual: number }) {
    super({
      message: `${what} has ${actual} elements where ${expected} are expected.`,
      mend: 'Pass vectors of equal length, and read `HostVector.values` anew after every allocation and every await.',
    });
  }
}

/** Causes: an empty list of contributions, a weight that is no positive integer, or not one weight a contribution. */
export class ContributionWeightError extends KernelError {
  readonly code = 'CONTRIBUTION_WEIGHT';
  constructor({ reason }: { reason: string }) {
    super({
      message: `These contributions cannot be averaged: ${reason}.`,
      mend: 'Leave members without samples out of the view.',
    });
  }
}

/** Cause: a contributor sent a NaN or an infinity. It is named so that it can be removed; nothing was averaged. */
export class NonFiniteContributionError extends KernelError {
  readonly code = 'NON_FINITE_CONTRIBUTION';
  /** Index of the contributor in reduction order. */
  readonly contributor: number;
  /** First bad element of its vector. */
  readonly element: number;
  constructor({ contributor, element, value }: { contributor: number; element: number; value: number }) {
    super({
      message: `Contribution ${contributor} holds ${value} at element ${element}.`,
      mend: 'Reduce again without this contributor, and report it as a fault.',
    });
    this.contributor = contributor;
    this.element = element;
  }
}

/** Cause: finite contributions whose weighted sum leaves the range of f32. */
export class SumOverflowError extends KernelError {
  readonly code = 'SUM_OVERFLOW';
  constructor({ element }: { element: number }) {
    super({
      message: `The weighted sum of finite contributions overflows f32 at element ${element}.`,
      mend: 'The run has diverged: lower training.optimizer.learningRate or set training.clipNorm, and resume from a checkpoint.',
    });
  }
}

/** Cause: contributions whose sum leaves 64-bit fixed point, or one that was marked as overflown. Nothing was averaged. */
export class FixedSumOverflowError extends KernelError {
  readonly code = 'FIXED_SUM_OVERFLOW';
  /** Index of the contribution at which the sum left the range. */
  readonly contributor: number;
  readonly element: number;
  constructor({ contributor, element }: { contributor: number; element: number }) {
    super({
      message: `The sum of the contributions does not fit 64-bit fixed point at element ${element}, from contribution ${contributor} on (its magnitude reaches 2¹⁹).`,
      mend: 'The run has diverged: lower training.optimizer.learningRate or set training.clipNorm, and resume from a checkpoint.',
    });
    this.contributor = contributor;
    this.element = element;
  }
}

/** Cause: the gradient's norm is NaN, infinite, or so large that its square leaves f32. The state was not touched. */
export class GradientRangeError extends KernelError {
  readonly code = 'GRADIENT_RANGE';
  readonly gradientNorm: number;
  constructor({ gradientNorm }: { gradientNorm: number }) {
    super({
      message: `The gradient's norm is ${gradientNorm}, beyond what the optimizer can take.`,
      mend: 'The run has diverged: lower training.optimizer.learningRate or set training.clipNorm, and resume from a checkpoint.',
    });
    this.gradientNorm = gradientNorm;
  }
}

/** Cause: a setting that is legal as a number but useless in f32. */
export class OptimizerConfigError extends KernelError {
  readonly code = 'OPTIMIZER_CONFIG';
  constructor({ field, reason }: { field: string; reason: string }) {
    super({ message: `training.optimizer.${field} ${reason}.`, mend: 'Choose a value nearer to the default.' });
  }
}
