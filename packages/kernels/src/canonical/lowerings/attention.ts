/** The exact lowering of attention's log-sums; the other ops of attention expand. */
import { flag, number } from '../../graph/attributes.ts';
import {
  add,
  axis,
  float,
  int,
  maximumOver,
  minimum,
  multiply,
  remainder,
  size,
  subtract,
  sum,
  load,
} from '../build.ts';
import type { Expr } from '../expression.ts';
import { exp, log } from '../functions.ts';
import { type ExactLowering, input, output, scratch } from '../kernel.ts';
import { cell, map, perRow } from './rows.ts';

/** Scores are one product of the queries of each key head, stacked, with its keys. */
export const attentionLogSumExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ inputs: [q, k], attributes }) => {
    const [batch = 1, heads = 1, n = 1, d = 1] = q?.shape ?? [];
    const [, groups = 1, m = 1] = k?.shape ?? [];
    const rows = batch * heads * n;
    const visible = flag(attributes, 'causal') ? minimum(size(m), add(remainder(axis(0), size(n)), int(1))) : size(m);
    const scaled = (column: Expr): Expr => multiply(float(number(attributes, 'factor')), cell(0, m, column));
    const top = load(1, axis(0));
    const total = sum(visible, (column) => exp(subtract(scaled(column), top)));
    return {
      calls: [
        {
          kind: 'product',
          a: input(0),
          b: input(1),
          output: scratch(0),
          problem: { count: batch * groups, m: (heads / groups) * n, k: d, n: m, transposeA: false, transposeB: true },
        },
        map([scratch(0)], scratch(1), [rows], maximumOver(visible, scaled)),
        map([scratch(0), scratch(1)], output, [rows], add(top, log(total))),
      ],
      scratch: [{ dtype: 'f32', shape: [rows, m] }, perRow(rows)],
    };
  },
};
