import { describe, expect, it } from 'vitest';
import { type Executable, openOnnxBackend, partCounts } from '@murmuration/kernels/backend';
import { buildStepProgram, initialParameters, type ModelSpec, type StepProgram } from '@murmuration/kernels/graph';
import { microBatch } from '@murmuration/protocol';
import { createSampler, type Dataset } from '@murmuration/protocol/data-core';
import { RecoveringExecutable } from './recovering-executable.ts';
import { StepRunner } from './step-runner.ts';

const spec: ModelSpec = { type: 'mlp', inputs: 5, hidden: [4], outputs: 3, activation: 'gelu' };
const BATCH = 8;
const SEED = 5;

const failure = (code: string) => Object.assign(new Error(code), { code });

/** A real CPU backend behind a device that refuses programs of more than `room` samples and fails at given calls. */
async function deviceOf({ room = Infinity, failAt = {} }: { room?: number; failAt?: Record<number, string> }) {
  const backend = await openOnnxBackend({ threads: 1 });
  let [calls, opened] = [0, 0];
  const failing = (executable: Executable): Executable => ({
    load: (parameters) => executable.load(parameters),
    accumulate: async (batch) => {
      const code = failAt[calls++];
      if (code !== undefined) throw failure(code);
      return executable.accumulate(batch);
    },
    drain: (into, scale) => executable.drain(into, scale),
    evaluate: (batch) => executable.evaluate(batch),
    close: () => executable.close(),
  });
  return {
    device: async ({ reopen, onCpu }: { reopen: boolean; onCpu: boolean }) => {
      opened += reopen ? 1 : 0;
      return {
        compile: async (program: StepProgram) => {
          if (onCpu) return backend.compile(program);
          if (program.batch > room) throw failure('DEVICE_OUT_OF_MEMORY');
          return failing(await backend.compile(program));
        },
      };
    },
    reopened: () => opened,
    close: () => backend.close(),
  };
}

const dataset: Dataset = {
  size: 64,
  batch: (samples: readonly number[]) => ({
    x: Float32Array.from({ length: BATCH * 5 }, (_, index) => Math.sin(samples[Math.floor(index / 5)]! * 5 + index)),
    y: Int32Array.from(samples, (sample) => sample % 3),
    weight: new Float32Array(BATCH).fill(1),
  }),
} as unknown as Dataset;

/** The gradient of two micro-batches with what the device told of on the way. */
async function gradientOn(
  faults: Parameters<typeof deviceOf>[0],
  { parts = partCounts(BATCH), canFallBack = false }: { parts?: readonly number[]; canFallBack?: boolean } = {},
) {
  const fake = await deviceOf(faults);
  const problems: unknown[] = [];
  let recovered = 0;
  try {
    const executable = await RecoveringExecutable.compile({
      device: fake.device,
      programAt: (batch) => buildStepProgram(spec, batch),
      batch: BATCH,
      partCounts: parts,
      canFallBack,
      isOver: () => false,
      onProblem: (error) => problems.push((error as { code: unknown }).code),
      onRecovered: () => (recovered += 1),
    });
    const runner = new StepRunner({
      executable,
      train: dataset,
      held: dataset,
      sampler: createSampler({ samples: 64, seed: SEED, microBatch: BATCH }),
      seed: SEED,
      batch: BATCH,
      parameters: buildStepProgram(spec, BATCH).layout.size,
    });
    const numbers = [0, 1].map((number) => microBatch(number));
    const gradient = await runner.gradient(initialParameters(spec, 1), numbers, new AbortController().signal);
    await executable.close();
    const values = Array.from(gradient.values, Number);
    return { ...gradient, values, problems, parts: executable.parts, reopened: fake.reopened(), recovered };
  } finally {
    await fake.close();
  }
}

describe('a device without room for the micro-batch', () => {
  it('computes it in the fewest equal parts that fit, with the same result', async () => {
    const whole = await gradientOn({});
    const sliced = await gradientOn({ room: 3 });
    expect(whole).toMatchObject({ parts: 1, problems: [], reopened: 0 });
    expect(sliced).toMatchObject({ parts: 4, problems: ['DEVICE_OUT_OF_MEMORY', 'DEVICE_OUT_OF_MEMORY'] });
    expect(sliced.lossSum).toBeCloseTo(whole.lossSum, 4);
    sliced.values.forEach((value, index) => expect(value).toBeCloseTo(whole.values[index]!, 6));
  });

  it('begins the gradient again when the memory runs out in the middle of it', async () => {
    const whole = await gradientOn({});
    const sliced = await gradientOn({ failAt: { 1: 'DEVICE_OUT_OF_MEMORY' } });
    expect(sliced).toMatchObject({ parts: 2, problems: ['DEVICE_OUT_OF_MEMORY'] });
    sliced.values.forEach((value, index) => expect(value).toBeCloseTo(whole.values[index]!, 6));
  });

  it('says so where a micro-batch must be whole', async () => {
    await expect(gradientOn({ room: 3 }, { parts: [] })).rejects.toMatchObject({ code: 'DEVICE_OUT_OF_MEMORY' });
  });
});

describe('a lost device', () => {
  it('is opened again, and the gradient is that of a device that was never lost', async () => {
    const whole = await gradientOn({});
    const lost = await gradientOn({ failAt: { 1: 'DEVICE_LOST', 3: 'DEVICE_THREAD' } });
    expect(lost).toMatchObject({ parts: 1, problems: ['DEVICE_LOST', 'DEVICE_THREAD'], reopened: 2 });
    expect(lost.values).toEqual(whole.values);
  });

  it('is given up when it is lost again and again', async () => {
    const always = Object.fromEntries(Array.from({ length: 9 }, (_, call) => [call, 'DEVICE_LOST']));
    await expect(gradientOn({ failAt: always })).rejects.toMatchObject({ code: 'DEVICE_LOST' });
  });

  it('gives way to the CPU where there is one, whatever the adapter complains of', async () => {
    const whole = await gradientOn({});
    const always = Object.fromEntries(Array.from({ length: 9 }, (_, call) => [call, 'DEVICE_LOST']));
    const lost = await gradientOn({ failAt: always }, { canFallBack: true });
    expect(lost).toMatchObject({ problems: Array.from({ length: 4 }, () => 'DEVICE_LOST'), recovered: 4 });
    expect(lost.values).toEqual(whole.values);
    const refused = await gradientOn({ failAt: { 0: 'DEVICE_VALIDATION' } }, { canFallBack: true });
    expect(refused).toMatchObject({ problems: ['DEVICE_VALIDATION'], reopened: 1 });
    const cramped = await gradientOn({ room: 3 }, { parts: [], canFallBack: true });
    expect(cramped).toMatchObject({ problems: ['DEVICE_OUT_OF_MEMORY'], parts: 1 });
    expect(cramped.values).toEqual(whole.values);
  });

  it('does not make anything else be tried twice', async () => {
    await expect(gradientOn({ failAt: { 0: 'DEVICE_VALIDATION' } })).rejects.toMatchObject({
      code: 'DEVICE_VALIDATION',
    });
  });
});
