/** Exact lowerings of rmsNorm and its gradients. */
import { number } from '../../graph/attributes.ts';
import { add, axis, float, load, multiply, size, subtract } from '../build.ts';
import type { Expr } from '../expression.ts';
import { rsqrt } from '../functions.ts';
import {
  type CanonicalOperand,
  type ExactContext,
  type ExactLowering,
  input,
  type MapCall,
  output,
  scratch,
} from '../kernel.ts';
import { foldCalls, folds } from './reduce.ts';
import { cell, map, meanOver, perRow, rowsOf } from './rows.ts';

/** Fills scratch 0 with the rows' 1/√(mean of squares + epsilon). */
function inverses({ inputs: [x], attributes }: ExactContext): MapCall {
  const { rows, columns } = rowsOf(x);
  const squares = meanOver(columns, (column) => multiply(cell(0, columns, column), cell(0, columns, column)));
  return map([input(0)], scratch(0), [rows], rsqrt(add(squares, float(number(attributes, 'epsilon')))));
}

export const rmsNormExactly: ExactLowering = {
  kind: 'calls',
  lower: (context) => {
    const { rows, columns } = rowsOf(context.inputs[0]);
    const row = multiply(cell(0, columns, axis(1)), load(1, axis(0)));
    const operands = [input(0), scratch(0), input(1)];
    const result = map(operands, output, [rows, columns], multiply(row, load(2, axis(1))));
    return { calls: [inverses(context), result], scratch: [perRow(rows)] };
  },
};

export const rmsNormInputGradientExactly: ExactLowering = {
  kind: 'calls',
  lower: (context) => {
    const { rows, columns } = rowsOf(context.inputs[0]);
    const operands: readonly CanonicalOperand[] = [input(0), scratch(0), input(1), input(2)];
    const row = (column: Expr): Expr => multiply(cell(0, columns, column), load(1, axis(0)));
    const g = (column: Expr): Expr => multiply(cell(3, columns, column), load(2, column));
    const projection = meanOver(columns, (column) => multiply(g(column), row(column)));
    const change = subtract(g(axis(1)), multiply(row(axis(1)), load(4, axis(0))));
    return {
      calls: [
        inverses(context),
        map(operands, scratch(1), [rows], projection),
        map([...operands, scratch(1)], output, [rows, columns], multiply(load(1, axis(0)), change)),
      ],
      scratch: [perRow(rows), perRow(rows)],
    };
  },
};

export const rmsNormGainGradientExactly: ExactLowering = {
  kind: 'calls',
  lower: (context) => {
    const { rows, columns } = rowsOf(context.inputs[0]);
    const at = (row: Expr): Expr => add(multiply(row, size(columns)), axis(0));
    const term = (row: Expr): Expr => multiply(load(2, at(row)), multiply(load(0, at(row)), load(1, row)));
    const operands = [input(0), scratch(0), input(1)];
    const total = foldCalls(folds.sum, { shape: [columns], count: rows, operands, term, temporaries: 1 });
    return { calls: [inverses(context), ...total.calls], scratch: [perRow(rows), ...total.scratch] };
  },
};
