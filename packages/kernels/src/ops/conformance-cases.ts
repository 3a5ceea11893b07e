/** The rows of the conformance table: for every op the calls that a backend must get right. */
import type { Attributes } from '../graph/graph.ts';
import { coarse, type Draw, ids, normal, positive, type Row, weights, wide, words } from './conformance-draws.ts';
import { languageRows } from './conformance-language.ts';
import { visionRows } from './conformance-vision.ts';

export type { Draw } from './conformance-draws.ts';

export interface ConformanceCase {
  readonly op: string;
  /** Unique in the table. */
  readonly name: string;
  readonly operands: readonly Draw[];
  readonly attributes: Attributes;
}

const elementwisePairs = (draw: (...shape: number[]) => Draw): Row[] => [
  [[draw(), draw()]],
  [[draw(1), draw(1)]],
  [[draw(7), draw(7)]],
  [[draw(33, 65), draw(65)]],
  [[draw(5), draw(3, 1)]],
  [[draw(2, 3, 5), draw(3, 1)]],
  [[draw(), draw(4, 4)]],
  [[draw(2, 1, 4, 1), draw(3, 1, 5)]],
  [[draw(2, 1, 3, 1, 2, 1), draw(1, 3, 1, 2, 1, 5)]],
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
  [[normal(2, 3, 2, 3, 2, 3)], { axes: [0, 2, 5], keepDims: false }],
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
  toF32: [[[ids(1000)]], [[ids(200_000, 5, 67)]]],
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
    [[normal(2, 1, 3, 1, 2)], { shape: [3, 2, 5, 3, 4, 2] }],
    [[normal(3, 1)], { shape: [2, 3, 7] }],
  ],
  reshape: [
    [[normal(6, 4)], { shape: [3, 8] }],
    [[normal(1, 1)], { shape: [] }],
    [[ids(99, 4, 3)], { shape: [2, 6] }],
    [[normal(5)], { shape: [1, 5, 1] }],
  ],
  transpose: [
    [[normal(3, 5)], { permutation: [1, 0] }],
    [[normal(2, 3, 4, 5)], { permutation: [0, 2, 1, 3] }],
    [[normal(2, 3, 3, 4, 5)], { permutation: [2, 0, 3, 1, 4] }],
    [[normal(1, 7, 1)], { permutation: [2, 1, 0] }],
    [[normal(2, 3, 2, 5, 3, 2)], { permutation: [5, 0, 3, 1, 4, 2] }],
  ],
  slice: [
    [[normal(7)], { axis: 0, start: 2, length: 3 }],
    [[normal(3, 5, 4)], { axis: 1, start: 4, length: 1 }],
    [[normal(3, 5, 4)], { axis: 2, start: 0, length: 3 }],
    [[normal(2, 3, 2, 5, 3, 2)], { axis: 3, start: 1, length: 3 }],
  ],
  pad: [
    [[normal(3)], { axis: 0, before: 2, after: 1 }],
    [[normal(3, 5, 4)], { axis: 1, before: 0, after: 3 }],
    [[normal(1, 2, 3)], { axis: 0, before: 1, after: 1 }],
    [[normal(2, 3, 2, 5, 3, 2)], { axis: 4, before: 1, after: 2 }],
  ],
  concat: [
    [[normal(3)], { axis: 0 }],
    [[normal(1, 2, 3), normal(1, 2, 3), normal(1, 2, 3)], { axis: 0 }],
    [[normal(2, 3, 4), normal(2, 1, 4), normal(2, 5, 4)], { axis: 1 }],
    [[normal(5, 2), normal(5, 3)], { axis: 1 }],
    [[normal(2, 1, 3, 2, 2, 3), normal(2, 1, 3, 4, 2, 3)], { axis: 3 }],
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
  ...languageRows,
  ...visionRows,
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

/** All that tells a case from others and calls it again. */
export const caseName = (label: string, operands: readonly Draw[], attributes: Attributes): string =>
  `${label} ${operands.map(({ shape }) => `[${shape}]`).join(' ')} ${JSON.stringify(attributes)}`;

export const conformanceCases: readonly ConformanceCase[] = Object.entries(rows).flatMap(([op, calls]) =>
  calls.map(([operands, attributes = {}], index) => ({
    op,
    operands,
    attributes,
    name: caseName(`${op}#${index}`, operands, attributes),
  })),
);
