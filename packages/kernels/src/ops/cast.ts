/** toF32 and toI32: values of the other dtype. */
import { add, and, equal, float, int, multiply, select, shiftRight, toFloat, truncate } from '../canonical/build.ts';
import type { Expr } from '../canonical/expression.ts';
import type { DType } from '../graph/graph.ts';
import type { GradientRule, NotDifferentiable, OpDefinition } from '../graph/op.ts';
import { elementwise } from '../webgpu/wgsl.ts';
import { shapeAt, streamedBytes } from './shape.ts';

const OTHER = { f32: 'i32', i32: 'f32' } as const satisfies Record<DType, DType>;

function cast(
  name: string,
  to: DType,
  scalar: (x: number) => number,
  gradient: GradientRule | NotDifferentiable,
  exact: (x: Expr) => Expr,
): OpDefinition {
  return {
    name,
    operands: [OTHER[to]],
    attributes: {},
    infer: (call) => ({ dtype: to, shape: shapeAt(call, 0) }),
    gradient,
    reference: ({ operands: [x] }) => (x ?? new Float64Array()).map(scalar),
    flops: () => 0,
    bytes: streamedBytes,
    onnx: ({ emit, names: [x = ''] }) => emit.cast(x, to),
    wgsl: elementwise(`${to}($0)`),
    exact: { kind: 'elementwise', value: ([x = int(0)]) => exact(x) },
  };
}

/** The upper half times 2¹⁶ is exact, so that the sum with the lower half is the only rounding. */
const halvesToFloat = (x: Expr): Expr =>
  add(multiply(toFloat(shiftRight(x, int(16))), float(2 ** 16)), toFloat(and(x, int(0xffff))));

/** Whole numbers past 2²⁴ are rounded. */
export const toF32 = cast('toF32', 'f32', Math.fround, () => [null], halvesToFloat);

/** Rounds towards 0. Values outside i32 and NaN give any number: nothing that a loss depends on may rest on them. */
export const toI32 = cast('toI32', 'i32', Math.trunc, { reason: 'a whole number has no derivative' }, (x) =>
  select(equal(x, x), truncate(x), int(0)),
);
