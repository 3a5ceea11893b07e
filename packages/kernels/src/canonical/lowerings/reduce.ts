/** Exact reductions over any set of axes. Long ones go in two stages whose cut depends on the shape alone. */
import { flag, naturals } from '../../graph/attributes.ts';
import type { TensorType } from '../../graph/graph.ts';
import {
  axis,
  divideInt,
  indexOf,
  load,
  loop,
  maximum,
  minimum,
  multiply,
  add,
  float,
  remainder,
  size,
  subtract,
  sum,
} from '../build.ts';
import type { Expr } from '../expression.ts';
import {
  type CanonicalLowered,
  type CanonicalOperand,
  type ExactLowering,
  input,
  type MapCall,
  output,
  scratch,
} from '../kernel.ts';

/** Terms from which a reduction is cut into stages, and the terms of one piece of the first. */
const LONG = 2048;
const PIECE = 1024;

/** How terms become one: f32 values `term(i)` for i from 0 to count − 1. */
export type Fold = (count: Expr, term: (i: Expr) => Expr) => Expr;

const extremum =
  (choose: (a: Expr, b: Expr) => Expr, start: number): Fold =>
  (count, term) =>
    loop(count, [float(start)], (i, [best = float(start)]) => [choose(best, term(i))])[0] ?? float(start);

export const folds: Readonly<Record<'sum' | 'maximum' | 'minimum', Fold>> = {
  sum,
  maximum: extremum(maximum, -Infinity),
  minimum: extremum(minimum, Infinity),
};

/**
 * `fold` over `count` terms for each element of a tensor of `shape`; `term(i)` may use the shape's axes. `operands` are
 * what the terms load.
 */
export function foldCalls(
  fold: Fold,
  {
    shape,
    count,
    operands,
    term,
    into = output,
    temporaries = 0,
  }: {
    readonly shape: readonly number[];
    readonly count: number;
    readonly operands: readonly CanonicalOperand[];
    readonly term: (i: Expr) => Expr;
    readonly into?: CanonicalOperand;
    /** Scratch tensors that the caller has already. */
    readonly temporaries?: number;
  },
): { readonly calls: readonly MapCall[]; readonly scratch: readonly TensorType[] } {
  if (count <= LONG) {
    const value = fold(size(count), term);
    return { calls: [{ kind: 'map', operands, output: into, shape, value }], scratch: [] };
  }
  const pieces = Math.ceil(count / PIECE);
  const split = [...shape, pieces];
  const start = multiply(axis(shape.length), size(PIECE));
  const length = minimum(size(PIECE), subtract(size(count), start));
  const partial = scratch(temporaries);
  const first: MapCall = {
    kind: 'map',
    operands,
    output: partial,
    shape: split,
    value: fold(length, (i) => term(add(start, i))),
  };
  const own = shape.map((_, at) => axis(at));
  const rest = foldCalls(fold, {
    shape,
    count: pieces,
    operands: [partial],
    term: (i) => load(0, indexOf(split, [...own, i])),
    into,
    temporaries: temporaries + 1,
  });
  return { calls: [first, ...rest.calls], scratch: [{ dtype: 'f32', shape: split }, ...rest.scratch] };
}

/** The coordinates along `axes` of the i-th of their elements, row-major. */
function coordinatesOf(i: Expr, shape: readonly number[], axes: readonly number[]): ReadonlyMap<number, Expr> {
  const result = new Map<number, Expr>();
  let inner = 1;
  for (const [position, at] of [...axes.entries()].reverse()) {
    const count = shape[at] ?? 1;
    const quotient = inner === 1 ? i : divideInt(i, size(inner));
    result.set(at, position === 0 ? quotient : remainder(quotient, size(count)));
    inner *= count;
  }
  return result;
}

/** reduceSum and its kin: attributes `axes` and `keepDims`. */
export const reduceExactly = (kind: keyof typeof folds): ExactLowering => ({
  kind: 'calls',
  lower: ({ inputs: [x], attributes, output: result }): CanonicalLowered => {
    const [shape, axes] = [x?.shape ?? [], naturals(attributes, 'axes')];
    const kept = flag(attributes, 'keepDims');
    const outer = shape.map((_, at) => {
      const dropped = kept ? 0 : axes.filter((reduced) => reduced < at).length;
      return axes.includes(at) ? null : axis(at - dropped);
    });
    const term = (i: Expr): Expr => {
      const inside = coordinatesOf(i, shape, axes);
      return load(
        0,
        indexOf(
          shape,
          shape.map((_, at) => inside.get(at) ?? outer[at] ?? null),
        ),
      );
    };
    const count = axes.reduce((product, at) => product * (shape[at] ?? 1), 1);
    return foldCalls(folds[kind], { shape: result.shape, count, operands: [input(0)], term });
  },
});
