/**
 * What every backend must do, as one vitest suite: a new backend is tested by calling `describeBackend` in a test file.
 * Everything is compared with the float64 interpreter, within the tolerances of `ops/tolerances.ts`
 * and `conformance-tolerance.ts`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parameterViews } from '../graph/parameter-layout.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { type Tolerance, toleranceOf } from '../ops/tolerances.ts';
import type { Backend } from './backend.ts';
import { describeContract } from './conformance-contract.ts';
import { describeExtremes, type Numerics } from './conformance-extremes.ts';
import { describeGraphs } from './conformance-graphs.ts';
import { describeModel } from './conformance-models.ts';
import { conformanceOps, modelCases, type OpCase, opProgram } from './conformance-programs.ts';
import { drained, withExecutable } from './conformance-steps.ts';
import { type ConformanceTolerance, FLOAT32_TOLERANCE } from './conformance-tolerance.ts';

export interface ConformanceOptions {
  readonly name: string;
  readonly open: () => Promise<Backend>;
  readonly tolerance?: ConformanceTolerance;
  /** Whether the backend offers an op; all unless given. Rows and models with others are left out. */
  readonly offers?: (op: string) => boolean;
  /** What docs/numerics.md says of which is tested; `fast` unless given. */
  readonly numerics?: Numerics;
}

export function describeBackend({
  name,
  open,
  tolerance = FLOAT32_TOLERANCE,
  offers = () => true,
  numerics = 'fast',
}: ConformanceOptions): void {
  describe(`backend ${name}`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(() => backend.close());

    describe.each(conformanceOps.filter(offers))('op %s', (op) => {
      describeOp(op, () => backend, tolerance);
    });
    describe.each(modelsOf(offers))('%s', (model) => {
      describeModel(model, () => backend, tolerance);
    });
    describe('contract', () => {
      describeContract(() => backend);
    });
    describe('graphs', () => {
      describeGraphs(() => backend);
    });
    describe('extreme values', () => {
      describeExtremes(() => backend, numerics, offers);
    });
  });
}

/** The models whose every op is offered. */
const modelsOf = (offers: (op: string) => boolean): string[] =>
  Object.entries(modelCases).flatMap(([name, { spec, batch }]) =>
    buildStepProgram(spec, batch).train.nodes.every(({ op }) => offers(op)) ? [name] : [],
  );

function describeOp(op: string, backend: () => Backend, tolerance: ConformanceTolerance): void {
  it('gives the reference’s results', async () => {
    const { program, batch, cases } = opProgram(op);
    const results = await withExecutable(backend(), program, async (executable) => {
      await executable.load(new Float32Array(program.layout.size));
      await executable.accumulate(batch);
      return drained(executable, program);
    });
    const views = parameterViews(program.layout, results);
    const wrong = cases.flatMap((row) =>
      worstElement(row, views[row.name] ?? new Float32Array(), toleranceOf(op, tolerance)),
    );
    expect(wrong).toEqual([]);
  });
}

/** A sentence about the element that is furthest out of tolerance, or nothing. NaN is out of every tolerance. */
function worstElement({ name, expected }: OpCase, actual: Float32Array, { rtol, atol }: Tolerance): string[] {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const excess = Array.from(expected, (value, i) => {
    const error = Math.abs((actual[i] ?? Number.NaN) - value) - (rtol * Math.abs(value) + atol * largest);
    return Number.isNaN(error) ? Infinity : error;
  });
  const worst = excess.indexOf(Math.max(...excess));
  return (excess[worst] ?? 0) > 0 ? [`${name}: element ${worst} is ${actual[worst]}, expected ${expected[worst]}`] : [];
}
