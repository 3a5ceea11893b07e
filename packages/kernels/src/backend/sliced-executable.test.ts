import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepProgram } from '../graph/step-program.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { initialParameters } from '../models/parameters.ts';
import type { ModelSpec } from '../models/spec.ts';
import type { Backend, Batch, Executable } from './backend.ts';
import { openOnnxBackend } from './onnx-backend.ts';
import { partCounts, slicedExecutable, whyIndivisible } from './sliced-executable.ts';

const spec: ModelSpec = { type: 'gpt', vocab: 11, layers: 1, heads: 2, width: 8, block: 4, tied: true };
const BATCH = 6;
const program = buildStepProgram(spec, BATCH);
const batch = (): Batch => ({
  tokens: Int32Array.from({ length: BATCH * 4 }, (_, index) => (index * 7) % 11),
  targets: Int32Array.from({ length: BATCH * 4 }, (_, index) => (index * 5 + 1) % 11),
  weight: Float32Array.of(1, 1, 0, 1, 1, 1),
});

let backend: Backend;
beforeAll(async () => {
  backend = await openOnnxBackend({ threads: 1 });
});
afterAll(() => backend.close());

async function gradientOf(executable: Executable, { layout }: StepProgram) {
  await executable.load(initialParameters(spec, 3));
  const { lossSum } = await executable.accumulate(batch());
  const values = new Float32Array(layout.size);
  await executable.drain(values, 1);
  const sums = await executable.evaluate(batch());
  await executable.close();
  return { lossSum, values, sums };
}

describe('a micro-batch in parts', () => {
  it.each(partCounts(BATCH))('has the gradient and the sums of the whole: %i parts', async (parts) => {
    const whole = await gradientOf(await backend.compile(program), program);
    const small = buildStepProgram(spec, BATCH / parts);
    const sliced = await gradientOf(slicedExecutable(await backend.compile(small), parts), small);
    expect(sliced.lossSum).toBeCloseTo(whole.lossSum, 4);
    expect(sliced.sums.correct).toBe(whole.sums.correct);
    expect(sliced.sums.predictions).toBe(whole.sums.predictions);
    const difference = Math.hypot(...sliced.values.map((value, index) => value - whole.values[index]!));
    expect(difference / Math.hypot(...whole.values)).toBeLessThan(2e-6);
  });

  it('has equal parts only', () => {
    expect(partCounts(12)).toEqual([2, 3, 4, 6, 12]);
    expect(partCounts(1)).toEqual([]);
  });
});

describe('a program that can’t be cut', () => {
  it('is one with statistics of the whole micro-batch', () => {
    const layout = { ...program.layout, slots: [{ ...program.layout.slots[0]!, update: 'statistic' as const }] };
    expect(whyIndivisible({ ...program, layout })).toContain('statistic');
  });

  it('is one that is fed something for the whole micro-batch', () => {
    const seed = { name: 'seed', type: { dtype: 'i32' as const, shape: [2] }, role: 'data' as const };
    const train = { ...program.train, inputs: [...program.train.inputs, seed] };
    expect(whyIndivisible({ ...program, train })).toContain('seed');
    expect(whyIndivisible(program)).toBeNull();
  });
});
