/** Where windows that slide over planes meet the elements of x, as expressions. */
import type { Window2d } from '../../ops/window2d.ts';
import {
  add,
  and,
  divideInt,
  equal,
  int,
  less,
  lessOrEqual,
  multiply,
  remainder,
  select,
  size,
  subtract,
} from '../build.ts';
import type { Expr } from '../expression.ts';

/** x · count, for a number that follows from a shape. */
export const times = (x: Expr, count: number): Expr => (count === 1 ? x : multiply(x, size(count)));

/** x + count. */
export const plus = (x: Expr, count: number): Expr => (count === 0 ? x : add(x, size(count)));

/** One axis of a window. */
export interface WindowAxis {
  /** Elements of the plane, taps of the window, places of the window. */
  readonly length: number;
  readonly taps: number;
  readonly places: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
}

export const downAxis = (w: Window2d): WindowAxis => ({
  length: w.height,
  taps: w.kernelHeight,
  places: w.outHeight,
  stride: w.strideY,
  dilation: w.dilationY,
  before: w.top,
});

export const acrossAxis = (w: Window2d): WindowAxis => ({
  length: w.width,
  taps: w.kernelWidth,
  places: w.outWidth,
  stride: w.strideX,
  dilation: w.dilationX,
  before: w.left,
});

/** A coordinate, and whether there is such an element. */
export interface Spot {
  readonly at: Expr;
  readonly inside: Expr;
}

const within = (at: Expr, count: number): Expr => and(lessOrEqual(int(0), at), less(at, size(count)));

/** The element under tap `tap` of the window at `place`. */
export function elementUnder({ stride, dilation, before, length }: WindowAxis, place: Expr, tap: Expr): Spot {
  const at = subtract(add(times(place, stride), times(tap, dilation)), size(before));
  return { at, inside: within(at, length) };
}

/** A window over some element, and the tap that it has there. */
interface Cover extends Spot {
  readonly tap: Expr;
}

/** Which windows can have one element under a tap: at most `count` of them. */
interface Covers {
  readonly count: number;
  /** The `which`-th of them, the last window first. */
  readonly of: (element: Expr, which: Expr) => Cover;
}

/** Windows that are not dilated have every stride-th tap on an element: no others are looked at, and one place is divided. */
const stepped = ({ stride, before, taps, places }: WindowAxis): Covers => ({
  count: Math.ceil(taps / stride),
  of: (element, which) => {
    const from = plus(element, before);
    const [last, first] =
      stride === 1 ? [from, int(0)] : [divideInt(from, size(stride)), remainder(from, size(stride))];
    const tap = add(first, times(which, stride));
    const at = subtract(last, which);
    return { at, tap, inside: and(less(tap, size(taps)), within(at, places)) };
  },
});

const dilated = ({ stride, dilation, before, taps, places }: WindowAxis): Covers => ({
  count: taps,
  of: (element, tap) => {
    const from = subtract(plus(element, before), times(tap, dilation));
    // Division is of numbers ≥ 0 alone.
    const start = select(lessOrEqual(int(0), from), from, int(0));
    const met = and(lessOrEqual(int(0), from), equal(remainder(start, size(stride)), int(0)));
    const at = divideInt(start, size(stride));
    return { at, tap, inside: and(met, less(at, size(places))) };
  },
});

const covers = (along: WindowAxis): Covers => (along.dilation === 1 ? stepped : dilated)(along);

/** The windows that have one element of a plane under a tap. */
export interface PlaneCovers {
  readonly count: number;
  readonly of: (line: Expr, column: Expr, which: Expr) => { readonly down: Cover; readonly across: Cover };
}

export function planeCovers(window: Window2d): PlaneCovers {
  const [down, across] = [covers(downAxis(window)), covers(acrossAxis(window))];
  const split = (which: Expr): readonly [Expr, Expr] =>
    across.count === 1 ? [which, int(0)] : [divideInt(which, size(across.count)), remainder(which, size(across.count))];
  return {
    count: down.count * across.count,
    of: (line, column, which) => {
      const [i, j] = split(which);
      return { down: down.of(line, i), across: across.of(column, j) };
    },
  };
}

/** The taps [row, column] of the `tap`-th, row-major. */
export const tapOf = ({ kernelWidth }: Window2d, tap: Expr): readonly [Expr, Expr] =>
  kernelWidth === 1 ? [tap, int(0)] : [divideInt(tap, size(kernelWidth)), remainder(tap, size(kernelWidth))];
