/** What each op's shape rule refuses, and how. */
import { describe, expect, it } from 'vitest';
import { conv2dAttributes } from '../ops/conv2d.ts';
import { poolAttributes } from '../ops/pool2d.ts';
import { GraphBuilder } from './builder.ts';
import { GraphError } from './errors.ts';
import type { Attributes, TensorType } from './graph.ts';

const f32 = (...shape: number[]): TensorType => ({ dtype: 'f32', shape });
const i32 = (...shape: number[]): TensorType => ({ dtype: 'i32', shape });
const ATTENTION = { factor: 1, causal: false };
/** Queries, keys and values of one head size. */
const ROWS = [f32(1, 2, 3, 4), f32(1, 1, 3, 4), f32(1, 1, 3, 4)];

function refusal(op: string, types: readonly TensorType[], attributes: Attributes = {}): GraphError {
  const builder = new GraphBuilder();
  const inputs = types.map((type, index) => builder.input(`x${index}`, type, 'data'));
  try {
    builder.apply(op, inputs, attributes);
  } catch (error) {
    if (error instanceof GraphError) return error;
  }
  throw new Error(`${op} was not refused`);
}

/** Calls that each break one rule, and what the refusal must say. */
type Refusal = readonly [op: string, types: readonly TensorType[], attributes: Attributes, problem: RegExp];

const plain = conv2dAttributes();
const conv2dRefusals: readonly Refusal[] = [
  ['conv2d', [f32(1, 2, 5, 5), f32(3, 4, 3, 3)], plain, /expected \[3,2,3,3\]/],
  ['conv2d', [f32(1, 1, 2, 2), f32(1, 1, 3, 3)], plain, /doesn't fit/],
  ['conv2d', [f32(1, 1, 4, 4), f32(1, 1, 3, 3)], conv2dAttributes({ dilation: 2 }), /doesn't fit/],
  ['conv2d', [f32(1, 1, 2, 2), f32(1, 1, 1, 1)], conv2dAttributes({ stride: 0 }), /strides is \[0,0\]/],
  ['conv2d', [f32(1, 1, 2, 2), f32(1, 1, 1, 1)], conv2dAttributes({ dilation: 0 }), /dilations is \[0,0\]/],
  ['conv2d', [f32(1, 1, 2, 2), f32(1, 1, 1, 1)], { ...plain, strides: [1] }, /strides is \[1\]/],
  ['conv2d', [f32(1, 1, 2, 2), f32(1, 1, 1, 1)], { ...plain, pads: [0, 0] }, /pads is \[0,0\]/],
  ['conv2d', [f32(1, 1, 2, 2), f32(1, 1, 1, 1)], conv2dAttributes({ padding: 2 ** 40 }), /from 0 to 65536/],
  ['conv2d', [f32(1, 2, 2), f32(1, 1, 1, 1)], plain, /expected rank 4/],
  ['conv2d', [f32(1, 4, 2, 2), f32(4, 4, 1, 1)], conv2dAttributes({ groups: 0 }), /0 groups/],
  [
    'conv2d',
    [f32(1, 4, 2, 2), f32(3, 2, 1, 1)],
    conv2dAttributes({ groups: 2 }),
    /2 groups of 4 channels and 3 filters/,
  ],
  ['conv2d', [f32(1, 4, 2, 2), f32(4, 4, 1, 1)], conv2dAttributes({ groups: 2 }), /expected \[4,2,1,1\]/],
  ['conv2dInputGradient', [f32(1, 1, 2, 2), f32(1, 1, 3, 3)], { ...plain, size: [5, 5] }, /expected \[1,1,3,3\]/],
  ['conv2dInputGradient', [f32(1, 1, 3, 3), f32(1, 1, 3, 3)], { ...plain, size: [5] }, /size is \[5\]/],
  ['conv2dKernelGradient', [f32(1, 1, 5, 5), f32(1, 1, 2, 2)], { ...plain, kernel: [3, 3] }, /expected \[1,1,3,3\]/],
  ['conv2dKernelGradient', [f32(1, 1, 5, 5), f32(1, 1, 5, 5)], { ...plain, kernel: [1, 0] }, /kernel is \[1,0\]/],
];

const half = poolAttributes({ size: 2 });
const poolRefusals: readonly Refusal[] = [
  ['maxPool2d', [f32(1, 1, 3, 2)], poolAttributes({ size: 3 }), /doesn't fit/],
  ['maxPool2d', [f32(1, 3, 2)], half, /expected rank 4/],
  ['maxPool2d', [f32(1, 1, 3, 3)], poolAttributes({ size: 2, padding: 2 }), /reach the window's size/],
  ['maxPool2dGradient', [f32(1, 1, 4, 4), f32(1, 1, 2, 2), f32(1, 1, 4, 4)], half, /operand 2/],
  ['averagePool2d', [f32(1, 1, 3, 2)], { ...poolAttributes({ size: 3 }), countPads: true }, /doesn't fit/],
  ['averagePool2dGradient', [f32(1, 1, 2, 2)], { ...half, countPads: true, size: [3, 7] }, /expected \[1,1,1,3\]/],
  ['averagePool2dGradient', [f32(1, 1, 2, 2)], { ...half, countPads: true, size: [0, 4] }, /size is \[0,4\]/],
];

const batchNormRefusals: readonly Refusal[] = [
  ['channelMean', [f32(3), f32(3)], {}, /x has shape \[3\]/],
  ['channelMean', [f32(3, 2), f32(2)], {}, /operand 1/],
  ['channelVariance', [f32(3, 2, 5), f32(2), f32(3)], {}, /expected \[2,1\]/],
  ['channelVariance', [f32(3, 2), f32(2), f32(2)], {}, /operand 2/],
  ['batchNorm', [f32(3, 2), f32(2), f32(2), f32(2), f32(3)], { epsilon: 1e-5 }, /operand 4/],
  ['batchNorm', [f32(3, 2), f32(2), f32(2), f32(2), f32(2)], { epsilon: 0 }, /epsilon is 0/],
  ['batchNormGainGradient', [f32(3, 2), f32(2), f32(2), f32(3)], { epsilon: 1e-5 }, /operand 3/],
];

const illegal: readonly Refusal[] = [
  ['frobnicate', [f32(1)], {}, /no such op/],
  ['toString', [f32(1)], {}, /no such op/],
  ['add', [f32(2)], {}, /got 1 operands, expected 2/],
  ['add', [f32(2), i32(2)], {}, /operand 1 is i32, expected f32/],
  ['add', [f32(2), f32(3)], {}, /don't broadcast/],
  ['maximum', [f32(2), f32(3)], {}, /don't broadcast/],
  ['minimum', [f32(2), i32(2)], {}, /operand 1 is i32, expected f32/],
  ['equal', [f32(2), i32(2)], {}, /operands 0 and 1 are f32 and i32/],
  ['less', [i32(2), i32(3)], {}, /don't broadcast/],
  ['lessOrEqual', [f32(2)], {}, /got 1 operands/],
  ['and', [i32(2), f32(2)], {}, /operand 1 is f32, expected i32/],
  ['or', [i32(2), i32(3)], {}, /don't broadcast/],
  ['not', [f32(2)], {}, /operand 0 is f32, expected i32/],
  ['where', [f32(2), f32(2), f32(2)], {}, /operand 0 is f32, expected i32/],
  ['where', [i32(2), f32(2), i32(2)], {}, /operands 1 and 2 are f32 and i32/],
  ['where', [i32(2), f32(3), f32(3)], {}, /don't broadcast/],
  ['toF32', [f32(2)], {}, /operand 0 is f32, expected i32/],
  ['toI32', [i32(2)], {}, /operand 0 is i32, expected f32/],
  ['power', [f32(2)], { exponent: Infinity }, /attribute exponent must be a number/],
  ['geluErfGradient', [f32(2), f32(3)], {}, /operand 1 has shape/],
  ['scale', [f32(2)], {}, /attribute factor must be a number/],
  ['scale', [f32(2)], { factor: Number.NaN }, /attribute factor/],
  ['scale', [f32(2)], { factor: 1e39 }, /attribute factor must be a number/],
  ['scale', [f32(2)], { factor: 1, extra: 2 }, /unknown attribute extra/],
  ['reluGradient', [f32(2), f32(3)], {}, /operand 1 has shape \[3\], expected \[2\]/],
  ['geluGradient', [f32(2), f32(3)], {}, /operand 1 has shape/],
  ['reduceSum', [f32(2, 3)], { axes: [1, 0], keepDims: false }, /axes \[1,0\]/],
  ['reduceSum', [f32(2, 3)], { axes: [2], keepDims: false }, /axes \[2\]/],
  ['reduceMax', [f32(2, 3)], { axes: [], keepDims: false }, /axes \[\]/],
  ['fill', [], { value: 1, shape: [0] }, /illegal shape \[0\]/],
  ['fill', [], { value: 1, shape: [65_536, 65_536] }, /too large/],
  ['fill', [], { value: 1, shape: [1, 1, 1, 1, 1, 1, 1] }, /rank is above 6/],
  ['broadcast', [f32(3)], { shape: [4] }, /doesn't broadcast/],
  ['broadcast', [f32(2, 3)], { shape: [3] }, /doesn't broadcast/],
  ['reshape', [f32(2, 3)], { shape: [5] }, /has 6 elements/],
  ['transpose', [f32(2, 3)], { permutation: [0, 0] }, /no permutation/],
  ['slice', [f32(5)], { axis: 0, start: 3, length: 3 }, /outside axis 0/],
  ['slice', [f32(5)], { axis: 1, start: 0, length: 1 }, /axis 1 is not in shape/],
  ['slice', [f32(5)], { axis: 0, start: -1, length: 1 }, /attribute start must be a natural/],
  ['pad', [f32()], { axis: 0, before: 1, after: 0 }, /axis 0 is not in shape/],
  ['concat', [], { axis: 0 }, /at least 1/],
  ['concat', [f32(2, 3), f32(2, 4)], { axis: 0 }, /differ off axis 0/],
  ['matmul', [f32(3), f32(3)], { transposeA: false, transposeB: false }, /not both matrices/],
  ['matmul', [f32(2, 3), f32(2, 3)], { transposeA: false, transposeB: false }, /inner sizes/],
  ['matmul', [f32(2, 4, 3), f32(5, 3, 4)], { transposeA: false, transposeB: false }, /batch axes/],
  ['matmul', [f32(4, 3), f32(5, 3, 4)], { transposeA: false, transposeB: false }, /batch axes/],
  ['gather', [f32(), i32(2)], {}, /the table is a scalar/],
  ['gather', [f32(3), f32(2)], {}, /operand 1 is f32, expected i32/],
  ['scatterAdd', [i32(3), f32(2, 4)], { rows: 5 }, /don't start with the ids' shape/],
  ...conv2dRefusals,
  ...poolRefusals,
  ...batchNormRefusals,
  ['layerNorm', [f32(2, 3), f32(2), f32(3)], { epsilon: 1e-5 }, /operand 1/],
  ['layerNorm', [f32(2, 3), f32(3), f32(3)], { epsilon: 0 }, /epsilon is 0/],
  ['layerNormInputGradient', [f32(2, 3), f32(3), f32(3)], { epsilon: 1e-5 }, /operand 2/],
  ['layerNormGainGradient', [f32(2, 3), f32(3)], { epsilon: 1e-5 }, /operand 1/],
  ['rmsNorm', [f32(2, 3), f32(2)], { epsilon: 1e-5 }, /operand 1/],
  ['rmsNorm', [f32(2, 3), f32(3)], { epsilon: -1 }, /epsilon is -1/],
  ['rmsNorm', [f32(), f32(1)], { epsilon: 1e-5 }, /x is a scalar/],
  ['rmsNormInputGradient', [f32(2, 3), f32(3), f32(3)], { epsilon: 1e-5 }, /operand 2/],
  ['rmsNormGainGradient', [f32(2, 3), f32(3)], { epsilon: 1e-5 }, /operand 1/],
  ['rotaryTable', [], { length: 0, size: 4, theta: 10_000 }, /length is 0/],
  ['rotaryTable', [], { length: 65_537, size: 4, theta: 10_000 }, /length is 65537/],
  ['rotaryTable', [], { length: 3, size: 3, theta: 10_000 }, /size is 3/],
  ['rotaryTable', [], { length: 65_536, size: 130, theta: 10_000 }, /it has 8519680 entries/],
  ['rotaryTable', [], { length: 3, size: 4, theta: 1 }, /theta is 1/],
  ['rotary', [f32(4), f32(2, 1, 2)], { inverse: false }, /rows with an even size/],
  ['rotary', [f32(3, 5), f32(2, 3, 2)], { inverse: false }, /rows with an even size/],
  ['rotary', [f32(3, 4), f32(2, 4, 2)], { inverse: false }, /operand 1/],
  ['attention', [f32(2, 4, 3, 5), f32(2, 3, 3, 5), f32(2, 3, 3, 5)], ATTENTION, /3 key heads don't divide 4/],
  ['attention', [f32(2, 4, 3, 5), f32(2, 4, 3, 6), f32(2, 4, 3, 6)], ATTENTION, /differ in batch or head size/],
  ['attention', [f32(2, 4, 3, 5), f32(1, 4, 3, 5), f32(1, 4, 3, 5)], ATTENTION, /differ in batch or head size/],
  ['attention', [f32(2, 4, 3, 5), f32(2, 4, 7, 5), f32(2, 4, 6, 5)], ATTENTION, /operand 2/],
  ['attention', [f32(4, 3, 5), f32(4, 3, 5), f32(4, 3, 5)], ATTENTION, /operand 0.*rank 4/],
  ['attentionLogSum', [f32(2, 4, 3, 5), f32(4, 3, 5)], ATTENTION, /operand 1.*rank 4/],
  ['attentionQueryGradient', [...ROWS, f32(1, 2, 4, 4), f32(1, 2, 3, 4), f32(1, 2, 3)], ATTENTION, /operand 3/],
  ['attentionKeyGradient', [...ROWS, f32(1, 2, 3, 4), f32(1, 2, 3, 4), f32(1, 2, 4)], ATTENTION, /operand 5/],
  ['attentionValueGradient', [...ROWS, f32(1, 2, 3)], ATTENTION, /operand 2/],
  ['softmax', [f32(3)], { factor: 1, causal: true }, /too few axes/],
  ['softmaxGradient', [f32(3), f32(4)], { factor: 1 }, /operand 1/],
  ['dropout', [f32(2), i32(2)], { rate: 1, stream: 0 }, /rate is 1/],
  ['dropout', [f32(2), i32(2)], { rate: -0.1, stream: 0 }, /rate is -0.1/],
  ['dropout', [f32(2), i32(2)], { rate: 0.1, stream: 2 ** 32 }, /stream is 4294967296/],
  ['dropout', [f32(2), i32(3)], { rate: 0.1, stream: 0 }, /seed has shape \[3\]/],
  ['crossEntropy', [f32(2, 3), i32(3), f32(2)], {}, /operand 1/],
  ['crossEntropyGradient', [f32(2), i32(2), f32(2)], {}, /expected rank 2/],
  ['countCorrect', [f32(2, 3), i32(2), f32(3)], {}, /operand 2/],
];

describe('an illegal call', () => {
  it.each(illegal)('%s %j %j is refused by name and place', (op, types, attributes, problem) => {
    const error = refusal(op, types, attributes);
    expect(error).toMatchObject({ code: 'GRAPH_ILLEGAL', op, place: 'node 0' });
    expect(error.message).toMatch(problem);
    expect(error.message.endsWith(error.mend)).toBe(true);
  });
});
