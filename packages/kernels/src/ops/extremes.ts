/** maximum and minimum of two tensors, elementwise. On a tie the first operand wins, and takes the gradient. */
import * as exactly from '../canonical/build.ts';
import type { GradientRule } from '../graph/op.ts';
import { elementwise, pair, sumToShape } from './arithmetic.ts';

/** The gradient goes to `a` where `wins(a, b)`, else to `b`. */
const toWinner =
  (first: (a: number, b: number) => readonly number[]): GradientRule =>
  ({ emit, inputs, outputGradient }) => {
    const [a, b] = pair(inputs);
    const firstWins = emit.apply('lessOrEqual', first(a, b));
    const zero = emit.apply('fill', [], { value: 0, shape: [] });
    return [
      sumToShape(emit, emit.apply('where', [firstWins, outputGradient, zero]), a),
      sumToShape(emit, emit.apply('where', [firstWins, zero, outputGradient]), b),
    ];
  };

export const maximum = elementwise(
  'maximum',
  'Max',
  'max($0, $1)',
  Math.max,
  toWinner((a, b) => [b, a]),
  exactly.maximum,
);

export const minimum = elementwise(
  'minimum',
  'Min',
  'min($0, $1)',
  Math.min,
  toWinner((a, b) => [a, b]),
  exactly.minimum,
);
