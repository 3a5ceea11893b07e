/** reduceSum and reduceMax over a set of axes. */
import { reduceExactly } from '../canonical/lowerings/reduce.ts';
import { flag, naturals } from '../graph/attributes.ts';
import type { Attributes, ValueId } from '../graph/graph.ts';
import type { GradientRule, OpCall, OpDefinition, ReferenceCall } from '../graph/op.ts';
import type { OnnxLowering } from '../onnx/lowering.ts';
import { reduceLowering } from '../webgpu/kernels/reduce.ts';
import { broadcastStrides, f32, offsets, perOperand, refuse, type Shape, shapeAt, streamedBytes } from './shape.ts';

/** The input's shape with 1 on each reduced axis. */
const keptShape = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((dimension, axis) => (axes.includes(axis) ? 1 : dimension));

function reducedShape(shape: Shape, attributes: Attributes): number[] {
  const axes = naturals(attributes, 'axes');
  return flag(attributes, 'keepDims') ? keptShape(shape, axes) : shape.filter((_, axis) => !axes.includes(axis));
}

function infer(call: OpCall) {
  const [shape, axes] = [shapeAt(call, 0), naturals(call.attributes, 'axes')];
  const ascending = axes.every((axis, i) => axis < shape.length && (i === 0 || axis > (axes[i - 1] ?? 0)));
  if (axes.length === 0 || !ascending) {
    refuse(call, `axes [${axes}] don't fit shape [${shape}]`, 'List one or more of its axes in ascending order.');
  }
  return f32(reducedShape(shape, call.attributes));
}

function reference(initial: number, combine: (a: number, b: number) => number) {
  return ({ inputs, attributes, output, operands: [x] }: ReferenceCall): Float64Array => {
    const shape = shapeAt({ inputs }, 0);
    const target = offsets(shape, broadcastStrides(keptShape(shape, naturals(attributes, 'axes')), shape));
    const result = new Float64Array(output.shape.reduce((a, b) => a * b, 1)).fill(initial);
    target.forEach((at, i) => {
      result[at] = combine(result[at] ?? initial, x?.[i] ?? 0);
    });
    return result;
  };
}

/** The output's gradient, repeated along the axes that were summed. */
const spread: GradientRule = ({ emit, inputs: [x = -1], outputGradient, attributes }) => {
  const { shape } = emit.typeOf(x);
  const kept = emit.apply('reshape', [outputGradient], { shape: keptShape(shape, naturals(attributes, 'axes')) });
  return [emit.apply('broadcast', [kept], { shape })];
};

const onnxReduction =
  (operator: string): OnnxLowering =>
  ({ emit, names: [x = ''], attributes }) =>
    emit.node(operator, [x, emit.integers(naturals(attributes, 'axes'))], {
      keepdims: flag(attributes, 'keepDims') ? 1 : 0,
    });

function reduction(
  name: string,
  operator: string,
  wgslKind: 'sum' | 'max',
  initial: number,
  combine: (a: number, b: number) => number,
  gradient: GradientRule,
): OpDefinition {
  return {
    name,
    operands: ['f32'],
    attributes: { axes: 'naturals', keepDims: 'flag' },
    infer,
    gradient,
    reference: reference(initial, combine),
    flops: perOperand(0, 1),
    bytes: streamedBytes,
    onnx: onnxReduction(operator),
    wgsl: reduceLowering(wgslKind),
    exact: reduceExactly(wgslKind === 'sum' ? 'sum' : 'maximum'),
  };
}

export const reduceSum = reduction('reduceSum', 'ReduceSum', 'sum', 0, (a, b) => a + b, spread);

/** The output's gradient, shared evenly by the elements that tie for the greatest. */
const toGreatest: GradientRule = ({ emit, inputs: [x = -1], output, outputGradient, attributes }) => {
  const axes = naturals(attributes, 'axes');
  const shape = keptShape(emit.typeOf(x).shape, axes);
  const kept = (value: ValueId) => emit.apply('reshape', [value], { shape });
  const greatest = emit.apply('toF32', [emit.apply('equal', [x, kept(output)])]);
  const ties = emit.apply('reduceSum', [greatest], { axes, keepDims: true });
  return [emit.apply('mul', [greatest, emit.apply('div', [kept(outputGradient), ties])])];
};

export const reduceMax = reduction('reduceMax', 'ReduceMax', 'max', -Infinity, Math.max, toGreatest);
