/** Conformance rows of convolutions, poolings and batch normalisation. */
import { coarse, normal, type Row, weights, wide } from './conformance-draws.ts';
import { conv2dAttributes } from './conv2d.ts';
import { poolAttributes } from './pool2d.ts';
import type { Shape } from './shape.ts';

interface Convolution {
  readonly x: Shape;
  readonly kernel: Shape;
  readonly y: Shape;
  readonly attributes: ReturnType<typeof conv2dAttributes>;
}

const convolution = (
  x: Shape,
  kernel: Shape,
  y: Shape,
  options: Parameters<typeof conv2dAttributes>[0] = {},
): Convolution => ({ x, kernel, y, attributes: conv2dAttributes(options) });

/** One geometry for the three convolution ops: plain ones, then each thing that can be uneven, then groups. */
const convolutions: readonly Convolution[] = [
  convolution([1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]),
  convolution([2, 3, 7, 6], [4, 3, 3, 3], [2, 4, 7, 6], { padding: 1 }),
  convolution([2, 2, 8, 9], [3, 2, 3, 3], [2, 3, 4, 5], { stride: 2, padding: 1 }),
  convolution([1, 2, 8, 8], [2, 2, 3, 3], [1, 2, 3, 3], { stride: 2 }),
  convolution([1, 5, 12, 11], [9, 5, 5, 5], [1, 9, 12, 11], { padding: 2 }),
  convolution([1, 1, 4, 5], [1, 1, 2, 3], [1, 1, 3, 3]),
  convolution([2, 3, 6, 7], [5, 3, 1, 1], [2, 5, 3, 4], { stride: 2 }),
  convolution([1, 2, 3, 3], [3, 2, 1, 1], [1, 3, 7, 7], { padding: 2 }),
  convolution([1, 2, 9, 11], [3, 2, 3, 3], [1, 3, 7, 9], { padding: 1, dilation: 2 }),
  convolution([2, 2, 11, 9], [3, 2, 2, 3], [2, 3, 6, 4], { stride: 2, padding: 1, dilation: 2 }),
  {
    ...convolution([2, 3, 8, 9], [4, 3, 3, 2], [2, 4, 4, 9]),
    attributes: { strides: [2, 1], pads: [0, 2, 1, 1], dilations: [1, 3], groups: 1 },
  },
  convolution([2, 4, 7, 6], [6, 2, 3, 3], [2, 6, 7, 6], { padding: 1, groups: 2 }),
  convolution([2, 5, 9, 7], [5, 1, 3, 3], [2, 5, 5, 4], { stride: 2, padding: 1, groups: 5 }),
  convolution([3, 3, 5, 5], [9, 1, 2, 2], [3, 9, 4, 4], { groups: 3 }),
  {
    ...convolution([2, 12, 8, 6], [18, 4, 3, 2], [2, 18, 3, 8]),
    attributes: { strides: [2, 1], pads: [1, 2, 0, 2], dilations: [2, 2], groups: 3 },
  },
];

interface Pooling {
  readonly x: Shape;
  readonly y: Shape;
  readonly attributes: ReturnType<typeof poolAttributes>;
}

const pooling = (x: Shape, y: Shape, options: Parameters<typeof poolAttributes>[0]): Pooling => ({
  x,
  y,
  attributes: poolAttributes(options),
});

const poolings: readonly Pooling[] = [
  pooling([1, 1, 1, 1], [1, 1, 1, 1], { size: 1 }),
  pooling([2, 3, 4, 6], [2, 3, 2, 3], { size: 2 }),
  pooling([2, 1, 7, 5], [2, 1, 3, 2], { size: 2 }),
  pooling([1, 2, 7, 9], [1, 2, 2, 3], { size: 3 }),
  pooling([2, 3, 9, 8], [2, 3, 5, 4], { size: 3, stride: 2, padding: 1 }),
  pooling([1, 2, 6, 7], [1, 2, 4, 5], { size: 3, stride: 1 }),
  pooling([2, 2, 8, 8], [2, 2, 3, 3], { size: 2, stride: 3 }),
  // Of its one window pads leave one element.
  pooling([1, 1, 2, 2], [1, 1, 1, 1], { size: 2, stride: 3, padding: 1 }),
  {
    ...pooling([2, 2, 7, 8], [2, 2, 4, 9], { size: 1 }),
    attributes: { kernel: [3, 2], strides: [2, 1], pads: [2, 1, 0, 1] },
  },
];

const averages = [true, false].flatMap((countPads) =>
  poolings.map(({ x, y, attributes }) => ({ x, y, attributes: { ...attributes, countPads } })),
);

/** One number a channel of x. */
const channels = (x: Shape): number[] => [x[1] ?? 1, ...x.slice(2).map(() => 1)];
const variances = (x: Shape) => ({ kind: 'range', shape: channels(x), low: 0.1, high: 3 }) as const;
const normed: readonly Shape[] = [
  [1, 1],
  [5, 3],
  [130, 7],
  [3, 5, 7],
  [4, 3, 9, 7],
  [2, 70, 3, 3],
  [33, 2, 13, 11],
];
const EPSILON = { epsilon: 1e-5 };

export const visionRows: Readonly<Record<string, readonly Row[]>> = {
  conv2d: convolutions.map(({ x, kernel, attributes }) => [[normal(...x), normal(...kernel)], attributes]),
  conv2dInputGradient: convolutions.map(({ x, kernel, y, attributes }) => [
    [normal(...y), normal(...kernel)],
    { ...attributes, size: x.slice(2) },
  ]),
  conv2dKernelGradient: convolutions.map(({ x, kernel, y, attributes }) => [
    [normal(...x), normal(...y)],
    { ...attributes, kernel: kernel.slice(2) },
  ]),
  maxPool2d: poolings.flatMap(({ x, attributes }): Row[] => [
    [[normal(...x)], attributes],
    [[coarse(...x)], attributes],
  ]),
  maxPool2dGradient: poolings.flatMap(({ x, y, attributes }): Row[] =>
    [normal, coarse].map((draw) => [
      [draw(...x), { kind: 'resultOf', shape: y, op: 'maxPool2d', attributes }, normal(...y)],
      attributes,
    ]),
  ),
  averagePool2d: averages.map(({ x, attributes }) => [[normal(...x)], attributes]),
  averagePool2dGradient: averages.map(({ x, y, attributes }) => [[normal(...y)], { ...attributes, size: x.slice(2) }]),
  channelMean: normed.flatMap((x): Row[] => [[[normal(...x), weights(x[0] ?? 1)]], [[wide(...x), weights(x[0] ?? 1)]]]),
  channelVariance: normed.map((x) => [[normal(...x), normal(...channels(x)), weights(x[0] ?? 1)]]),
  batchNorm: normed.map((x) => {
    const each = normal(...channels(x));
    return [[normal(...x), each, each, each, variances(x)], EPSILON];
  }),
  batchNormGainGradient: normed.map((x) => [
    [normal(...x), normal(...channels(x)), variances(x), normal(...x)],
    EPSILON,
  ]),
};
