/** Exact lowerings of rotary positions: angles in integers, waves as polynomials. */
import { flag, natural, number } from '../../graph/attributes.ts';
import { COSINE, phaseWords, SINE } from '../../ops/rotary-phase.ts';
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
  multiply,
  negate,
  or,
  remainder,
  select,
  shiftLeft,
  shiftRight,
  shiftRightLogical,
  size,
  subtract,
  toFloat,
} from '../build.ts';
import type { Expr } from '../expression.ts';
import { type ExactLowering, input, output } from '../kernel.ts';

const horner = (x: Expr, coefficients: readonly number[]): Expr =>
  coefficients.map(float).reduceRight((sum, coefficient) => add(multiply(sum, x), coefficient));

/** The word that stands at `index` in a list. */
const choose = (index: Expr, words: readonly number[]): Expr =>
  words.map(int).reduceRight((rest, word, at) => select(equal(index, int(at)), word, rest));

/** The cosine of a phase in 2⁻³² turns plus `quarters` quarter turns. */
function cosine(phase: Expr, quarters: Expr): Expr {
  const nearest = shiftRightLogical(add(phase, int(0x2000_0000)), int(30));
  const rest = subtract(phase, shiftLeft(nearest, int(30)));
  // Below 2²⁹ in magnitude, which is more than an f32 counts: its parts are exact, and their sum is rounded once.
  const whole = add(multiply(toFloat(shiftRight(rest, int(8))), float(256)), toFloat(and(rest, int(255))));
  const x = multiply(whole, float((2 * Math.PI) / 2 ** 32));
  const square = multiply(x, x);
  const quarter = and(add(nearest, quarters), int(3));
  const isSine = equal(and(quarter, int(1)), int(1));
  const wave = select(isSine, multiply(x, horner(square, SINE)), horner(square, COSINE));
  return select(or(equal(quarter, int(1)), equal(quarter, int(2))), negate(wave), wave);
}

/** Axes: cosine or sine, position, pair. A sine is the cosine three quarters of a turn on. */
export const rotaryTableExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ attributes, output: { shape } }) => {
    const words = phaseWords(natural(attributes, 'size'), number(attributes, 'theta'));
    const [position, pair] = [axis(1), axis(2)];
    const high = multiply(
      position,
      choose(
        pair,
        words.map((word) => word.high),
      ),
    );
    const low = multiply(
      position,
      choose(
        pair,
        words.map((word) => word.low),
      ),
    );
    const value = cosine(add(high, shiftRightLogical(low, int(16))), multiply(axis(0), int(3)));
    return { calls: [{ kind: 'map', operands: [], output, shape, value }] };
  },
};

export const rotaryExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ inputs: [x], attributes }) => {
    const [length, columns] = [x?.shape.at(-2) ?? 1, x?.shape.at(-1) ?? 2];
    const rows = (x?.shape ?? []).reduce((product, each) => product * each, 1) / columns;
    const half = columns / 2;
    const [row, column] = [axis(0), axis(1)];
    const isFirst = less(column, size(half));
    const angle = indexOf([length, half], [remainder(row, size(length)), remainder(column, size(half))]);
    const partner = select(isFirst, add(column, size(half)), subtract(column, size(half)));
    const at = (place: Expr): Expr => load(0, add(multiply(row, size(columns)), place));
    const sine = load(1, add(angle, size(length * half)));
    // The first half of a pair loses its partner's share, the second gains it; turned back, it is the other way round.
    const share = multiply(at(partner), sine);
    const signed = flag(attributes, 'inverse')
      ? select(isFirst, share, negate(share))
      : select(isFirst, negate(share), share);
    const value = add(multiply(at(column), load(1, angle)), signed);
    return { calls: [{ kind: 'map', operands: [input(0), input(1)], output, shape: [rows, columns], value }] };
  },
};
