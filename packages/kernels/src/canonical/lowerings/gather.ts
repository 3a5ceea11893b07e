/** Exact gather and scatterAdd. */
import { add, and, axis, equal, int, loadInt, load, loop, multiply, select, size, subtract, float } from '../build.ts';
import type { Expr } from '../expression.ts';
import { type ExactLowering, input, type MapCall, output, scratch } from '../kernel.ts';

const elements = (shape: readonly number[]): number => shape.reduce((product, each) => product * each, 1);

/** Picks rows by id: the ids' elements, then a row's. */
export const gatherExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ inputs: [table, ids] }) => {
    const [row, count] = [elements(table?.shape.slice(1) ?? []), elements(ids?.shape ?? [])];
    const value = load(0, add(multiply(loadInt(1, axis(0)), size(row)), axis(1)));
    return { calls: [{ kind: 'map', operands: [input(0), input(1)], output, shape: [count, row], value }] };
  },
};

/**
 * Adds rows by id, in ascending order of their places. Looking for a row's updates in all of them would cost rows × updates ×
 * width, so they are first chained: `next[p]` is the place after p that has the same id, `head[r]` the first place of id r,
 * `uses[r]` their number.
 */
export const scatterAddExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ inputs: [ids], output: { shape } }) => {
    const [count, rows, row] = [elements(ids?.shape ?? []), shape[0] ?? 1, elements(shape.slice(1))];
    const [next, head, uses] = [scratch(0), scratch(1), scratch(2)];
    const ofIds = { kind: 'map', operands: [input(0)] } as const;
    const calls: MapCall[] = [
      { ...ofIds, output: next, shape: [count], value: nextPlace(count) },
      { ...ofIds, output: head, shape: [rows], value: firstPlace(count) },
      { ...ofIds, output: uses, shape: [rows], value: placeCount(count) },
      { kind: 'map', operands: [input(1), next, head, uses], output, shape: [rows, row], value: chainedSum(row) },
    ];
    const places = (length: number) => ({ dtype: 'i32', shape: [length] }) as const;
    return { calls, scratch: [places(count), places(rows), places(rows)] };
  },
};

/** The first i of `count` for which `found(i)`, else `otherwise`. */
const firstWhere = (count: Expr, otherwise: Expr, found: (i: Expr) => Expr, place: (i: Expr) => Expr): Expr =>
  loop(count, [otherwise], (i, [at = otherwise]) => [select(and(equal(at, otherwise), found(i)), place(i), at)])[0] ??
  otherwise;

function nextPlace(count: number): Expr {
  const after = add(axis(0), int(1));
  const place = (i: Expr): Expr => add(after, i);
  const same = (i: Expr): Expr => equal(loadInt(0, place(i)), loadInt(0, axis(0)));
  return firstWhere(subtract(size(count), after), size(count), same, place);
}

const firstPlace = (count: number): Expr =>
  firstWhere(
    size(count),
    size(count),
    (i) => equal(loadInt(0, i), axis(0)),
    (i) => i,
  );

const placeCount = (count: number): Expr =>
  loop(size(count), [int(0)], (i, [uses = int(0)]) => [
    select(equal(loadInt(0, i), axis(0)), add(uses, int(1)), uses),
  ])[0] ?? int(0);

function chainedSum(row: number): Expr {
  const [, total = float(0)] = loop(
    loadInt(3, axis(0)),
    [loadInt(2, axis(0)), float(0)],
    (_, [place = int(0), sum = float(0)]) => [
      loadInt(1, place),
      add(sum, load(0, add(multiply(place, size(row)), axis(1)))),
    ],
  );
  return total;
}
