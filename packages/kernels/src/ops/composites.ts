/**
 * What models and importers call that is no op of its own: functions that emit a few ops. Elementwise chains are fused by
 * a backend, so that these cost what an op would; gradients follow from the parts.
 */
import type { ValueId } from '../graph/graph.ts';
import type { Emitter } from '../graph/op.ts';

const scalar = (emit: Emitter, value: number): ValueId => emit.apply('fill', [], { value, shape: [] });

/** 1/x. */
export const reciprocal = (emit: Emitter, x: ValueId): ValueId => emit.apply('power', [x], { exponent: -1 });

/** 1/√x. */
export const rsqrt = (emit: Emitter, x: ValueId): ValueId => emit.apply('power', [x], { exponent: -0.5 });

export const square = (emit: Emitter, x: ValueId): ValueId => emit.apply('mul', [x, x]);

/** x·σ(x), also called swish. */
export const silu = (emit: Emitter, x: ValueId): ValueId => emit.apply('mul', [x, emit.apply('sigmoid', [x])]);

/** x where x ≥ 0, else slope · x. */
export function leakyRelu(emit: Emitter, x: ValueId, slope: number): ValueId {
  const negative = emit.apply('less', [x, scalar(emit, 0)]);
  return emit.apply('where', [negative, emit.apply('scale', [x], { factor: slope }), x]);
}

/** x within [low, high]; a bound that is left out does not bind. At a bound the gradient passes. */
export function clamp(emit: Emitter, x: ValueId, { low, high }: { low?: number; high?: number }): ValueId {
  const above = low === undefined ? x : emit.apply('maximum', [x, scalar(emit, low)]);
  return high === undefined ? above : emit.apply('minimum', [above, scalar(emit, high)]);
}

/** slope · x + offset, clamped to [0, 1]: ONNX's HardSigmoid. */
export function hardSigmoid(emit: Emitter, x: ValueId, { slope, offset }: { slope: number; offset: number }): ValueId {
  const line = emit.apply('add', [emit.apply('scale', [x], { factor: slope }), scalar(emit, offset)]);
  return clamp(emit, line, { low: 0, high: 1 });
}

/** x · hardSigmoid(x) with slope 1/6 and offset 1/2. */
export const hardSwish = (emit: Emitter, x: ValueId): ValueId =>
  emit.apply('mul', [x, hardSigmoid(emit, x, { slope: 1 / 6, offset: 0.5 })]);

/** a > b: i32 0 or 1, like the ops that it is made of. */
export const greater = (emit: Emitter, a: ValueId, b: ValueId): ValueId => emit.apply('less', [b, a]);

export const greaterOrEqual = (emit: Emitter, a: ValueId, b: ValueId): ValueId => emit.apply('lessOrEqual', [b, a]);

export const notEqual = (emit: Emitter, a: ValueId, b: ValueId): ValueId =>
  emit.apply('not', [emit.apply('equal', [a, b])]);

interface Axes {
  /** Ascending. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

export const reduceMin = (emit: Emitter, x: ValueId, { axes, keepDims }: Axes): ValueId =>
  emit.apply('neg', [emit.apply('reduceMax', [emit.apply('neg', [x])], { axes, keepDims })]);

export function reduceMean(emit: Emitter, x: ValueId, { axes, keepDims }: Axes): ValueId {
  const { shape } = emit.typeOf(x);
  const count = axes.reduce((product, axis) => product * (shape[axis] ?? 1), 1);
  return emit.apply('scale', [emit.apply('reduceSum', [x], { axes, keepDims })], { factor: 1 / count });
}

/** A constant put `before[axis]` and `after[axis]` elements wide around every axis of x. */
export function padConstant(
  emit: Emitter,
  x: ValueId,
  { before, after, value }: { before: readonly number[]; after: readonly number[]; value: number },
): ValueId {
  return emit.typeOf(x).shape.reduce<ValueId>((inner, _, axis) => {
    const [start, end] = [before[axis] ?? 0, after[axis] ?? 0];
    if (start + end === 0) return inner;
    return value === 0
      ? emit.apply('pad', [inner], { axis, before: start, after: end })
      : joinConstant(emit, inner, { axis, start, end, value });
  }, x);
}

function joinConstant(
  emit: Emitter,
  x: ValueId,
  { axis, start, end, value }: { axis: number; start: number; end: number; value: number },
): ValueId {
  const side = (width: number): ValueId[] =>
    width === 0 ? [] : [emit.apply('fill', [], { value, shape: emit.typeOf(x).shape.with(axis, width) })];
  return emit.apply('concat', [...side(start), x, ...side(end)], { axis });
}

/** Elements start, start + step, … of one axis, `length` of them; step ≥ 1. */
export function stridedSlice(
  emit: Emitter,
  x: ValueId,
  { axis, start, length, step }: { axis: number; start: number; length: number; step: number },
): ValueId {
  if (step === 1) return emit.apply('slice', [x], { axis, start, length });
  const { shape } = emit.typeOf(x);
  const reach = emit.apply('slice', [x], { axis, start, length: (length - 1) * step + 1 });
  const even = emit.apply('pad', [reach], { axis, before: 0, after: step - 1 });
  const outer = shape.slice(0, axis).reduce((product, size) => product * size, 1);
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  const split = emit.apply('reshape', [even], { shape: [outer, length, step, inner] });
  const first = emit.apply('slice', [split], { axis: 2, start: 0, length: 1 });
  return emit.apply('reshape', [first], { shape: shape.with(axis, length) });
}

/** Picks along an axis by ids i32 [..s]: shape [..before axis, ..s, ..after axis]. */
export function gatherAxis(emit: Emitter, x: ValueId, ids: ValueId, axis: number): ValueId {
  if (axis === 0) return emit.apply('gather', [x, ids]);
  const [rank, width] = [emit.typeOf(x).shape.length, emit.typeOf(ids).shape.length];
  const others = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);
  const front = emit.apply('transpose', [x], { permutation: [axis, ...others] });
  const picked = emit.apply('gather', [front, ids]);
  const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
  const permutation = [...range(width, axis), ...range(0, width), ...range(width + axis, rank - 1 - axis)];
  return emit.apply('transpose', [picked], { permutation });
}

/** Σ over samples of weight · mean over the sample's elements of (prediction − target)²; weight is [samples]. */
export function squaredError(
  emit: Emitter,
  { prediction, target, weight }: { prediction: ValueId; target: ValueId; weight: ValueId },
): ValueId {
  const { shape } = emit.typeOf(prediction);
  const axes = shape.map((_, axis) => axis).slice(1);
  const errors = square(emit, emit.apply('sub', [prediction, target]));
  const means = axes.length === 0 ? errors : reduceMean(emit, errors, { axes, keepDims: false });
  return emit.apply('reduceSum', [emit.apply('mul', [means, weight])], { axes: [0], keepDims: false });
}
