/**
 * Exact convolutions. With one group they are canonical matrix products over x unfolded into columns [taps, places] for
 * each sample; with more, or where the columns would be too large, each element is one canonical sum. Which of the two
 * follows from the shapes alone, so it is the same on every adapter.
 */
import type { Conv2dSizes } from '../../ops/conv2d.ts';
import { and, axis, divideInt, indexOf, load, loadWhere, multiply, remainder, size, sum, add } from '../build.ts';
import type { Expr } from '../expression.ts';
import {
  type CanonicalLowered,
  type CanonicalOperand,
  type ExactContext,
  type ExactLowering,
  input,
  type MapCall,
  output,
  scratch,
} from '../kernel.ts';
import { foldCalls, folds } from './reduce.ts';
import { acrossAxis, downAxis, elementUnder, planeCovers, tapOf, times } from './windows.ts';

/** Most elements of the columns: 128 MiB, what one binding holds on any adapter. */
const MOST_COLUMNS = 2 ** 25;

type SizesOf = (inputs: ExactContext['inputs'], attributes: ExactContext['attributes']) => Conv2dSizes;

const tapsOf = (s: Conv2dSizes): number => s.groupChannels * s.kernelHeight * s.kernelWidth;
const placesOf = (s: Conv2dSizes): number => s.outHeight * s.outWidth;
const xShape = (s: Conv2dSizes): number[] => [s.batch, s.channels, s.height, s.width];
const kernelShape = (s: Conv2dSizes): number[] => [s.filters, s.groupChannels, s.kernelHeight, s.kernelWidth];
const yShape = (s: Conv2dSizes): number[] => [s.batch, s.filters, s.outHeight, s.outWidth];

/** By products where the sizes allow it, else by sums. */
const either =
  (
    byProducts: (sizes: Conv2dSizes) => CanonicalLowered,
    bySums: (sizes: Conv2dSizes) => CanonicalLowered,
    largest: (sizes: Conv2dSizes) => number,
  ) =>
  (sizesOf: SizesOf): ExactLowering => ({
    kind: 'calls',
    lower: ({ inputs, attributes }) => {
      const sizes = sizesOf(inputs, attributes);
      return sizes.groups === 1 && largest(sizes) <= MOST_COLUMNS ? byProducts(sizes) : bySums(sizes);
    },
  });

const columnElements = (s: Conv2dSizes): number => s.batch * tapsOf(s) * placesOf(s);

/** x at (sample, channel) under the tap (u, v) of the window at (i, j); 0 in the padding. */
function xUnder(
  s: Conv2dSizes,
  operand: number,
  [n, c]: readonly [Expr, Expr],
  [u, v]: readonly [Expr, Expr],
  [i, j]: readonly [Expr, Expr],
): Expr {
  const [line, column] = [elementUnder(downAxis(s), i, u), elementUnder(acrossAxis(s), j, v)];
  return loadWhere(and(line.inside, column.inside), operand, indexOf(xShape(s), [n, c, line.at, column.at]));
}

/** Columns [n, c, u, v, i, j] of x, input 0. */
const unfold = (s: Conv2dSizes, to: CanonicalOperand): MapCall => ({
  kind: 'map',
  operands: [input(0)],
  output: to,
  shape: [s.batch, s.channels, s.kernelHeight, s.kernelWidth, s.outHeight, s.outWidth],
  value: xUnder(s, 0, [axis(0), axis(1)], [axis(2), axis(3)], [axis(4), axis(5)]),
  moves: { kind: 'unfold', sizes: s },
});

const columnsType = (s: Conv2dSizes) => ({ dtype: 'f32', shape: [s.batch, tapsOf(s), placesOf(s)] }) as const;

/** The i-th of the channels of a group with its taps: [channel, row, column]. */
function groupTap(s: Conv2dSizes, at: Expr): readonly [Expr, readonly [Expr, Expr]] {
  const window = s.kernelHeight * s.kernelWidth;
  return [divideInt(at, size(window)), tapOf(s, remainder(at, size(window)))];
}

const groupOf = (channel: Expr, groupSize: number): Expr => divideInt(channel, size(groupSize));

export const conv2dExactly = either(
  (s) => ({
    calls: [
      unfold(s, scratch(0)),
      {
        kind: 'product',
        a: input(1),
        b: scratch(0),
        output,
        problem: {
          count: s.batch,
          m: s.filters,
          k: tapsOf(s),
          n: placesOf(s),
          transposeA: false,
          transposeB: false,
          sharedLeft: true,
        },
      },
    ],
    scratch: [columnsType(s)],
  }),
  (s) => {
    const [n, o, i, j] = [axis(0), axis(1), axis(2), axis(3)];
    const term = (at: Expr): Expr => {
      const [c, tap] = groupTap(s, at);
      const channel = add(times(groupOf(o, s.groupFilters), s.groupChannels), c);
      const kernel = load(1, add(times(o, tapsOf(s)), at));
      return multiply(xUnder(s, 0, [n, channel], tap, [i, j]), kernel);
    };
    return foldCalls(folds.sum, { shape: yShape(s), count: tapsOf(s), operands: [input(0), input(1)], term });
  },
  columnElements,
);

/** The columns' gradient is a product; dx sums, for each of its elements, the columns that it stands in. */
export const conv2dInputGradientExactly = either(
  (s) => {
    const shape = [s.batch, s.channels, s.kernelHeight, s.kernelWidth, s.outHeight, s.outWidth];
    const windows = planeCovers(s);
    const columnUnder = (which: Expr): Expr => {
      const { down, across } = windows.of(axis(2), axis(3), which);
      const index = indexOf(shape, [axis(0), axis(1), down.tap, across.tap, down.at, across.at]);
      return loadWhere(and(down.inside, across.inside), 0, index);
    };
    return {
      calls: [
        {
          kind: 'product',
          a: input(1),
          b: input(0),
          output: scratch(0),
          problem: {
            count: s.batch,
            m: tapsOf(s),
            k: s.filters,
            n: placesOf(s),
            transposeA: true,
            transposeB: false,
            sharedLeft: true,
          },
        },
        {
          kind: 'map',
          operands: [scratch(0)],
          output,
          shape: xShape(s),
          value: sum(size(windows.count), columnUnder),
        },
      ],
      scratch: [columnsType(s)],
    };
  },
  (s) => {
    const [n, channel] = [axis(0), axis(1)];
    const own = s.groupChannels === 1 ? size(0) : remainder(channel, size(s.groupChannels));
    const windows = planeCovers(s);
    const term = (at: Expr): Expr => {
      const [f, which] = [divideInt(at, size(windows.count)), remainder(at, size(windows.count))];
      const { down, across } = windows.of(axis(2), axis(3), which);
      const o = add(times(groupOf(channel, s.groupChannels), s.groupFilters), f);
      const inside = and(down.inside, across.inside);
      const kernel = loadWhere(inside, 1, indexOf(kernelShape(s), [o, own, down.tap, across.tap]));
      return multiply(loadWhere(inside, 0, indexOf(yShape(s), [n, o, down.at, across.at])), kernel);
    };
    const operands = [input(0), input(1)];
    return foldCalls(folds.sum, { shape: xShape(s), count: s.groupFilters * windows.count, operands, term });
  },
  columnElements,
);

/** A product a sample, then the sum over the samples. */
export const conv2dKernelGradientExactly = either(
  (s) => {
    const size = s.filters * tapsOf(s);
    const total = foldCalls(folds.sum, {
      shape: [size],
      count: s.batch,
      operands: [scratch(1)],
      term: (n) => load(0, add(times(n, size), axis(0))),
      temporaries: 2,
    });
    return {
      calls: [
        unfold(s, scratch(0)),
        {
          kind: 'product',
          a: input(1),
          b: scratch(0),
          output: scratch(1),
          problem: {
            count: s.batch,
            m: s.filters,
            k: placesOf(s),
            n: tapsOf(s),
            transposeA: false,
            transposeB: true,
          },
        },
        ...total.calls,
      ],
      scratch: [columnsType(s), { dtype: 'f32', shape: [s.batch, size] }, ...total.scratch],
    };
  },
  (s) => {
    const [o, c, u, v] = [axis(0), axis(1), axis(2), axis(3)];
    const channel = add(times(groupOf(o, s.groupFilters), s.groupChannels), c);
    const places = placesOf(s);
    const term = (at: Expr): Expr => {
      const [n, place] = [divideInt(at, size(places)), remainder(at, size(places))];
      const [i, j] = [divideInt(place, size(s.outWidth)), remainder(place, size(s.outWidth))];
      const dy = load(1, add(times(add(times(n, s.filters), o), places), place));
      return multiply(xUnder(s, 0, [n, channel], [u, v], [i, j]), dy);
    };
    const operands = [input(0), input(1)];
    return foldCalls(folds.sum, { shape: kernelShape(s), count: s.batch * places, operands, term });
  },
  (s) => Math.max(columnElements(s), s.batch * s.filters * tapsOf(s)),
);
