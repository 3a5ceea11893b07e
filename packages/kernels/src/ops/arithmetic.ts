/** add, sub, mul, div: elementwise with numpy broadcasting. */
import * as exactly from '../canonical/build.ts';
import type { Expr } from '../canonical/expression.ts';
import { divide } from '../canonical/functions.ts';
import type { ValueId } from '../graph/graph.ts';
import type { Emitter, GradientRule, OpDefinition } from '../graph/op.ts';
import { onnxOperator } from '../onnx/lowering.ts';
import { elementwise as wgslElementwise } from '../webgpu/wgsl.ts';
import { broadcastReference, inferBroadcast } from './elementwise.ts';
import { f32, perOutput, streamedBytes } from './shape.ts';

type Scalar = (a: number, b: number) => number;

/** Sums a gradient of the broadcast shape back to the shape of the operand it belongs to. */
export function sumToShape(emit: Emitter, gradient: ValueId, like: ValueId): ValueId {
  const [from, to] = [emit.typeOf(gradient).shape, emit.typeOf(like).shape];
  const lead = from.length - to.length;
  const axes = from.map((_, axis) => axis).filter((axis) => axis < lead || (to[axis - lead] === 1 && from[axis] !== 1));
  const sum = axes.length > 0 ? emit.apply('reduceSum', [gradient], { axes, keepDims: false }) : gradient;
  const summed = emit.typeOf(sum).shape;
  return summed.length === to.length ? sum : emit.apply('reshape', [sum], { shape: to });
}

/** An op of two f32 operands; `wgsl` is its expression over `$0` and `$1`. */
export function elementwise(
  name: string,
  operator: string,
  wgsl: string,
  scalar: Scalar,
  gradient: GradientRule,
  exact: (a: Expr, b: Expr) => Expr,
): OpDefinition {
  return {
    name,
    operands: ['f32', 'f32'],
    attributes: {},
    infer: (call) => f32(inferBroadcast(call)),
    gradient,
    reference: broadcastReference(scalar),
    flops: perOutput(1),
    bytes: streamedBytes,
    onnx: onnxOperator(operator),
    wgsl: wgslElementwise(wgsl),
    exact: { kind: 'elementwise', value: ([a = exactly.float(0), b = exactly.float(0)]) => exact(a, b) },
  };
}

export const pair = (inputs: readonly ValueId[]): [ValueId, ValueId] => [inputs[0] ?? -1, inputs[1] ?? -1];

export const add = elementwise(
  'add',
  'Add',
  '$0 + $1',
  (a, b) => a + b,
  ({ emit, inputs, outputGradient }) => inputs.map((input) => sumToShape(emit, outputGradient, input)),
  exactly.add,
);

export const sub = elementwise(
  'sub',
  'Sub',
  '$0 - $1',
  (a, b) => a - b,
  ({ emit, inputs, outputGradient }) => {
    const [a, b] = pair(inputs);
    return [sumToShape(emit, outputGradient, a), sumToShape(emit, emit.apply('neg', [outputGradient]), b)];
  },
  exactly.subtract,
);

export const mul = elementwise(
  'mul',
  'Mul',
  '$0 * $1',
  (a, b) => a * b,
  ({ emit, inputs, outputGradient }) => {
    const [a, b] = pair(inputs);
    return [
      sumToShape(emit, emit.apply('mul', [outputGradient, b]), a),
      sumToShape(emit, emit.apply('mul', [outputGradient, a]), b),
    ];
  },
  exactly.multiply,
);

/** ∂(a/b)/∂b = −y/b. */
export const div = elementwise(
  'div',
  'Div',
  '$0 / $1',
  (a, b) => a / b,
  ({ emit, inputs, output, outputGradient }) => {
    const [a, b] = pair(inputs);
    const overB = emit.apply('div', [outputGradient, b]);
    return [sumToShape(emit, overB, a), sumToShape(emit, emit.apply('neg', [emit.apply('mul', [overB, output])]), b)];
  },
  divide,
);
