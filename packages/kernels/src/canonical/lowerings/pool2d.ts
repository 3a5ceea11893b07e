/** Exact poolings. */
import { flag } from '../../graph/attributes.ts';
import type { Attributes, TensorType } from '../../graph/graph.ts';
import type { Pool2dSizes } from '../../ops/pool2d.ts';
import {
  add,
  and,
  axis,
  equal,
  float,
  indexOf,
  int,
  less,
  load,
  loadInt,
  loadWhere,
  loop,
  maximum,
  minimum,
  multiply,
  select,
  size,
  subtract,
  sum,
  toFloat,
} from '../build.ts';
import type { Expr } from '../expression.ts';
import { reciprocal } from '../functions.ts';
import { type ExactLowering, input, output, scratch } from '../kernel.ts';
import { acrossAxis, downAxis, elementUnder, planeCovers, tapOf, times, type WindowAxis } from './windows.ts';

type PoolSizesOf = (inputs: readonly TensorType[], attributes: Attributes) => Pool2dSizes;

const xShape = (s: Pool2dSizes): number[] => [s.planes, s.height, s.width];
const yShape = (s: Pool2dSizes): number[] => [s.planes, s.outHeight, s.outWidth];
const tapsOf = (s: Pool2dSizes): Expr => size(s.kernelHeight * s.kernelWidth);

/** The element of x under a tap of the window at (plane, i, j), which are the map's axes. */
function under(s: Pool2dSizes, tap: Expr): { readonly inside: Expr; readonly index: Expr } {
  const [u, v] = tapOf(s, tap);
  const [line, column] = [elementUnder(downAxis(s), axis(1), u), elementUnder(acrossAxis(s), axis(2), v)];
  return { inside: and(line.inside, column.inside), index: indexOf(xShape(s), [axis(0), line.at, column.at]) };
}

/** Σ over the windows that cover the element of x at (plane, line, column), the map's axes. */
function sumOver(s: Pool2dSizes, term: (inside: Expr, window: Expr) => Expr): Expr {
  const windows = planeCovers(s);
  return sum(size(windows.count), (which) => {
    const { down, across } = windows.of(axis(1), axis(2), which);
    return term(and(down.inside, across.inside), indexOf(yShape(s), [axis(0), down.at, across.at]));
  });
}

/** The maximum over the map's window and the place of the first element that has it, in loop states. */
function winner(s: Pool2dSizes): readonly [Expr, Expr] {
  const [best = float(0), at = int(0)] = loop(
    tapsOf(s),
    [float(-Infinity), int(-1)],
    (tap, [top = float(0), place = int(0)]) => {
      const { inside, index } = under(s, tap);
      const value = loadWhere(inside, 0, index, float(-Infinity));
      const better = less(top, value);
      return [select(better, value, top), select(better, index, place)];
    },
  );
  return [best, at];
}

export const maxPool2dExactly = (sizesOf: PoolSizesOf): ExactLowering => ({
  kind: 'calls',
  lower: ({ inputs, attributes }) => {
    const s = sizesOf(inputs, attributes);
    return { calls: [{ kind: 'map', operands: [input(0)], output, shape: yShape(s), value: winner(s)[0] }] };
  },
});

/** First each window's winner, then for each element of x the sum of dy over the windows that it won. */
export const maxPool2dGradientExactly = (sizesOf: PoolSizesOf): ExactLowering => ({
  kind: 'calls',
  lower: ({ inputs, attributes }) => {
    const s = sizesOf(inputs, attributes);
    const own = indexOf(xShape(s), [axis(0), axis(1), axis(2)]);
    const won = (inside: Expr, index: Expr): Expr => {
      const window = select(inside, index, int(0));
      return select(and(inside, equal(loadInt(0, window), own)), load(1, window), float(0));
    };
    return {
      calls: [
        { kind: 'map', operands: [input(0)], output: scratch(0), shape: yShape(s), value: winner(s)[1] },
        { kind: 'map', operands: [scratch(0), input(2)], output, shape: xShape(s), value: sumOver(s, won) },
      ],
      scratch: [{ dtype: 'i32', shape: yShape(s) }],
    };
  },
});

/** Elements of x under the window at `place`. */
function covered({ stride, before, taps, length }: WindowAxis, place: Expr): Expr {
  const start = subtract(times(place, stride), size(before));
  return subtract(minimum(add(start, size(taps)), size(length)), maximum(start, int(0)));
}

/** One over what the window at (i, j) is divided by. */
function share(s: Pool2dSizes, countPads: boolean, i: Expr, j: Expr): Expr {
  if (countPads) return float(1 / (s.kernelHeight * s.kernelWidth));
  return reciprocal(toFloat(multiply(covered(downAxis(s), i), covered(acrossAxis(s), j))));
}

export const averagePool2dExactly = (sizesOf: PoolSizesOf): ExactLowering => ({
  kind: 'calls',
  lower: ({ inputs, attributes }) => {
    const s = sizesOf(inputs, attributes);
    const term = (tap: Expr): Expr => {
      const { inside, index } = under(s, tap);
      return loadWhere(inside, 0, index);
    };
    const value = multiply(sum(tapsOf(s), term), share(s, flag(attributes, 'countPads'), axis(1), axis(2)));
    return { calls: [{ kind: 'map', operands: [input(0)], output, shape: yShape(s), value }] };
  },
});

/** First each window's dy in equal shares, then for each element of x the sum over the windows that cover it. */
export const averagePool2dGradientExactly = (sizesOf: PoolSizesOf): ExactLowering => ({
  kind: 'calls',
  lower: ({ inputs, attributes }) => {
    const s = sizesOf(inputs, attributes);
    const own = load(0, indexOf(yShape(s), [axis(0), axis(1), axis(2)]));
    const shared = multiply(own, share(s, flag(attributes, 'countPads'), axis(1), axis(2)));
    const total = sumOver(s, (inside, index) => loadWhere(inside, 0, index));
    return {
      calls: [
        { kind: 'map', operands: [input(0)], output: scratch(0), shape: yShape(s), value: shared },
        { kind: 'map', operands: [scratch(0)], output, shape: xShape(s), value: total },
      ],
      scratch: [{ dtype: 'f32', shape: yShape(s) }],
    };
  },
});
