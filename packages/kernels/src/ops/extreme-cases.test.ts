/** The rows of extreme values against the float64 references and the interpreter of exact arithmetic. */
import { describe, expect, it } from 'vitest';
import { interpretExactly } from '../canonical/interpret-graph.ts';
import { interpret } from '../graph/interpret.ts';
import { extremeCases, extremeProblems } from './extreme-cases.ts';
import { ops } from './index.ts';

/** What is ∞ in f32 is less in f64. */
const asFloat32 = (values: ArrayLike<number> = []): Float32Array => Float32Array.from(values);

describe('extreme values', () => {
  it('are what the references make of them', () => {
    expect(
      extremeCases.flatMap((one) => extremeProblems(one, asFloat32(interpret(one.graph, one.feeds)['y']))),
    ).toEqual([]);
  });

  it('are what exact arithmetic makes of them', () => {
    const offered = extremeCases.filter(({ op }) => ops[op]?.exact);
    expect(
      offered.flatMap((one) => extremeProblems(one, interpretExactly(one.graph, one.feeds, ops)['y'] ?? [])),
    ).toEqual([]);
  });
});
