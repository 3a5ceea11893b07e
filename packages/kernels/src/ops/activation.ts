/** An op of one f32 operand whose gradient is an op of its own, dx = dy · f′(x): nothing but x is kept for the way back. */
import { float, multiply } from '../canonical/build.ts';
import type { Expr } from '../canonical/expression.ts';
import type { OpDefinition } from '../graph/op.ts';
import type { OnnxLowering } from '../onnx/lowering.ts';
import { elementwise } from '../webgpu/wgsl.ts';
import { backwardOnly, expectShape, f32, perOutput, shapeAt, streamedBytes } from './shape.ts';

/** f or f′: float64, ONNX, WGSL (an expression over `$0`) and exact. */
interface Curve {
  readonly scalar: (x: number) => number;
  readonly flops: number;
  /** Of f′: takes x and dy, gives dy · f′(x). */
  readonly onnx: OnnxLowering;
  readonly wgsl: string;
  readonly exact: (x: Expr) => Expr;
}

export interface Activation {
  readonly name: string;
  readonly curve: Curve;
  readonly slope: Curve;
  /** WGSL functions that the expressions call, by name. */
  readonly functions: Readonly<Record<string, string>>;
}

/** The op, and its gradient `<name>Gradient`: x, dy → dy · f′(x). */
export function activation({ name, curve, slope, functions }: Activation): {
  readonly forward: OpDefinition;
  readonly backward: OpDefinition;
} {
  const forward: OpDefinition = {
    name,
    operands: ['f32'],
    attributes: {},
    infer: (call) => f32(shapeAt(call, 0)),
    gradient: ({ emit, inputs, outputGradient }) => [emit.apply(`${name}Gradient`, [...inputs, outputGradient])],
    reference: ({ operands: [x] }) => (x ?? new Float64Array()).map(curve.scalar),
    flops: perOutput(curve.flops),
    bytes: streamedBytes,
    onnx: curve.onnx,
    wgsl: elementwise(curve.wgsl, functions),
    exact: { kind: 'elementwise', value: ([x = float(0)]) => curve.exact(x) },
  };
  const backward: OpDefinition = {
    name: `${name}Gradient`,
    operands: ['f32', 'f32'],
    attributes: {},
    infer: (call) => {
      expectShape(call, 1, shapeAt(call, 0));
      return f32(shapeAt(call, 0));
    },
    gradient: backwardOnly,
    reference: ({ operands: [x, dy] }) =>
      (dy ?? new Float64Array()).map((value, i) => value * slope.scalar(x?.[i] ?? 0)),
    flops: perOutput(slope.flops),
    bytes: streamedBytes,
    onnx: slope.onnx,
    wgsl: elementwise(`$1 * ${slope.wgsl}`, functions),
    exact: { kind: 'elementwise', value: ([x = float(0), dy = float(0)]) => multiply(dy, slope.exact(x)) },
  };
  return { forward, backward };
}
