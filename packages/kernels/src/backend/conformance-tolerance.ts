/** How far from the float64 interpreter a backend's numbers may lie. */

export interface ConformanceTolerance {
  /** Of one element of an op's result, relative to that element. */
  readonly rtol: number;
  /** Of one element, relative to the largest of its tensor: what rounding leaves where terms cancel. */
  readonly atol: number;
  /** Relative L2 of a whole model's gradient. Audits accept 5e-5 (DESIGN §4). */
  readonly gradient: number;
  /** Relative, of a loss. */
  readonly loss: number;
}

/** Float32 with sums in any order and good transcendental functions. */
export const FLOAT32_TOLERANCE: ConformanceTolerance = { rtol: 1e-5, atol: 1e-6, gradient: 2e-6, loss: 2e-6 };
