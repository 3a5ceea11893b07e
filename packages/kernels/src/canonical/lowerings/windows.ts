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

/** The window that has the element `element` under its tap `tap`. */
export function windowOver({ stride, dilation, before, places }: WindowAxis, element: Expr, tap: Expr): Spot {
  const from = subtract(plus(element, before), times(tap, dilation));
  if (stride === 1) return { at: from, inside: within(from, places) };
  // Division is of numbers ≥ 0 alone.
  const start = select(lessOrEqual(int(0), from), from, int(0));
  const at = divideInt(start, size(stride));
  const met = and(lessOrEqual(int(0), from), equal(remainder(start, size(stride)), int(0)));
  return { at, inside: and(met, less(at, size(places))) };
}

/** The taps [row, column] of the `tap`-th, row-major. */
export const tapOf = ({ kernelWidth }: Window2d, tap: Expr): readonly [Expr, Expr] =>
  kernelWidth === 1 ? [tap, int(0)] : [divideInt(tap, size(kernelWidth)), remainder(tap, size(kernelWidth))];
