/** Exact lowerings of what compares logits [n, c] with labels [n]: the loss, its gradient, the count of right answers. */
import type { TensorType } from '../../graph/graph.ts';
import {
  add,
  axis,
  equal,
  float,
  int,
  less,
  load,
  loadInt,
  loop,
  maximumOver,
  multiply,
  select,
  size,
  subtract,
  sum,
} from '../build.ts';
import type { Expr } from '../expression.ts';
import { exp, log } from '../functions.ts';
import { type CanonicalOperand, type ExactLowering, input, type MapCall, output, scratch } from '../kernel.ts';
import { foldCalls, folds } from './reduce.ts';
import { cell, map, perRow, rowsOf } from './rows.ts';

/** Scratch 0: the rows' maxima; scratch 1: log Σ exp of the rows. */
function logSumExp(rows: number, columns: number): { calls: MapCall[]; scratch: TensorType[] } {
  const shifted = (column: Expr): Expr => exp(subtract(cell(0, columns, column), load(1, axis(0))));
  return {
    calls: [
      map(
        [input(0)],
        scratch(0),
        [rows],
        maximumOver(size(columns), (column) => cell(0, columns, column)),
      ),
      map([input(0), scratch(0)], scratch(1), [rows], add(load(1, axis(0)), log(sum(size(columns), shifted)))),
    ],
    scratch: [perRow(rows), perRow(rows)],
  };
}

/** Σ of a temporary [rows] into the scalar output. */
const total = (rows: number, from: CanonicalOperand, temporaries: number) =>
  foldCalls(folds.sum, { shape: [], count: rows, operands: [from], term: (row) => load(0, row), temporaries });

export const crossEntropyExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ inputs: [logits] }) => {
    const { rows, columns } = rowsOf(logits);
    const shifts = logSumExp(rows, columns);
    const loss = multiply(load(3, axis(0)), subtract(load(2, axis(0)), cell(0, columns, loadInt(1, axis(0)))));
    const sums = total(rows, scratch(2), 3);
    return {
      calls: [
        ...shifts.calls,
        map([input(0), input(1), scratch(1), input(2)], scratch(2), [rows], loss),
        ...sums.calls,
      ],
      scratch: [...shifts.scratch, perRow(rows), ...sums.scratch],
    };
  },
};

export const crossEntropyGradientExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ inputs: [logits] }) => {
    const { rows, columns } = rowsOf(logits);
    const shifts = logSumExp(rows, columns);
    const probability = exp(subtract(cell(0, columns, axis(1)), load(2, axis(0))));
    const hit = select(equal(loadInt(1, axis(0)), axis(1)), float(1), float(0));
    const value = multiply(load(3, axis(0)), subtract(probability, hit));
    const operands = [input(0), input(1), scratch(1), input(2)];
    return { calls: [...shifts.calls, map(operands, output, [rows, columns], value)], scratch: shifts.scratch };
  },
};

export const countCorrectExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ inputs: [logits] }) => {
    const { rows, columns } = rowsOf(logits);
    const [, best = int(0)] = loop(size(columns), [float(-Infinity), int(0)], (i, [top = float(0), at = int(0)]) => {
      const value = cell(0, columns, i);
      const better = less(top, value);
      return [select(better, value, top), select(better, i, at)];
    });
    const right = select(equal(best, loadInt(1, axis(0))), load(2, axis(0)), float(0));
    const sums = total(rows, scratch(0), 1);
    return {
      calls: [map([input(0), input(1), input(2)], scratch(0), [rows], right), ...sums.calls],
      scratch: [perRow(rows), ...sums.scratch],
    };
  },
};
