/** The exact lowering of every op against its float64 meaning. */
import { describe, expect, it } from 'vitest';
import { interpret } from '../graph/interpret.ts';
import { parameterViews } from '../graph/parameter-layout.ts';
import { drawBatch, modelCases } from '../backend/conformance-programs.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { initialParameters } from '../models/parameters.ts';
import { conformanceCases, instantiate } from '../ops/conformance.ts';
import { ops } from '../ops/index.ts';
import { FLUSH_LIMIT } from './flush.ts';
import { interpretExactly } from './interpret-graph.ts';

/** Of the largest magnitude in the result: f32 sums and the project's own functions. */
const TOLERANCE = 2e-6;

const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((top, x) => Math.max(top, Math.abs(x)), 0);

describe.each(Object.keys(ops))('the exact %s', (op) => {
  const cases = conformanceCases.filter((row) => row.op === op);

  it.each(cases.map((row) => [row.name, row] as const))('is its float64 meaning: %s', (_, row) => {
    const { graph, feeds, expected } = instantiate(row);
    const { y = new Float32Array() } = interpretExactly(graph, feeds, ops);
    const scale = Math.max(largest(expected), 1e-2);
    expect(y.length).toBe(expected.length);
    const worst = expected.reduce((top, value, i) => Math.max(top, Math.abs(value - y[i]!)), 0);
    expect(worst / scale).toBeLessThan(TOLERANCE);
    expect(Array.from(y).every((x) => (x === 0 ? Object.is(x, 0) : Math.abs(x) >= FLUSH_LIMIT))).toBe(true);
  });
});

describe.each(Object.keys(modelCases))('the exact step of %s', (model) => {
  it('has the reference’s loss and gradient', () => {
    const { spec, batch } = modelCases[model]!;
    const program = buildStepProgram(spec, batch);
    const feeds = { ...parameterViews(program.layout, initialParameters(spec, 11)), ...drawBatch(program, spec, 1) };
    const [exact, reference] = [interpretExactly(program.train, feeds, ops), interpret(program.train, feeds)];
    for (const [name, expected] of Object.entries(reference)) {
      const worst = expected.reduce((top, value, i) => Math.max(top, Math.abs(value - exact[name]![i]!)), 0);
      expect(worst / Math.max(largest(expected), 1e-3), name).toBeLessThan(2e-5);
    }
  });
});
