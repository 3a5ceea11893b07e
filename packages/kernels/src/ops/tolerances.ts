/**
 * How far from the float64 reference an op's f32 result may lie, in every backend and either numerics mode. An i32 result is
 * equal to the reference always.
 */

export interface Tolerance {
  /** Of one element, relative to that element. */
  readonly rtol: number;
  /** Of one element, relative to the largest of its tensor: what rounding leaves where terms cancel. */
  readonly atol: number;
}

/** Of ops that move or select elements: their results have no rounding at all. */
const EXACT: Tolerance = { rtol: 0, atol: 0 };
/** Float32 with sums in any order and good transcendental functions. */
export const FLOAT32: Tolerance = { rtol: 1e-5, atol: 1e-6 };

/** Ops that are not {@link FLOAT32}. */
const own: Readonly<Record<string, Tolerance>> = {
  neg: EXACT,
  abs: EXACT,
  sign: EXACT,
  maximum: EXACT,
  minimum: EXACT,
  where: EXACT,
  relu: EXACT,
  reluGradient: EXACT,
  reduceMax: EXACT,
  fill: EXACT,
  broadcast: EXACT,
  reshape: EXACT,
  transpose: EXACT,
  slice: EXACT,
  pad: EXACT,
  concat: EXACT,
  gather: EXACT,
  maxPool2d: EXACT,
  // Whole numbers up to 2²⁴ are f32; beyond they are rounded, by everybody to the nearest.
  toF32: EXACT,
  equal: EXACT,
  less: EXACT,
  lessOrEqual: EXACT,
  and: EXACT,
  or: EXACT,
  not: EXACT,
  toI32: EXACT,
  // A score's gradient is the small difference of two sums.
  attentionQueryGradient: { rtol: 1e-5, atol: 1e-5 },
  attentionKeyGradient: { rtol: 1e-5, atol: 1e-5 },
};

/** @param rounding what an op with rounding may take, of a backend that computes with fewer bits than f32 */
export const toleranceOf = (op: string, rounding: Tolerance = FLOAT32): Tolerance => own[op] ?? rounding;
