/** How far from the float64 interpreter a backend's numbers may lie. */

import { FLOAT32, type Tolerance } from '../ops/tolerances.ts';

/** `rtol` and `atol` are those of ops that round. */
export interface ConformanceTolerance extends Tolerance {
  /** Relative L2 of a whole model's gradient. Audits accept 5e-5 (DESIGN §4). */
  readonly gradient: number;
  /** Relative, of a loss. */
  readonly loss: number;
}

/** Float32 with sums in any order and good transcendental functions. */
export const FLOAT32_TOLERANCE: ConformanceTolerance = { ...FLOAT32, gradient: 2e-6, loss: 2e-6 };
