/** The part of the conformance suite about whole models: their numbers against the float64 interpreter. */
import { expect, it } from 'vitest';
import { interpret } from '../graph/interpret.ts';
import { parameterViews } from '../graph/parameter-layout.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { initialParameters } from '../models/parameters.ts';
import type { Backend, Batch } from './backend.ts';
import { drawBatch, modelCases } from './conformance-programs.ts';
import { drained, step, withExecutable } from './conformance-steps.ts';
import type { ConformanceTolerance } from './conformance-tolerance.ts';

export function describeModel(model: string, backend: () => Backend, tolerance: ConformanceTolerance): void {
  const { spec, batch } = modelCases[model]!;
  const program = buildStepProgram(spec, batch);
  const parameters = initialParameters(spec, 11);
  const views = parameterViews(program.layout, parameters);
  const [first, second] = [drawBatch(program, spec, 1), drawBatch(program, spec, 2)];

  it('gives the reference’s loss and gradient, summed over micro-batches', async () => {
    await withExecutable(backend(), program, async (executable) => {
      await executable.load(parameters);
      const references = [first, second].map((data) => interpret(program.train, { ...views, ...data }));
      for (const [index, data] of [first, second].entries()) {
        const { lossSum } = await executable.accumulate(data);
        expect(relative(lossSum, references[index]?.['loss']?.[0])).toBeLessThan(tolerance.loss);
      }
      const actual = await drained(executable, program, 0.25);
      const expected = flatGradient(program, references).map((value) => value * 0.25);
      expect(relativeL2(actual, expected)).toBeLessThan(tolerance.gradient);
    });
  });

  it('gives the reference’s sums of an evaluation', async () => {
    await withExecutable(backend(), program, async (executable) => {
      await executable.load(parameters);
      const data = { ...first, weight: first['weight']!.map((_, i) => (i === 0 && batch > 1 ? 0 : 1)) as Float32Array };
      const reference = interpret(program.evaluate, { ...views, ...data });
      const sums = await executable.evaluate(data);
      expect(relative(sums.lossSum, reference['loss']?.[0])).toBeLessThan(tolerance.loss);
      expect([sums.correct, sums.predictions]).toEqual([reference['correct']?.[0], reference['predictions']?.[0]]);
    });
  });

  it('ignores what stands in samples of weight 0', async () => {
    await withExecutable(backend(), program, async (executable) => {
      await executable.load(parameters);
      const weight = Float32Array.from({ length: batch }, (_, i) => (i >= batch / 2 ? 0 : 1));
      const padded = { ...first, weight };
      const others = withOtherPadding(padded, second, weight);
      const [one, two] = [await step(executable, program, padded), await step(executable, program, others)];
      expect(two.lossSum).toBe(one.lossSum);
      expect(bitsOf(two.gradient)).toEqual(bitsOf(one.gradient));
    });
  });

  it('computes the same bits every time', async () => {
    await withExecutable(backend(), program, async (executable) => {
      await executable.load(parameters);
      const once = await step(executable, program, first);
      for (let again = 0; again < 2; again++) {
        expect(bitsOf((await step(executable, program, first)).gradient)).toEqual(bitsOf(once.gradient));
      }
    });
  });
}

/** Bits and not values: −0 equals 0, and NaN nothing. */
const bitsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer);

/** `batch` with the samples of weight 0 taken from `other`. */
function withOtherPadding(batch: Batch, other: Batch, weight: Float32Array): Batch {
  return Object.fromEntries(
    Object.entries(batch).map(([name, values]) => {
      if (name === 'weight' || name === 'seed') return [name, values];
      const width = values.length / weight.length;
      return [name, values.map((value, i) => (weight[Math.floor(i / width)] === 0 ? (other[name]?.[i] ?? 0) : value))];
    }),
  );
}

function flatGradient(
  { layout }: StepProgram,
  references: readonly Readonly<Record<string, Float64Array>>[],
): Float64Array {
  const flat = new Float64Array(layout.size);
  for (const reference of references) {
    for (const { name, offset } of layout.slots)
      reference[`gradient/${name}`]?.forEach((value, i) => {
        flat[offset + i]! += value;
      });
  }
  return flat;
}

const relative = (actual: number, expected = Number.NaN): number => Math.abs(actual - expected) / Math.abs(expected);

function relativeL2(actual: Float32Array, expected: Float64Array): number {
  const difference = expected.reduce((sum, value, i) => sum + (value - (actual[i] ?? Number.NaN)) ** 2, 0);
  return Math.sqrt(difference / expected.reduce((sum, value) => sum + value ** 2, 0));
}
