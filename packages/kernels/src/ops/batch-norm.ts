/**
 * Batch normalisation over the channels (axis 1) of x [n, c, …], in parts that serve training and inference alike:
 *
 * - `channelMean`, `channelVariance`: the statistics of a batch whose samples have weights `weight` [n]. A sample of weight 0
 *   takes no part in them. The variance divides by the weight, not by one less;
 * - `batchNorm`: y = (x − mean) / √(variance + epsilon) · gain + bias, with a batch's statistics or with running ones.
 *
 * What holds one number a channel has the shape [c, 1, …] that broadcasts to x, so that batchNorm is an elementwise op.
 * Weights that sum to less than 2⁻⁴⁰ count as 2⁻⁴⁰: a batch of padding alone has mean 0.
 */
import {
  batchNormExactly,
  batchNormGainGradientExactly,
  channelMeanExactly,
  channelVarianceExactly,
} from '../canonical/lowerings/batch-norm.ts';
import { number } from '../graph/attributes.ts';
import type { ValueId } from '../graph/graph.ts';
import type { Emitter, OpCall, OpDefinition, TypedCall } from '../graph/op.ts';
import { onnxBatchNorm, onnxChannelMean, onnxChannelVariance, onnxGainGradient } from '../onnx/batch-norm.ts';
import {
  batchNormGainGradientLowering,
  batchNormLowering,
  channelMeanLowering,
  channelVarianceLowering,
} from '../webgpu/kernels/batch-norm.ts';
import { channelShape, LEAST_WEIGHT, planeOf } from './channels.ts';
import {
  backwardOnly,
  elements,
  expectShape,
  f32,
  perOperand,
  perOutput,
  refuse,
  type Shape,
  shapeAt,
  streamedBytes,
} from './shape.ts';

function channelsOf(call: OpCall): Shape {
  const shape = shapeAt(call, 0);
  if (shape.length < 2) refuse(call, `x has shape [${shape}]`, 'Pass x of shape [n, c, …].');
  return channelShape(shape);
}

function checkEpsilon(call: OpCall): void {
  const epsilon = number(call.attributes, 'epsilon');
  if (epsilon <= 0) refuse(call, `epsilon is ${epsilon}`, 'Use a small positive epsilon such as 1e-5.');
}

/** Visits every element of x with its channel and sample. */
function eachElement({ inputs }: TypedCall, visit: (at: number, channel: number, sample: number) => void): void {
  const shape = shapeAt({ inputs }, 0);
  const [channels, plane, size] = [shape[1] ?? 1, planeOf(shape), elements(shape)];
  for (let at = 0; at < size; at++) {
    const row = Math.floor(at / plane);
    visit(at, row % channels, Math.floor(row / channels));
  }
}

/** Σ weight · plane, the number of elements that a channel's statistics are over. */
const countOf = ({ inputs }: TypedCall, weight: Float64Array): number =>
  Math.max(
    weight.reduce((sum, value) => sum + value, 0),
    LEAST_WEIGHT,
  ) * planeOf(shapeAt({ inputs }, 0));

/** Each sample's share in a mean over its channel's elements, [n, 1, …]. */
function sampleShares(emit: Emitter, x: ValueId, weight: ValueId): ValueId {
  const { shape } = emit.typeOf(x);
  const total = emit.apply('reduceSum', [weight], { axes: [0], keepDims: false });
  const least = emit.apply('fill', [], { value: LEAST_WEIGHT, shape: [] });
  const count = emit.apply('scale', [emit.apply('maximum', [total, least])], { factor: planeOf(shape) });
  const shares = emit.apply('div', [weight, count]);
  return emit.apply('reshape', [shares], { shape: shape.map((size, axis) => (axis === 0 ? size : 1)) });
}

/** Σ over each channel, [c]: over its planes first, whose elements lie together, then over the samples. */
function channelSums(emit: Emitter, value: ValueId): ValueId {
  const planeAxes = emit
    .typeOf(value)
    .shape.map((_, axis) => axis)
    .slice(2);
  const planes = planeAxes.length > 0 ? emit.apply('reduceSum', [value], { axes: planeAxes, keepDims: false }) : value;
  return emit.apply('reduceSum', [planes], { axes: [0], keepDims: false });
}

/** x [n, c, …], weight [n] → [c, 1, …]. */
export const channelMean: OpDefinition = {
  name: 'channelMean',
  operands: ['f32', 'f32'],
  attributes: {},
  infer: (call) => {
    const channels = channelsOf(call);
    expectShape(call, 1, shapeAt(call, 0).slice(0, 1));
    return f32(channels);
  },
  gradient: ({ emit, inputs: [x = -1, weight = -1], outputGradient }) => {
    const shares = emit.apply('mul', [sampleShares(emit, x, weight), outputGradient]);
    return [emit.apply('broadcast', [shares], { shape: emit.typeOf(x).shape }), null];
  },
  reference: (call) => {
    const {
      output,
      operands: [x = new Float64Array(), weight = x],
    } = call;
    const sums = new Float64Array(elements(output.shape));
    eachElement(call, (at, channel, sample) => {
      sums[channel]! += x[at]! * weight[sample]!;
    });
    return sums.map((sum) => sum / countOf(call, weight));
  },
  flops: perOperand(0, 1),
  bytes: streamedBytes,
  onnx: onnxChannelMean,
  wgsl: channelMeanLowering,
  exact: channelMeanExactly,
};

/** x [n, c, …], its channelMean [c, 1, …], weight [n] → [c, 1, …]. */
export const channelVariance: OpDefinition = {
  name: 'channelVariance',
  operands: ['f32', 'f32', 'f32'],
  attributes: {},
  infer: (call) => {
    const channels = channelsOf(call);
    expectShape(call, 1, channels);
    expectShape(call, 2, shapeAt(call, 0).slice(0, 1));
    return f32(channels);
  },
  gradient: ({ emit, inputs: [x = -1, mean = -1, weight = -1], outputGradient }) => {
    const twice = emit.apply('mul', [
      sampleShares(emit, x, weight),
      emit.apply('scale', [outputGradient], { factor: 2 }),
    ]);
    // Σ of the weighted differences: nothing where `mean` is the channelMean, which is then the same value.
    const off = emit.apply('sub', [emit.apply('channelMean', [x, weight]), mean]);
    return [
      emit.apply('mul', [emit.apply('sub', [x, mean]), twice]),
      emit.apply('scale', [emit.apply('mul', [outputGradient, off])], { factor: -2 }),
      null,
    ];
  },
  reference: (call) => {
    const {
      output,
      operands: [x = new Float64Array(), mean = x, weight = x],
    } = call;
    const sums = new Float64Array(elements(output.shape));
    eachElement(call, (at, channel, sample) => {
      sums[channel]! += (x[at]! - mean[channel]!) ** 2 * weight[sample]!;
    });
    return sums.map((sum) => sum / countOf(call, weight));
  },
  flops: perOperand(0, 3),
  bytes: streamedBytes,
  onnx: onnxChannelVariance,
  wgsl: channelVarianceLowering,
  exact: channelVarianceExactly,
};

/** x [n, c, …], gain, bias, mean, variance [c, 1, …] → y of x's shape. */
export const batchNorm: OpDefinition = {
  name: 'batchNorm',
  operands: ['f32', 'f32', 'f32', 'f32', 'f32'],
  attributes: { epsilon: 'number' },
  infer: (call) => {
    const channels = channelsOf(call);
    checkEpsilon(call);
    for (const index of [1, 2, 3, 4]) expectShape(call, index, channels);
    return f32(shapeAt(call, 0));
  },
  gradient: ({ emit, inputs: [x = -1, gain = -1, , mean = -1, variance = -1], outputGradient, attributes }) => {
    const { shape } = emit.typeOf(x);
    const biasGradient = emit.apply('reshape', [channelSums(emit, outputGradient)], { shape: channelShape(shape) });
    const gainGradient = emit.apply('batchNormGainGradient', [x, mean, variance, outputGradient], attributes);
    const [one, epsilon] = [1, number(attributes, 'epsilon')].map((value) =>
      emit.apply('fill', [], { value, shape: [] }),
    ) as [ValueId, ValueId];
    const inverse = emit.apply('div', [one, emit.apply('sqrt', [emit.apply('add', [variance, epsilon])])]);
    const factor = emit.apply('mul', [gain, inverse]);
    return [
      emit.apply('mul', [outputGradient, factor]),
      gainGradient,
      biasGradient,
      emit.apply('neg', [emit.apply('mul', [factor, biasGradient])]),
      emit.apply('scale', [emit.apply('mul', [emit.apply('mul', [factor, inverse]), gainGradient])], { factor: -0.5 }),
    ];
  },
  reference: (call) => {
    const {
      attributes,
      operands: [x = new Float64Array(), gain = x, bias = x, mean = x, variance = x],
    } = call;
    const result = new Float64Array(x.length);
    const epsilon = number(attributes, 'epsilon');
    eachElement(call, (at, c) => {
      result[at] = ((x[at]! - mean[c]!) / Math.sqrt(variance[c]! + epsilon)) * gain[c]! + bias[c]!;
    });
    return result;
  },
  flops: perOutput(6),
  bytes: streamedBytes,
  onnx: onnxBatchNorm,
  wgsl: batchNormLowering,
  exact: batchNormExactly,
};

/** x [n, c, …], mean, variance [c, 1, …], dy → Σ over each channel of dy · (x − mean) / √(variance + epsilon), [c, 1, …]. */
export const batchNormGainGradient: OpDefinition = {
  name: 'batchNormGainGradient',
  operands: ['f32', 'f32', 'f32', 'f32'],
  attributes: { epsilon: 'number' },
  infer: (call) => {
    const channels = channelsOf(call);
    checkEpsilon(call);
    expectShape(call, 1, channels);
    expectShape(call, 2, channels);
    expectShape(call, 3, shapeAt(call, 0));
    return f32(channels);
  },
  gradient: backwardOnly,
  reference: (call) => {
    const {
      attributes,
      output,
      operands: [x = new Float64Array(), mean = x, variance = x, dy = x],
    } = call;
    const sums = new Float64Array(elements(output.shape));
    eachElement(call, (at, channel) => {
      sums[channel]! += dy[at]! * (x[at]! - mean[channel]!);
    });
    const epsilon = number(attributes, 'epsilon');
    return sums.map((sum, channel) => sum / Math.sqrt(variance[channel]! + epsilon));
  },
  flops: perOperand(0, 3),
  bytes: streamedBytes,
  onnx: onnxGainGradient,
  wgsl: batchNormGainGradientLowering,
  exact: batchNormGainGradientExactly,
};
