/**
 * ONNX nodes of batch normalisation. Differences from the mean are one node that all of them share; sums over the samples
 * are products with the weights, which cost nothing beside the pass over a plane.
 */
import { number } from '../graph/attributes.ts';
import { channelShape, LEAST_WEIGHT, planeOf } from '../ops/channels.ts';
import type { Shape } from '../ops/shape.ts';
import type { OnnxEmitter, OnnxLowering, OnnxLoweringContext, OnnxValue } from './lowering.ts';

const shapeOf = ({ inputs }: OnnxLoweringContext): Shape => inputs[0]?.type.shape ?? [];

/** Σ over each plane of `value` [n, c, …], [n, c]. */
function planeSums(emit: OnnxEmitter, value: OnnxValue, shape: Shape, reduce: 'ReduceSum' | 'ReduceSumSquare') {
  const axes = shape.map((_, axis) => axis).slice(2);
  if (axes.length > 0) return emit.node(reduce, [value, emit.integers(axes)], { keepdims: 0 });
  return reduce === 'ReduceSum' ? value : emit.node('Mul', [value, value]);
}

/** Σ over the samples of weight · sums ÷ the elements that they are over, [c, 1, …]. */
function weightedMean(context: OnnxLoweringContext, sums: OnnxValue, weight: OnnxValue): OnnxValue {
  const { emit } = context;
  const shape = shapeOf(context);
  const total = emit.node('ReduceSum', [weight, emit.integers([0])], { keepdims: 0 });
  const counted = emit.node('Max', [total, emit.scalar(LEAST_WEIGHT)]);
  const count = emit.node('Mul', [counted, emit.scalar(planeOf(shape))]);
  const product = emit.node('MatMul', [emit.reshape(weight, [1, shape[0] ?? 1]), sums]);
  return emit.reshape(emit.node('Div', [product, count]), channelShape(shape));
}

export const onnxChannelMean: OnnxLowering = (context) => {
  const {
    emit,
    names: [x = '', weight = ''],
  } = context;
  return weightedMean(context, planeSums(emit, x, shapeOf(context), 'ReduceSum'), weight);
};

export const onnxChannelVariance: OnnxLowering = (context) => {
  const {
    emit,
    names: [x = '', mean = '', weight = ''],
  } = context;
  const squares = planeSums(emit, emit.node('Sub', [x, mean]), shapeOf(context), 'ReduceSumSquare');
  return weightedMean(context, squares, weight);
};

export const onnxBatchNorm: OnnxLowering = (context) => {
  const {
    emit,
    names: [x = '', ...perChannel],
    attributes,
  } = context;
  const flat = perChannel.map((value) => emit.reshape(value, [shapeOf(context)[1] ?? 1]));
  return emit.node('BatchNormalization', [x, ...flat], { epsilon: { float: number(attributes, 'epsilon') } });
};

export const onnxGainGradient: OnnxLowering = (context) => {
  const {
    emit,
    names: [x = '', mean = '', variance = '', dy = ''],
    attributes,
  } = context;
  const shape = shapeOf(context);
  const products = emit.node('Mul', [dy, emit.node('Sub', [x, mean])]);
  const bySample = planeSums(emit, products, shape, 'ReduceSum');
  const sums = emit.reshape(
    emit.node('ReduceSum', [bySample, emit.integers([0])], { keepdims: 0 }),
    channelShape(shape),
  );
  const deviation = emit.node('Sqrt', [emit.node('Add', [variance, emit.scalar(number(attributes, 'epsilon'))])]);
  return emit.node('Div', [sums, deviation]);
};
