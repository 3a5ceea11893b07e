/** neg, exp, log, sqrt, tanh, scale: one element in, one element out. */
import { float, multiply, negate } from '../canonical/build.ts';
import type { Expr } from '../canonical/expression.ts';
import * as functions from '../canonical/functions.ts';
import { number } from '../graph/attributes.ts';
import type { Attributes, ValueId } from '../graph/graph.ts';
import type { AttributeKind, Emitter, OpDefinition } from '../graph/op.ts';
import { onnxOperator, type OnnxLowering } from '../onnx/lowering.ts';
import type { WgslLowering } from '../webgpu/lowering.ts';
import { elementwise, elementwiseOf, f32Literal, SAFE_LOG, SAFE_TANH } from '../webgpu/wgsl.ts';
import { f32, perOutput, shapeAt, streamedBytes } from './shape.ts';

interface Unary {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, AttributeKind>>;
  readonly scalar: (x: number, attributes: Attributes) => number;
  /** Emits dx from x, y and dy; null where the derivative is 0 everywhere. */
  readonly derivative: (values: {
    emit: Emitter;
    x: ValueId;
    y: ValueId;
    dy: ValueId;
    attributes: Attributes;
  }) => ValueId | null;
  readonly onnx: OnnxLowering;
  readonly wgsl: WgslLowering;
  readonly exact: (x: Expr, attributes: Attributes) => Expr;
}

/** An op of one f32 operand. */
export function unary({ name, attributes = {}, scalar, derivative, onnx, wgsl, exact }: Unary): OpDefinition {
  return {
    name,
    operands: ['f32'],
    attributes,
    infer: (call) => f32(shapeAt(call, 0)),
    gradient: ({ emit, inputs, output, outputGradient, attributes: given }) =>
      inputs.map((x) => derivative({ emit, x, y: output, dy: outputGradient, attributes: given })),
    reference: ({ operands: [x], attributes: given }) => (x ?? new Float64Array()).map((value) => scalar(value, given)),
    flops: perOutput(1),
    bytes: streamedBytes,
    onnx,
    wgsl,
    exact: { kind: 'elementwise', value: ([x = float(0)], given) => exact(x, given) },
  };
}

export const neg = unary({
  name: 'neg',
  scalar: (x) => -x,
  derivative: ({ emit, dy }) => emit.apply('neg', [dy]),
  onnx: onnxOperator('Neg'),
  wgsl: elementwise('-$0'),
  exact: negate,
});

export const exp = unary({
  name: 'exp',
  scalar: Math.exp,
  derivative: ({ emit, y, dy }) => emit.apply('mul', [dy, y]),
  onnx: onnxOperator('Exp'),
  wgsl: elementwise('exp($0)'),
  exact: functions.exp,
});

/** Natural logarithm. */
export const log = unary({
  name: 'log',
  scalar: Math.log,
  derivative: ({ emit, x, dy }) => emit.apply('div', [dy, x]),
  onnx: onnxOperator('Log'),
  wgsl: elementwise(`${SAFE_LOG.name}($0)`, { [SAFE_LOG.name]: SAFE_LOG.source }),
  exact: functions.log,
});

export const sqrt = unary({
  name: 'sqrt',
  scalar: Math.sqrt,
  derivative: ({ emit, y, dy }) => emit.apply('scale', [emit.apply('div', [dy, y])], { factor: 0.5 }),
  onnx: onnxOperator('Sqrt'),
  wgsl: elementwise('sqrt($0)'),
  exact: functions.sqrt,
});

/** dx = dy · (1 − y²). */
export const tanh = unary({
  name: 'tanh',
  scalar: Math.tanh,
  derivative: ({ emit, y, dy }) => emit.apply('sub', [dy, emit.apply('mul', [dy, emit.apply('mul', [y, y])])]),
  onnx: onnxOperator('Tanh'),
  wgsl: elementwise(`${SAFE_TANH.name}($0)`, { [SAFE_TANH.name]: SAFE_TANH.source }),
  exact: functions.tanh,
});

/** Multiplication by a constant; backends round `factor` to f32. */
export const scale = unary({
  name: 'scale',
  attributes: { factor: 'number' },
  scalar: (x, attributes) => x * number(attributes, 'factor'),
  derivative: ({ emit, dy, attributes }) => emit.apply('scale', [dy], attributes),
  onnx: ({ emit, names: [x = ''], attributes }) => emit.node('Mul', [x, emit.scalar(number(attributes, 'factor'))]),
  wgsl: elementwiseOf(([x], attributes) => `${x} * ${f32Literal(number(attributes, 'factor'))}`),
  exact: (x, attributes) => multiply(x, float(number(attributes, 'factor'))),
});
