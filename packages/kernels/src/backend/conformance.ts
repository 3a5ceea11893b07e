/**
 * What every backend must do, as one vitest suite: a new backend is tested by calling `describeBackend` in a test file.
 * Everything is compared with the float64 interpreter, within tolerances that are stated here.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { interpret } from '../graph/interpret.ts';
import { parameterViews } from '../graph/parameter-layout.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { initialParameters } from '../models/parameters.ts';
import type { Backend, Batch, Executable } from './backend.ts';
import { conformanceOps, drawBatch, modelCases, opProgram, unknownOpGraph, type OpCase } from './conformance-programs.ts';

export interface ConformanceTolerance {
  /** Of one element of an op's result, relative to that element. */
  readonly rtol: number;
  /** Of one element, relative to the largest of its tensor: what rounding leaves where terms cancel. */
  readonly atol: number;
  /** Relative L2 of a whole model's gradient. Audits accept 5e-5 (DESIGN §4). */
  readonly gradient: number;
  /** Relative, of a loss. */
  readonly loss: number;
}

/** Float32 with sums in any order and good transcendental functions. */
export const FLOAT32_TOLERANCE: ConformanceTolerance = { rtol: 1e-5, atol: 1e-6, gradient: 2e-6, loss: 2e-6 };

/** These move or select elements, so their results have no rounding at all. */
const EXACT_OPS = new Set([
  'neg', 'relu', 'reluGradient', 'reduceMax', 'fill', 'broadcast', 'reshape', 'transpose', 'slice', 'pad', 'concat', 'gather', 'maxPool2d',
  'maxPool2dGradient',
]);

export interface ConformanceOptions {
  readonly name: string;
  readonly open: () => Promise<Backend>;
  readonly tolerance?: ConformanceTolerance;
}

export function describeBackend({ name, open, tolerance = FLOAT32_TOLERANCE }: ConformanceOptions): void {
  describe(`backend ${name}`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(() => backend.close());

    describe.each(conformanceOps)('op %s', (op) => describeOp(op, () => backend, tolerance));
    describe.each(Object.keys(modelCases))('%s', (model) => describeModel(model, () => backend, tolerance));
    describe('contract', () => describeContract(() => backend));
  });
}

/** Compiles, runs and closes. */
async function withExecutable<T>(backend: Backend, program: StepProgram, use: (executable: Executable) => Promise<T>): Promise<T> {
  const executable = await backend.compile(program);
  try {
    return await use(executable);
  } finally {
    await executable.close();
  }
}

async function drained(executable: Executable, program: StepProgram, scale = 1): Promise<Float32Array> {
  const into = new Float32Array(program.layout.size).fill(Number.NaN);
  await executable.drain(into, scale);
  return into;
}

function describeOp(op: string, backend: () => Backend, tolerance: ConformanceTolerance): void {
  it('gives the reference’s results', async () => {
    const { program, batch, cases } = opProgram(op);
    const results = await withExecutable(backend(), program, async (executable) => {
      await executable.load(new Float32Array(program.layout.size));
      await executable.accumulate(batch);
      return drained(executable, program);
    });
    const views = parameterViews(program.layout, results);
    const wrong = cases.flatMap((row) => worstElement(row, views[row.name] ?? new Float32Array(), EXACT_OPS.has(op) ? EXACT : tolerance));
    expect(wrong).toEqual([]);
  });
}

const EXACT = { rtol: 0, atol: 0 };

/** A sentence about the element that is furthest out of tolerance, or nothing. NaN is out of every tolerance. */
function worstElement({ name, expected }: OpCase, actual: Float32Array, { rtol, atol }: Pick<ConformanceTolerance, 'rtol' | 'atol'>): string[] {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const excess = Array.from(expected, (value, i) => {
    const error = Math.abs((actual[i] ?? Number.NaN) - value) - (rtol * Math.abs(value) + atol * largest);
    return Number.isNaN(error) ? Infinity : error;
  });
  const worst = excess.indexOf(Math.max(...excess));
  return (excess[worst] ?? 0) > 0 ? [`${name}: element ${worst} is ${actual[worst]}, expected ${expected[worst]}`] : [];
}

function describeModel(model: string, backend: () => Backend, tolerance: ConformanceTolerance): void {
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
      expect(Buffer.from(two.gradient.buffer).equals(Buffer.from(one.gradient.buffer))).toBe(true);
    });
  });

  it('computes the same bits every time', async () => {
    await withExecutable(backend(), program, async (executable) => {
      await executable.load(parameters);
      const [once, ...again] = [await step(executable, program, first), await step(executable, program, first), await step(executable, program, first)];
      for (const other of again) expect(Buffer.from(other.gradient.buffer).equals(Buffer.from(once!.gradient.buffer))).toBe(true);
    });
  });
}

async function step(executable: Executable, program: StepProgram, batch: Batch) {
  const { lossSum } = await executable.accumulate(batch);
  return { lossSum, gradient: await drained(executable, program) };
}

/** `batch` with the samples of weight 0 taken from `other`. */
function withOtherPadding(batch: Batch, other: Batch, weight: Float32Array): Batch {
  return Object.fromEntries(Object.entries(batch).map(([name, values]) => {
    if (name === 'weight') return [name, values];
    const width = values.length / weight.length;
    return [name, values.map((value, i) => (weight[Math.floor(i / width)] === 0 ? (other[name]?.[i] ?? 0) : value)) as typeof values];
  }));
}

function flatGradient({ layout }: StepProgram, references: readonly Readonly<Record<string, Float64Array>>[]): Float64Array {
  const flat = new Float64Array(layout.size);
  for (const reference of references) {
    for (const { name, offset } of layout.slots) reference[`gradient/${name}`]?.forEach((value, i) => { flat[offset + i]! += value; });
  }
  return flat;
}

const relative = (actual: number, expected = Number.NaN): number => Math.abs(actual - expected) / Math.abs(expected);

function relativeL2(actual: Float32Array, expected: Float64Array): number {
  const difference = expected.reduce((sum, value, i) => sum + (value - (actual[i] ?? Number.NaN)) ** 2, 0);
  return Math.sqrt(difference / expected.reduce((sum, value) => sum + value ** 2, 0));
}

function describeContract(backend: () => Backend): void {
  const { spec, batch } = modelCases['mlp with relu']!;
  const program = buildStepProgram(spec, batch);
  const parameters = initialParameters(spec, 5);
  const data = drawBatch(program, spec, 3);
  const loaded = <T>(use: (executable: Executable) => Promise<T>) =>
    withExecutable(backend(), program, async (executable) => {
      await executable.load(parameters);
      return use(executable);
    });

  it('clears the accumulators when it drains them', () => loaded(async (executable) => {
    await executable.accumulate(data);
    expect((await drained(executable, program)).some((value) => value !== 0)).toBe(true);
    expect((await drained(executable, program)).every((value) => value === 0)).toBe(true);
  }));

  it('starts with empty accumulators', () => loaded(async (executable) => {
    expect((await drained(executable, program)).every((value) => value === 0)).toBe(true);
  }));

  it('leaves the accumulators alone when it evaluates or loads', () => loaded(async (executable) => {
    const { gradient } = await step(executable, program, data);
    await executable.accumulate(data);
    await executable.evaluate(data);
    await executable.load(new Float32Array(program.layout.size));
    expect(await drained(executable, program)).toEqual(gradient);
  }));

  it('copies the parameters when it loads them', () => loaded(async (executable) => {
    const mine = parameters.slice();
    await executable.load(mine);
    const { lossSum } = await executable.evaluate(data);
    mine.fill(0);
    expect((await executable.evaluate(data)).lossSum).toBe(lossSum);
  }));

  it('uses the parameters that were loaded last', () => loaded(async (executable) => {
    const { lossSum } = await executable.evaluate(data);
    await executable.load(parameters.map((value) => value * 1.5));
    expect((await executable.evaluate(data)).lossSum).not.toBe(lossSum);
  }));

  it('takes batches that are views into a larger array', () => loaded(async (executable) => {
    const whole = data['x'] as Float32Array;
    const larger = new Float32Array(whole.length + 3);
    larger.set(whole, 3);
    const { lossSum } = await executable.evaluate(data);
    expect((await executable.evaluate({ ...data, x: larger.subarray(3) })).lossSum).toBe(lossSum);
  }));

  it('keeps two programs apart', () => loaded((one) => loaded(async (two) => {
    const { gradient } = await step(one, program, data);
    await one.accumulate(data);
    await two.load(new Float32Array(program.layout.size));
    await two.accumulate(data);
    expect(await drained(one, program)).toEqual(gradient);
  })));

  const refused: Readonly<Record<string, (executable: Executable) => Promise<unknown>>> = {
    'a batch without one of its inputs': (executable) => executable.accumulate({ x: data['x']!, weight: data['weight']! }),
    'an input of no elements': (executable) => executable.accumulate({ ...data, x: new Float32Array(0) }),
    'an input that is too long': (executable) => executable.evaluate({ ...data, weight: new Float32Array(batch + 1) }),
    'an input of another type': (executable) => executable.accumulate({ ...data, y: new Float32Array(batch) }),
    'parameters of another length': (executable) => executable.load(parameters.subarray(1)),
    'a drain into an array of another length': (executable) => executable.drain(new Float32Array(1), 1),
  };
  it.each(Object.keys(refused))('refuses %s by name and keeps what it had', (what) => loaded(async (executable) => {
    const { gradient } = await step(executable, program, data);
    await executable.accumulate(data);
    await expect(refused[what]!(executable)).rejects.toMatchObject({ code: 'BATCH_MISMATCH' });
    expect(await drained(executable, program)).toEqual(gradient);
  }));

  it('refuses an op that it does not know, when it compiles', async () => {
    const broken = { ...program, train: unknownOpGraph(program.train) };
    await expect(backend().compile(broken)).rejects.toMatchObject({ code: expect.stringMatching(/^(UNSUPPORTED_OP|GRAPH_ILLEGAL)$/) });
  });

  it('can be closed twice', async () => {
    const executable = await backend().compile(program);
    await executable.close();
    await expect(executable.close()).resolves.toBeUndefined();
  });
}
