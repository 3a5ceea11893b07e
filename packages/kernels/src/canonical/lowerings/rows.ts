/** Exact lowerings of what works row by row over the last axis: softmax and layer normalisation with their gradients. */
import { flag, number } from '../../graph/attributes.ts';
import type { TensorType } from '../../graph/graph.ts';
import {
  add,
  axis,
  float,
  int,
  less,
  load,
  minimum,
  multiply,
  remainder,
  select,
  size,
  subtract,
  sum,
  maximumOver,
} from '../build.ts';
import type { Expr } from '../expression.ts';
import { exp, reciprocal, rsqrt } from '../functions.ts';
import { type CanonicalOperand, type ExactLowering, input, type MapCall, output, scratch } from '../kernel.ts';
import { foldCalls, folds } from './reduce.ts';

/** A tensor as rows of its last axis. */
export function rowsOf(type: TensorType | undefined): { readonly rows: number; readonly columns: number } {
  const columns = type?.shape.at(-1) ?? 1;
  return { rows: (type?.shape ?? []).reduce((product, each) => product * each, 1) / columns, columns };
}

/** Element (row of the map, `column`) of an operand with `columns` a row. */
export const cell = (operand: number, columns: number, column: Expr): Expr =>
  load(operand, add(multiply(axis(0), size(columns)), column));

/** Maps over rows, or over rows and columns. */
export const map = (
  operands: readonly CanonicalOperand[],
  target: CanonicalOperand,
  shape: readonly number[],
  value: Expr,
): MapCall => ({
  kind: 'map',
  operands,
  output: target,
  shape,
  value,
});

export const perRow = (rows: number): TensorType => ({ dtype: 'f32', shape: [rows] });

/** top: the rows' maxima; e = exp(factor · x − top); y = e / Σ e. */
export const softmaxExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ inputs: [x], attributes }) => {
    const { rows, columns } = rowsOf(x);
    const factor = float(number(attributes, 'factor'));
    const square = x?.shape.at(-2) ?? 1;
    const visible = flag(attributes, 'causal')
      ? minimum(size(columns), add(remainder(axis(0), size(square)), int(1)))
      : size(columns);
    const scaled = (column: Expr): Expr => multiply(factor, cell(0, columns, column));
    const shown = (value: Expr): Expr =>
      flag(attributes, 'causal') ? select(less(axis(1), visible), value, float(0)) : value;
    const [top, weights, inverse] = [scratch(0), scratch(1), scratch(2)];
    return {
      calls: [
        map([input(0)], top, [rows], maximumOver(visible, scaled)),
        map([input(0), top], weights, [rows, columns], shown(exp(subtract(scaled(axis(1)), load(1, axis(0)))))),
        map([weights], inverse, [rows], reciprocal(sum(visible, (column) => cell(0, columns, column)))),
        map([weights, inverse], output, [rows, columns], multiply(cell(0, columns, axis(1)), load(1, axis(0)))),
      ],
      scratch: [perRow(rows), { dtype: 'f32', shape: [rows, columns] }, perRow(rows)],
    };
  },
};

export const softmaxGradientExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ inputs: [y], attributes }) => {
    const { rows, columns } = rowsOf(y);
    const factor = float(number(attributes, 'factor'));
    const dot = sum(size(columns), (column) => multiply(cell(0, columns, column), cell(1, columns, column)));
    const difference = subtract(cell(1, columns, axis(1)), load(2, axis(0)));
    const value = multiply(multiply(factor, cell(0, columns, axis(1))), difference);
    return {
      calls: [
        map([input(0), input(1)], scratch(0), [rows], dot),
        map([input(0), input(1), scratch(0)], output, [rows, columns], value),
      ],
      scratch: [perRow(rows)],
    };
  },
};

export const meanOver = (columns: number, term: (column: Expr) => Expr): Expr =>
  multiply(sum(size(columns), term), float(1 / columns));

/** Fills scratch 0 with the rows' means and scratch 1 with 1/√(variance + epsilon). */
function rowStatistics(rows: number, columns: number, epsilon: number): { calls: MapCall[]; scratch: TensorType[] } {
  const centred = (column: Expr): Expr => subtract(cell(0, columns, column), load(1, axis(0)));
  const variance = meanOver(columns, (column) => multiply(centred(column), centred(column)));
  return {
    calls: [
      map(
        [input(0)],
        scratch(0),
        [rows],
        meanOver(columns, (column) => cell(0, columns, column)),
      ),
      map([input(0), scratch(0)], scratch(1), [rows], rsqrt(add(variance, float(epsilon)))),
    ],
    scratch: [perRow(rows), perRow(rows)],
  };
}

/** x̂ at (row, column): operands `x`, `mean`, `inverse` of the map by position. */
const normalised = (
  columns: number,
  column: Expr,
  [x, mean, inverse]: readonly [number, number, number],
  row: Expr = axis(0),
): Expr => multiply(subtract(load(x, add(multiply(row, size(columns)), column)), load(mean, row)), load(inverse, row));

export const layerNormExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ inputs: [x], attributes }) => {
    const { rows, columns } = rowsOf(x);
    const statistics = rowStatistics(rows, columns, number(attributes, 'epsilon'));
    const scaled = multiply(normalised(columns, axis(1), [0, 1, 2]), load(3, axis(1)));
    const operands = [input(0), scratch(0), scratch(1), input(1), input(2)];
    const result = map(operands, output, [rows, columns], add(scaled, load(4, axis(1))));
    return { calls: [...statistics.calls, result], scratch: statistics.scratch };
  },
};

/** dx = inverse · (g − mean(g) − x̂ · mean(g ⊙ x̂)) with g = dy ⊙ gain. */
export const layerNormInputGradientExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ inputs: [x], attributes }) => {
    const { rows, columns } = rowsOf(x);
    const statistics = rowStatistics(rows, columns, number(attributes, 'epsilon'));
    // Operands of the three maps below: dy, gain, x, mean, inverse.
    const operands = [input(2), input(1), input(0), scratch(0), scratch(1)];
    const g = (column: Expr): Expr => multiply(cell(0, columns, column), load(1, column));
    const row = (column: Expr): Expr => normalised(columns, column, [2, 3, 4]);
    const projected = multiply(row(axis(1)), load(6, axis(0)));
    const value = multiply(load(4, axis(0)), subtract(subtract(g(axis(1)), load(5, axis(0))), projected));
    return {
      calls: [
        ...statistics.calls,
        map(operands, scratch(2), [rows], meanOver(columns, g)),
        map(
          operands,
          scratch(3),
          [rows],
          meanOver(columns, (column) => multiply(g(column), row(column))),
        ),
        map([...operands, scratch(2), scratch(3)], output, [rows, columns], value),
      ],
      scratch: [...statistics.scratch, perRow(rows), perRow(rows)],
    };
  },
};

export const layerNormGainGradientExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ inputs: [x], attributes }) => {
    const { rows, columns } = rowsOf(x);
    const statistics = rowStatistics(rows, columns, number(attributes, 'epsilon'));
    const term = (row: Expr): Expr =>
      multiply(load(3, add(multiply(row, size(columns)), axis(0))), normalised(columns, axis(0), [0, 1, 2], row));
    const total = foldCalls(folds.sum, {
      shape: [columns],
      count: rows,
      operands: [input(0), scratch(0), scratch(1), input(1)],
      term,
      temporaries: statistics.scratch.length,
    });
    return { calls: [...statistics.calls, ...total.calls], scratch: [...statistics.scratch, ...total.scratch] };
  },
};
