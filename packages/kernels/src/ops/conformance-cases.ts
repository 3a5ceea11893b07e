/** The rows of the conformance table: for every op the calls that a backend must get right. */
import type { Attributes } from '../graph/graph.ts';
import type { Shape } from './shape.ts';

/** How an operand's elements are drawn. */
export type Draw =
  /** f32, near-normal. */
  | { readonly kind: 'normal'; readonly shape: Shape; readonly deviation: number }
  /** f32 in [low, high), for ops that are not defined or not smooth everywhere. */
  | { readonly kind: 'range'; readonly shape: Shape; readonly low: number; readonly high: number }
  /** f32, one of a few values, so that there are ties. */
  | { readonly kind: 'coarse'; readonly shape: Shape }
  /** i32 in [0, below). */
  | { readonly kind: 'ids'; readonly shape: Shape; readonly below: number }
  /** f32, an op's result on the operands before it (maxPool2dGradient's y), or on the first `operands` of them. */
  | {
      readonly kind: 'resultOf';
      readonly shape: Shape;
      readonly op: string;
      readonly attributes: Attributes;
      readonly operands?: number;
    };

export interface ConformanceCase {
  readonly op: string;
  /** Unique in the table. */
  readonly name: string;
  readonly operands: readonly Draw[];
  readonly attributes: Attributes;
}

const normal = (...shape: number[]): Draw => ({ kind: 'normal', shape, deviation: 1 });
const positive = (...shape: number[]): Draw => ({ kind: 'range', shape, low: 0.5, high: 2 });
const coarse = (...shape: number[]): Draw => ({ kind: 'coarse', shape });
const ids = (below: number, ...shape: number[]): Draw => ({ kind: 'ids', shape, below });
/** A seed of random draws. */
const words: Draw = ids(2 ** 31, 2);
const weights = (...shape: number[]): Draw => ({ kind: 'range', shape, low: 0, high: 1 });
const wide = (...shape: number[]): Draw => ({ kind: 'normal', shape, deviation: 20 });

/** [operands, attributes] by op; a case's name is its op and its position. */
type Row = readonly [operands: readonly Draw[], attributes?: Attributes];

const elementwisePairs = (draw: (...shape: number[]) => Draw): Row[] => [
  [[draw(), draw()]],
  [[draw(1), draw(1)]],
  [[draw(7), draw(7)]],
  [[draw(33, 65), draw(65)]],
  [[draw(5), draw(3, 1)]],
  [[draw(2, 3, 5), draw(3, 1)]],
  [[draw(), draw(4, 4)]],
  [[draw(2, 1, 4, 1), draw(3, 1, 5)]],
];
const comparisons: Row[] = [...elementwisePairs(coarse), [[ids(3, 4, 1), ids(3, 5)]], [[normal(33, 65), normal(65)]]];
const truths: Row[] = elementwisePairs((...shape) => ids(2, ...shape));
const elementwise = (draw: (...shape: number[]) => Draw): Row[] => [
  [[draw()]],
  [[draw(1, 1)]],
  [[draw(3, 5, 7)]],
  [[draw(1031)]],
];
const withGradientOf = (draw: (...shape: number[]) => Draw): Row[] => [
  [[draw(), normal()]],
  [[draw(3, 67), normal(3, 67)]],
];

const reductions: Row[] = [
  [[normal(1)], { axes: [0], keepDims: false }],
  [[normal(5, 3)], { axes: [0], keepDims: false }],
  [[normal(5, 3)], { axes: [1], keepDims: true }],
  [[normal(3, 4, 5, 2)], { axes: [0, 2, 3], keepDims: false }],
  [[normal(3, 4, 5)], { axes: [0, 2], keepDims: true }],
  [[normal(2, 513)], { axes: [0, 1], keepDims: false }],
  [[normal(130, 257)], { axes: [0], keepDims: false }],
];

const product = (a: Draw, b: Draw, transposeA: boolean, transposeB: boolean): Row => [
  [a, b],
  { transposeA, transposeB },
];
const products: Row[] = [
  product(normal(1, 1), normal(1, 1), false, false),
  product(normal(3, 5), normal(5, 7), false, false),
  product(normal(5, 3), normal(5, 7), true, false),
  product(normal(3, 5), normal(7, 5), false, true),
  product(normal(5, 3), normal(7, 5), true, true),
  product(normal(65, 33), normal(33, 130), false, false),
  product(normal(64, 96), normal(64, 32), true, false),
  product(normal(1, 784), normal(784, 10), false, false),
  product(normal(2, 3, 9, 4), normal(2, 3, 4, 9), false, false),
  product(normal(2, 3, 9, 4), normal(2, 3, 9, 4), false, true),
  product(normal(6, 4, 9), normal(6, 4, 5), true, false),
  product(normal(2, 3, 4), normal(4, 5), false, false),
  product(normal(2, 4, 3), normal(5, 4), true, true),
];

const convolution = (x: Shape, kernel: Shape, stride: number, padding: number): Row => [
  [normal(...x), normal(...kernel)],
  { stride, padding },
];

/** x shape, kernel shape, y shape, stride, padding: one geometry for the three convolution ops. */
const convolutions: readonly (readonly [Shape, Shape, Shape, number, number])[] = [
  [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], 1, 0],
  [[2, 3, 7, 6], [4, 3, 3, 3], [2, 4, 7, 6], 1, 1],
  [[2, 2, 8, 9], [3, 2, 3, 3], [2, 3, 4, 5], 2, 1],
  [[1, 2, 8, 8], [2, 2, 3, 3], [1, 2, 3, 3], 2, 0],
  [[1, 5, 12, 11], [9, 5, 5, 5], [1, 9, 12, 11], 1, 2],
  [[1, 1, 4, 5], [1, 1, 2, 3], [1, 1, 3, 3], 1, 0],
];

const pooling: readonly (readonly [Shape, Shape, number])[] = [
  [[1, 1, 1, 1], [1, 1, 1, 1], 1],
  [[2, 3, 4, 6], [2, 3, 2, 3], 2],
  [[2, 1, 7, 5], [2, 1, 3, 2], 2],
  [[1, 2, 7, 9], [1, 2, 2, 3], 3],
];

/** Query shape, key shape, causal: one geometry for the attention ops. */
const attentions: readonly (readonly [Shape, Shape, boolean])[] = [
  [[1, 1, 1, 1], [1, 1, 1, 1], false],
  [[2, 3, 9, 8], [2, 3, 9, 8], true],
  [[1, 4, 5, 6], [1, 2, 7, 6], false],
  [[2, 6, 70, 5], [2, 2, 70, 5], true],
  [[1, 2, 130, 32], [1, 1, 130, 32], true],
  [[1, 2, 3, 132], [1, 2, 4, 132], false],
];
/** The operands of an attention op by what they are; y and logSum are what the forward pass gives. */
const attentionRows = (...names: ('q' | 'k' | 'v' | 'y' | 'dy' | 'logSum')[]): Row[] =>
  attentions.map(([q, k, causal]): Row => {
    const attributes = { factor: 0.4, causal };
    const draws: Record<(typeof names)[number], Draw> = {
      q: normal(...q),
      k: normal(...k),
      v: normal(...k),
      y: { kind: 'resultOf', shape: q, op: 'attention', attributes },
      dy: normal(...q),
      logSum: { kind: 'resultOf', shape: q.slice(0, 3), op: 'attentionLogSum', attributes, operands: 2 },
    };
    return [names.map((name) => draws[name]), attributes];
  });
const rotations: Row[] = [false, true].flatMap((inverse): Row[] => [
  [[normal(1, 2), normal(2, 1, 1)], { inverse }],
  [[normal(2, 3, 5, 6), normal(2, 5, 3)], { inverse }],
]);

const predictions: Row[] = [
  [[normal(1, 1), ids(1, 1), weights(1)]],
  [[normal(5, 3), ids(3, 5), weights(5)]],
  [[wide(4, 10), ids(10, 4), weights(4)]],
  [[normal(33, 65), ids(65, 33), weights(33)]],
];

const rows: Readonly<Record<string, readonly Row[]>> = {
  add: elementwisePairs(normal),
  sub: elementwisePairs(normal),
  mul: elementwisePairs(normal),
  div: elementwisePairs(positive),
  maximum: [...elementwisePairs(normal), ...elementwisePairs(coarse)],
  minimum: [...elementwisePairs(normal), ...elementwisePairs(coarse)],
  equal: comparisons,
  less: comparisons,
  lessOrEqual: comparisons,
  and: truths,
  or: truths,
  not: [[[ids(2)]], [[ids(3, 5, 7)]]],
  where: [
    [[ids(2), normal(), normal()]],
    [[ids(2, 5, 7), normal(5, 7), normal(5, 7)]],
    [[ids(2, 4, 8), normal(4, 8), normal()]],
    [[ids(3, 7, 1), normal(5), normal(2, 1, 1)]],
    [[ids(2, 9), ids(100, 9), ids(100, 9)]],
  ],
  toF32: [[[ids(1000)]], [[ids(1_000_000, 5, 67)]]],
  toI32: [[[wide()]], [[wide(5, 67)]]],
  neg: elementwise(normal),
  abs: elementwise(normal),
  sign: [...elementwise(normal), [[coarse(4, 33)]]],
  exp: elementwise(normal),
  log: elementwise(positive),
  sqrt: elementwise(positive),
  tanh: elementwise(normal),
  sigmoid: [...elementwise(normal), [[wide(257)]]],
  erf: [...elementwise(normal), [[wide(257)]]],
  sin: [...elementwise(normal), [[wide(257)]]],
  cos: [...elementwise(normal), [[wide(257)]]],
  relu: elementwise(normal),
  gelu: elementwise(normal),
  geluErf: [...elementwise(normal), [[wide(40)]]],
  reluGradient: withGradientOf(normal),
  geluGradient: [...withGradientOf(normal), [[wide(40), normal(40)]]],
  geluErfGradient: [...withGradientOf(normal), [[wide(40), normal(40)]]],
  scale: [
    [[normal(3, 5)], { factor: -0.125 }],
    [[normal()], { factor: 3 }],
  ],
  power: [
    ...[2, 3, -1, -2, 0.5, -0.5, 2.5, -1.3, 7, 11, -10].map((exponent): Row => [[positive(65)], { exponent }]),
    ...[0, 1, 2, 5, 11, 12].map((exponent): Row => [[coarse(3, 7)], { exponent }]),
  ],
  reduceSum: reductions,
  reduceMax: reductions,
  fill: [
    [[], { value: 1.5, shape: [] }],
    [[], { value: -2, shape: [3, 5] }],
  ],
  broadcast: [
    [[normal()], { shape: [3, 4] }],
    [[normal(4)], { shape: [3, 4] }],
    [[normal(2, 1, 3, 1)], { shape: [2, 5, 3, 4] }],
    [[normal(3, 1)], { shape: [2, 3, 7] }],
  ],
  reshape: [
    [[normal(6, 4)], { shape: [3, 8] }],
    [[normal(1, 1)], { shape: [] }],
    [[normal(5)], { shape: [1, 5, 1] }],
  ],
  transpose: [
    [[normal(3, 5)], { permutation: [1, 0] }],
    [[normal(2, 3, 4, 5)], { permutation: [0, 2, 1, 3] }],
    [[normal(2, 3, 3, 4, 5)], { permutation: [2, 0, 3, 1, 4] }],
    [[normal(1, 7, 1)], { permutation: [2, 1, 0] }],
  ],
  slice: [
    [[normal(7)], { axis: 0, start: 2, length: 3 }],
    [[normal(3, 5, 4)], { axis: 1, start: 4, length: 1 }],
    [[normal(3, 5, 4)], { axis: 2, start: 0, length: 3 }],
  ],
  pad: [
    [[normal(3)], { axis: 0, before: 2, after: 1 }],
    [[normal(3, 5, 4)], { axis: 1, before: 0, after: 3 }],
    [[normal(1, 2, 3)], { axis: 0, before: 1, after: 1 }],
  ],
  concat: [
    [[normal(3)], { axis: 0 }],
    [[normal(1, 2, 3), normal(1, 2, 3), normal(1, 2, 3)], { axis: 0 }],
    [[normal(2, 3, 4), normal(2, 1, 4), normal(2, 5, 4)], { axis: 1 }],
    [[normal(5, 2), normal(5, 3)], { axis: 1 }],
  ],
  matmul: products,
  gather: [
    [[normal(1, 1), ids(1, 1)]],
    [[normal(5, 3), ids(5, 4)]],
    [[normal(9, 7), ids(9, 2, 5)]],
    [[normal(4), ids(4, 3)]],
  ],
  scatterAdd: [
    [[ids(1, 1), normal(1, 1)], { rows: 1 }],
    [[ids(3, 7), normal(7, 5)], { rows: 4 }],
    [[ids(65, 4, 33), normal(4, 33, 6)], { rows: 65 }],
    [[ids(3, 9), normal(9)], { rows: 3 }],
  ],
  conv2d: convolutions.map(([x, kernel, , stride, padding]) => convolution(x, kernel, stride, padding)),
  conv2dInputGradient: convolutions.map(([x, kernel, y, stride, padding]): Row => [
    [normal(...y), normal(...kernel)],
    { stride, padding, height: x[2] ?? 1, width: x[3] ?? 1 },
  ]),
  conv2dKernelGradient: convolutions.map(([x, kernel, y, stride, padding]): Row => [
    [normal(...x), normal(...y)],
    { stride, padding, kernelHeight: kernel[2] ?? 1, kernelWidth: kernel[3] ?? 1 },
  ]),
  maxPool2d: pooling.flatMap(([x, , size]): Row[] => [
    [[normal(...x)], { size }],
    [[coarse(...x)], { size }],
  ]),
  maxPool2dGradient: pooling.flatMap(([x, y, size]): Row[] =>
    [normal, coarse].map((draw) => [
      [draw(...x), { kind: 'resultOf', shape: y, op: 'maxPool2d', attributes: { size } }, normal(...y)],
      { size },
    ]),
  ),
  layerNorm: [
    [[normal(1), normal(1), normal(1)], { epsilon: 1e-5 }],
    [[normal(5, 7), normal(7), normal(7)], { epsilon: 1e-5 }],
    [[wide(2, 3, 65), normal(65), normal(65)], { epsilon: 1e-5 }],
  ],
  layerNormInputGradient: [
    [[normal(5, 7), normal(7), normal(5, 7)], { epsilon: 1e-5 }],
    [[wide(2, 3, 65), normal(65), normal(2, 3, 65)], { epsilon: 1e-5 }],
  ],
  layerNormGainGradient: [
    [[normal(5, 7), normal(5, 7)], { epsilon: 1e-5 }],
    [[wide(2, 33, 65), normal(2, 33, 65)], { epsilon: 1e-5 }],
  ],
  rmsNorm: [
    [[normal(1), normal(1)], { epsilon: 1e-5 }],
    [[normal(5, 7), normal(7)], { epsilon: 1e-5 }],
    [[wide(2, 3, 65), normal(65)], { epsilon: 1e-5 }],
  ],
  rmsNormInputGradient: [
    [[normal(5, 7), normal(7), normal(5, 7)], { epsilon: 1e-5 }],
    [[wide(2, 3, 65), normal(65), normal(2, 3, 65)], { epsilon: 1e-5 }],
  ],
  rmsNormGainGradient: [
    [[normal(7), normal(7)], { epsilon: 1e-5 }],
    [[wide(2, 33, 65), normal(2, 33, 65)], { epsilon: 1e-5 }],
  ],
  rotaryTable: [
    [[], { length: 1, size: 2, theta: 10_000 }],
    [[], { length: 70, size: 16, theta: 10_000 }],
    [[], { length: 5000, size: 6, theta: 500_000 }],
  ],
  rotary: rotations,
  attention: attentionRows('q', 'k', 'v'),
  attentionLogSum: attentionRows('q', 'k'),
  attentionQueryGradient: attentionRows('q', 'k', 'v', 'y', 'dy', 'logSum'),
  attentionKeyGradient: attentionRows('q', 'k', 'v', 'y', 'dy', 'logSum'),
  attentionValueGradient: attentionRows('q', 'k', 'dy', 'logSum'),
  softmax: [
    [[normal(1)], { factor: 1, causal: false }],
    [[wide(5, 7)], { factor: 1, causal: false }],
    [[normal(1, 1)], { factor: 1, causal: true }],
    [[normal(2, 3, 9, 9)], { factor: 0.25, causal: true }],
    [[normal(3, 65, 65)], { factor: 0.5, causal: true }],
  ],
  softmaxGradient: [
    [[weights(1), normal(1)], { factor: 1 }],
    [[weights(5, 7), normal(5, 7)], { factor: 0.25 }],
    [[weights(2, 3, 65), normal(2, 3, 65)], { factor: 1 }],
  ],
  dropout: [
    [[normal(), words], { rate: 0.5, stream: 0 }],
    [[normal(4, 256), words], { rate: 0.1, stream: 3 }],
    [[normal(3, 5, 67), words], { rate: 0.9, stream: 4_294_967_295 }],
    [[normal(7), words], { rate: 0, stream: 1 }],
  ],
  crossEntropy: predictions,
  crossEntropyGradient: predictions,
  countCorrect: [...predictions, [[coarse(40, 3), ids(3, 40), weights(40)]]],
};

export const conformanceCases: readonly ConformanceCase[] = Object.entries(rows).flatMap(([op, calls]) =>
  calls.map(([operands, attributes = {}], index) => ({
    op,
    operands,
    attributes,
    name: `${op}#${index} ${operands.map(({ shape }) => `[${shape}]`).join(' ')} ${JSON.stringify(attributes)}`,
  })),
);
