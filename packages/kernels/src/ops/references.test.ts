/** The oracle itself, against values worked out by hand: backends and gradients are only as right as these. */
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import type { Attributes } from '../graph/graph.ts';
import { interpret } from '../graph/interpret.ts';
import { conv2dAttributes } from './conv2d.ts';
import { ops } from './index.ts';
import { poolAttributes } from './pool2d.ts';

/** Nested lists as a tensor: `[[1, 2], [3, 4]]` has shape [2, 2]. */
type Nested = number | readonly Nested[];
const shapeOf = (value: Nested): number[] =>
  typeof value === 'number' ? [] : [value.length, ...shapeOf(value[0] ?? 0)];
const flatten = (value: Nested): number[] => (typeof value === 'number' ? [value] : value.flatMap(flatten));

function evaluate(
  op: string,
  operands: readonly Nested[],
  attributes: Attributes,
): { shape: readonly number[]; values: Float64Array } {
  const builder = new GraphBuilder();
  const declared = ops[op]?.operands ?? [];
  const kinds = 'variadic' in declared ? operands.map(() => declared.variadic) : declared;
  const inputs = operands.map((operand, index) =>
    builder.input(`x${index}`, { dtype: kinds[index] === 'i32' ? 'i32' : 'f32', shape: shapeOf(operand) }, 'data'),
  );
  const y = builder.apply(op, inputs, attributes);
  builder.output('y', y);
  const values = interpret(
    builder.build(),
    Object.fromEntries(operands.map((operand, index) => [`x${index}`, flatten(operand)])),
  );
  return { shape: builder.shapeOf(y), values: values['y'] ?? new Float64Array() };
}

const { log, exp, sqrt, tanh, sin, cos, LN2, PI } = Math;
const plane = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
];

// oxfmt-ignore
const rows: readonly (readonly [op: string, operands: Nested[], attributes: Attributes, expected: Nested])[] = [
  ['add', [[[1, 2], [3, 4]], [10, 20]], {}, [[11, 22], [13, 24]]],
  ['sub', [[10, 20], [[1], [2]]], {}, [[9, 19], [8, 18]]],
  ['mul', [3, [1, -2]], {}, [3, -6]],
  ['div', [[1, -6], 4], {}, [0.25, -1.5]],
  ['maximum', [[1, -6, 3], [2, -7, 3]], {}, [2, -6, 3]],
  ['minimum', [[1, -6], 0], {}, [0, -6]],
  ['equal', [[1, 2, 3], 2], {}, [0, 1, 0]],
  ['less', [[1, 2, 3], 2], {}, [1, 0, 0]],
  ['lessOrEqual', [[1, 2, 3], 2], {}, [1, 1, 0]],
  ['and', [[0, 0, 2, -1], [0, 3, 0, 5]], {}, [0, 0, 0, 1]],
  ['or', [[0, 0, 2, -1], [0, 3, 0, 5]], {}, [0, 1, 1, 1]],
  ['not', [[0, 1, -2]], {}, [1, 0, 0]],
  ['where', [[[1], [0]], [1, 2], 9], {}, [[1, 2], [9, 9]]],
  ['toF32', [[-3, 4]], {}, [-3, 4]],
  ['toI32', [[-2.7, 2.7, 0.5]], {}, [-2, 2, 0]],
  ['neg', [[1, -2]], {}, [-1, 2]],
  ['abs', [[1, -2, 0]], {}, [1, 2, 0]],
  ['sign', [[0.5, -2, 0]], {}, [1, -1, 0]],
  ['exp', [[0, 1]], {}, [1, exp(1)]],
  ['log', [[1, 2]], {}, [0, LN2]],
  ['sqrt', [[4, 2]], {}, [2, sqrt(2)]],
  ['tanh', [[0, 0.5]], {}, [0, tanh(0.5)]],
  ['sigmoid', [[0, log(3), -log(3)]], {}, [0.5, 0.75, 0.25]],
  // Values of the tables in Abramowitz and Stegun, chapter 7.
  ['erf', [[0, 0.5, -1, 2, 7]], {}, [0, 0.5204998778, -0.8427007929, 0.9953222650, 1]],
  ['sin', [[0, PI / 6, 2]], {}, [0, 0.5, sin(2)]],
  ['cos', [[0, PI / 3, 2]], {}, [1, 0.5, cos(2)]],
  ['power', [[2, -3]], { exponent: 3 }, [8, -27]],
  ['power', [[4, 0.25]], { exponent: -0.5 }, [0.5, 2]],
  ['power', [[0, 2]], { exponent: 0 }, [1, 1]],
  ['scale', [[2, -3]], { factor: 0.5 }, [1, -1.5]],
  ['relu', [[-1, 0, 2]], {}, [0, 0, 2]],
  ['reluGradient', [[-1, 0, 2], [5, 6, 7]], {}, [0, 0, 7]],
  // ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), to six digits.
  ['gelu', [[0, 1, -1, 3]], {}, [0, 0.841192, -0.158808, 2.996363]],
  ['geluGradient', [[0, 1], [2, 1]], {}, [1, 1.082964]],
  // x·Φ(x) with Φ(1) = 0.841345, Φ(3) = 0.998650; its slope is Φ(1) + φ(1) = 0.8413447 + 0.2419707.
  ['geluErf', [[0, 1, -1, 3]], {}, [0, 0.841345, -0.158655, 2.995950]],
  ['geluErfGradient', [[0, 1], [2, 1]], {}, [1, 1.0833154]],
  ['reduceSum', [[[1, 2, 3], [4, 5, 6]]], { axes: [0], keepDims: false }, [5, 7, 9]],
  ['reduceSum', [[[1, 2, 3], [4, 5, 6]]], { axes: [1], keepDims: true }, [[6], [15]]],
  ['reduceMax', [[[1, 5, 3], [4, 2, 6]]], { axes: [1], keepDims: false }, [5, 6]],
  ['fill', [], { value: 7, shape: [1, 2] }, [[7, 7]]],
  ['broadcast', [[[1], [2]]], { shape: [2, 2, 2] }, [[[1, 1], [2, 2]], [[1, 1], [2, 2]]]],
  ['reshape', [[[1, 2, 3], [4, 5, 6]]], { shape: [3, 2] }, [[1, 2], [3, 4], [5, 6]]],
  ['transpose', [[[1, 2, 3], [4, 5, 6]]], { permutation: [1, 0] }, [[1, 4], [2, 5], [3, 6]]],
  ['transpose', [[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]], { permutation: [2, 0, 1] }, [[[1, 3], [5, 7]], [[2, 4], [6, 8]]]],
  ['slice', [plane], { axis: 1, start: 1, length: 2 }, [[2, 3], [5, 6], [8, 9]]],
  ['pad', [[[1, 2]]], { axis: 1, before: 1, after: 2 }, [[0, 1, 2, 0, 0]]],
  ['concat', [[[1], [2]], [[3, 4], [5, 6]]], { axis: 1 }, [[1, 3, 4], [2, 5, 6]]],
  ['matmul', [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], { transposeA: false, transposeB: false }, [[19, 22], [43, 50]]],
  ['matmul', [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], { transposeA: true, transposeB: false }, [[26, 30], [38, 44]]],
  ['matmul', [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], { transposeA: false, transposeB: true }, [[17, 23], [39, 53]]],
  ['matmul', [[[[1, 2]], [[3, 4]]], [[1, 0], [0, 2]]], { transposeA: false, transposeB: false }, [[[1, 4]], [[3, 8]]]],
  ['matmul', [[[[1, 2]], [[3, 4]]], [[[1], [1]], [[2], [2]]]], { transposeA: false, transposeB: false }, [[[3]], [[14]]]],
  ['gather', [[[1, 2], [3, 4], [5, 6]], [2, 0, 2]], {}, [[5, 6], [1, 2], [5, 6]]],
  ['scatterAdd', [[2, 0, 2], [[1, 2], [3, 4], [5, 6]]], { rows: 4 }, [[3, 4], [0, 0], [6, 8], [0, 0]]],
  // Cross-correlation: the kernel is not flipped.
  ['conv2d', [[[plane]], [[[[1, 0], [0, 2]]]]], conv2dAttributes(), [[[[11, 14], [20, 23]]]]],
  ['conv2d', [[[plane]], [[[[1, 0], [0, 2]]]]], conv2dAttributes({ stride: 2, padding: 1 }), [[[[2, 6], [14, 23]]]]],
  // A tap to the right of each, two apart; then a kernel a channel.
  ['conv2d', [[[plane]], [[[[1, 10]]]]], conv2dAttributes({ dilation: 2 }), [[[[31], [64], [97]]]]],
  ['conv2d', [[[[[1, 2]], [[3, 4]]]], [[[[2]]], [[[5]]]]], conv2dAttributes({ groups: 2 }), [[[[2, 4]], [[15, 20]]]]],
  ['conv2d', [[[[[1, 2, 3]]]], [[[[1, 1]]]]], { strides: [1, 2], pads: [0, 1, 1, 0], dilations: [1, 1], groups: 1 }, [[[[1, 5], [0, 0]]]]],
  ['conv2dInputGradient', [[[[[1, 10]]]], [[[[1, 2], [3, 4]]]]], { ...conv2dAttributes(), size: [2, 3] }, [[[[1, 12, 20], [3, 34, 40]]]]],
  ['conv2dKernelGradient', [[[plane]], [[[[1, 10], [100, 1000]]]]], { ...conv2dAttributes(), kernel: [2, 2] }, [[[[5421, 6532], [8754, 9865]]]]],
  ['maxPool2d', [[[[[1, 5, 9], [3, 2, 9], [9, 9, 9]]]]], poolAttributes({ size: 2 }), [[[[5]]]]],
  ['maxPool2d', [[[[[-1, -5, -9], [-3, -2, -9]]]]], poolAttributes({ size: 2, stride: 1, padding: 1 }), [[[[-1, -1, -5, -9], [-1, -1, -2, -9], [-3, -2, -2, -9]]]]],
  ['maxPool2dGradient', [[[[[5, 5, 9], [3, 5, 9], [9, 9, 9]]]], [[[[5]]]], [[[[7]]]]], poolAttributes({ size: 2 }), [[[[7, 0, 0], [0, 0, 0], [0, 0, 0]]]]],
  // The middle wins both windows.
  ['maxPool2dGradient', [[[[[1, 5, 2]]]], [[[[5, 5]]]], [[[[3, 4]]]]], { kernel: [1, 2], strides: [1, 1], pads: [0, 0, 0, 0] }, [[[[0, 7, 0]]]]],
  ['averagePool2d', [[[plane]]], { ...poolAttributes({ size: 2, stride: 1 }), countPads: true }, [[[[3, 4], [6, 7]]]]],
  ['averagePool2d', [[[plane]]], { ...poolAttributes({ size: 2, padding: 1 }), countPads: true }, [[[[0.25, 1.25], [2.75, 7]]]]],
  ['averagePool2d', [[[plane]]], { ...poolAttributes({ size: 2, padding: 1 }), countPads: false }, [[[[1, 2.5], [5.5, 7]]]]],
  ['averagePool2dGradient', [[[[[4, 8]]]]], { kernel: [1, 2], strides: [1, 1], pads: [0, 0, 0, 0], countPads: true, size: [1, 3] }, [[[[2, 6, 4]]]]],
  // The third sample has weight 0.
  ['channelMean', [[[1, 10], [3, 30], [99, 99]], [1, 1, 0]], {}, [2, 20]],
  ['channelMean', [[[[1, 2]], [[6, 9]]], [3, 1]], {}, [[3]]],
  ['channelMean', [[[5], [6]], [0, 0]], {}, [0]],
  ['channelVariance', [[[1, 10], [3, 30], [99, 99]], [2, 20], [1, 1, 0]], {}, [1, 100]],
  ['batchNorm', [[[[1, 5]], [[3, 3]]], [[2]], [[10]], [[3]], [[3.75]]], { epsilon: 0.25 }, [[[8, 12]], [[10, 10]]]],
  ['batchNormGainGradient', [[[[1, 5]], [[3, 7]]], [[3]], [[3.75]], [[[1, 10]], [[100, 1000]]]], { epsilon: 0.25 }, [[2009]]],
  ['layerNorm', [[[1, 3]], [2, 4], [0, 1]], { epsilon: 3 }, [[-1, 3]]],
  ['layerNormGainGradient', [[[1, 3], [5, 1]], [[2, 4], [1, 1]]], { epsilon: 1e-12 }, [-2 + 1, 4 - 1]],
  // Over two features the normalised values are ±1 whatever x is, so nothing flows back.
  ['layerNormInputGradient', [[[1, 3]], [2, 4], [[5, 7]]], { epsilon: 1e-12 }, [[0, 0]]],
  ['rmsNorm', [[[1, 7]], [2, 3]], { epsilon: 75 }, [[0.2, 2.1]]],
  // Along x itself nothing flows back but through epsilon, which is nothing here.
  ['rmsNormInputGradient', [[[3, 4]], [1, 1], [[3, 4]]], { epsilon: 1e-15 }, [[0, 0]]],
  ['rmsNormInputGradient', [[[1, 7]], [2, 3], [[50, 0]]], { epsilon: 75 }, [[9.95, -0.35]]],
  ['rmsNormGainGradient', [[[1, 7], [5, 5]], [[2, 1], [3, 1]]], { epsilon: 75 }, [0.2 + 1.5, 0.7 + 0.5]],
  ['rotaryTable', [], { length: 2, size: 4, theta: 100 }, [[[1, 1], [cos(1), cos(0.1)]], [[0, 0], [sin(1), sin(0.1)]]]],
  ['rotary', [[[1, 2, 3, 4], [1, 2, 3, 4]], [[[1, 1], [0, 0.8]], [[0, 0], [1, 0.6]]]], { inverse: false }, [[1, 2, 3, 4], [-3, -0.8, 1, 4.4]]],
  ['rotary', [[[-3, -0.8, 1, 4.4]], [[[0, 0.8]], [[1, 0.6]]]], { inverse: true }, [[1, 2, 3, 4]]],
  ['attention', [[[[[1], [0]], [[2], [0]]]], [[[[0], [LN2]]]], [[[[3], [6]]]]], { factor: 1, causal: false }, [[[[5], [4.5]], [[5.4], [4.5]]]]],
  ['attention', [[[[[1], [1]]]], [[[[0], [LN2]]]], [[[[3], [6]]]]], { factor: 1, causal: true }, [[[[3], [5]]]]],
  ['attentionLogSum', [[[[[1], [1]]]], [[[[0], [LN2]]]]], { factor: 2, causal: true }, [[[0, log(5)]]]],
  // p = (¼, ¾), dy·v = (4, 8), dy·y = 7: ds = factor · (−¾, ¾).
  ['attentionQueryGradient', [[[[[2]]]], [[[[0], [log(3) / 2]]]], [[[[4], [8]]]], [[[[7]]]], [[[[1]]]], [[[log(4)]]]], { factor: 1, causal: false }, [[[[0.375 * log(3)]]]]],
  ['attentionKeyGradient', [[[[[2]]]], [[[[0], [log(3) / 2]]]], [[[[4], [8]]]], [[[[7]]]], [[[[1]]]], [[[log(4)]]]], { factor: 1, causal: false }, [[[[-1.5], [1.5]]]]],
  ['attentionValueGradient', [[[[[2]]]], [[[[0], [log(3) / 2]]]], [[[[8]]]], [[[log(4)]]]], { factor: 1, causal: false }, [[[[2], [6]]]]],
  ['softmax', [[0, LN2]], { factor: 2, causal: false }, [0.2, 0.8]],
  ['softmax', [[[9, 9], [0, log(3)]]], { factor: 1, causal: true }, [[1, 0], [0.25, 0.75]]],
  ['softmaxGradient', [[0.25, 0.75], [4, 8]], { factor: 0.5 }, [-0.375, 0.375]],
  // Threefry-2x32-20 of zeros is 6b200159 99ba4efe: 16-bit chances 0159, 6b20, 4efe, 99ba, of which the first is below 4000.
  ['dropout', [[1, 2, 3, 4], [0, 0]], { rate: 0.25, stream: 0 }, [0, 8 / 3, 4, 16 / 3]],
  ['crossEntropy', [[[0, 0], [0, log(3)]], [1, 0], [1, 2]], {}, LN2 + 2 * log(4)],
  ['crossEntropyGradient', [[[0, 0], [0, log(3)]], [1, 0], [1, 2]], {}, [[0.5, -0.5], [-1.5, 1.5]]],
  ['countCorrect', [[[1, 2], [3, 3], [3, 3]], [1, 0, 1], [0.5, 1, 4]], {}, 1.5],
];

describe('references', () => {
  it.each(rows)('%s %j %j is %j', (op, operands, attributes, expected) => {
    const { shape, values } = evaluate(op, operands, attributes);
    expect(shape).toEqual(shapeOf(expected));
    flatten(expected).forEach((value, index) => expect(values[index]).toBeCloseTo(value, 6));
    expect(values.length).toBe(flatten(expected).length);
  });

  it('cover every op', () => {
    expect(Object.keys(ops).filter((op) => !rows.some(([name]) => name === op))).toEqual([]);
  });

  it('of softmax and crossEntropy survive large logits', () => {
    expect(evaluate('softmax', [[1000, 0]], { factor: 1, causal: false }).values).toEqual(Float64Array.of(1, 0));
    expect(evaluate('crossEntropy', [[[1000, 0]], [1], [1]], {}).values).toEqual(Float64Array.of(1000));
  });
});
