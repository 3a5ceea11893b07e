/** add, sub, mul, div: elementwise with numpy broadcasting. */
import type { ValueId } from '../graph/graph.ts';
import type { Emitter, GradientRule, OpCall, OpDefinition, ReferenceCall } from '../graph/op.ts';
import { onnxOperator } from '../onnx/lowering.ts';
import { elementwise as wgslElementwise } from '../webgpu/wgsl.ts';
import { broadcastShapes, broadcastStrides, f32, offsets, perOutput, refuse, shapeAt, streamedBytes } from './shape.ts';

type Scalar = (a: number, b: number) => number;

function infer(call: OpCall) {
  const [a, b] = [shapeAt(call, 0), shapeAt(call, 1)];
  const shape = broadcastShapes(a, b);
  return shape
    ? f32(shape)
    : refuse(call, `shapes [${a}] and [${b}] don't broadcast`, 'Make each pair of dimensions equal, or one of them 1.');
}

function reference(scalar: Scalar, { inputs, output, operands: [a, b] }: ReferenceCall): Float64Array {
  const [left, right] = [0, 1].map((index) =>
    offsets(output.shape, broadcastStrides(shapeAt({ inputs }, index), output.shape)),
  );
  const value = (operand: Float64Array | undefined, at: number | undefined) => operand?.[at ?? 0] ?? 0;
  return Float64Array.from(left ?? [], (at, i) => scalar(value(a, at), value(b, right?.[i])));
}

/** Sums a gradient of the broadcast shape back to the shape of the operand it belongs to. */
export function sumToShape(emit: Emitter, gradient: ValueId, like: ValueId): ValueId {
  const [from, to] = [emit.typeOf(gradient).shape, emit.typeOf(like).shape];
  const lead = from.length - to.length;
  const axes = from.map((_, axis) => axis).filter((axis) => axis < lead || (to[axis - lead] === 1 && from[axis] !== 1));
  const sum = axes.length > 0 ? emit.apply('reduceSum', [gradient], { axes, keepDims: false }) : gradient;
  const summed = emit.typeOf(sum).shape;
  return summed.length === to.length ? sum : emit.apply('reshape', [sum], { shape: to });
}

function elementwise(
  name: string,
  operator: string,
  sign: string,
  scalar: Scalar,
  gradient: GradientRule,
): OpDefinition {
  return {
    name,
    operands: ['f32', 'f32'],
    attributes: {},
    infer,
    gradient,
    reference: (call) => reference(scalar, call),
    flops: perOutput(1),
    bytes: streamedBytes,
    onnx: onnxOperator(operator),
    wgsl: wgslElementwise(`$0 ${sign} $1`),
  };
}

const pair = (inputs: readonly ValueId[]): [ValueId, ValueId] => [inputs[0] ?? -1, inputs[1] ?? -1];

export const add = elementwise(
  'add',
  'Add',
  '+',
  (a, b) => a + b,
  ({ emit, inputs, outputGradient }) => inputs.map((input) => sumToShape(emit, outputGradient, input)),
);

export const sub = elementwise(
  'sub',
  'Sub',
  '-',
  (a, b) => a - b,
  ({ emit, inputs, outputGradient }) => {
    const [a, b] = pair(inputs);
    return [sumToShape(emit, outputGradient, a), sumToShape(emit, emit.apply('neg', [outputGradient]), b)];
  },
);

export const mul = elementwise(
  'mul',
  'Mul',
  '*',
  (a, b) => a * b,
  ({ emit, inputs, outputGradient }) => {
    const [a, b] = pair(inputs);
    return [
      sumToShape(emit, emit.apply('mul', [outputGradient, b]), a),
      sumToShape(emit, emit.apply('mul', [outputGradient, a]), b),
    ];
  },
);

/** ∂(a/b)/∂b = −y/b. */
export const div = elementwise(
  'div',
  'Div',
  '/',
  (a, b) => a / b,
  ({ emit, inputs, output, outputGradient }) => {
    const [a, b] = pair(inputs);
    const overB = emit.apply('div', [outputGradient, b]);
    return [sumToShape(emit, overB, a), sumToShape(emit, emit.apply('neg', [emit.apply('mul', [overB, output])]), b)];
  },
);
