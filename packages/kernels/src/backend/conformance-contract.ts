/** The part of the conformance suite about a backend's promises: what is kept, cleared, copied, refused. */
import { expect, it } from 'vitest';
import { buildStepProgram } from '../models/build-step-program.ts';
import { initialParameters } from '../models/parameters.ts';
import type { Backend, Executable } from './backend.ts';
import { drawBatch, modelCases, unknownOpGraph, updatesProgram } from './conformance-programs.ts';
import { drained, step, withExecutable } from './conformance-steps.ts';

export function describeContract(backend: () => Backend): void {
  const { spec, batch } = modelCases['mlp with relu']!;
  const program = buildStepProgram(spec, batch);
  const parameters = initialParameters(spec, 5);
  const data = drawBatch(program, spec, 3);
  const loaded = <T>(use: (executable: Executable) => Promise<T>) =>
    withExecutable(backend(), program, async (executable) => {
      await executable.load(parameters);
      return use(executable);
    });

  it('clears the accumulators when it drains them', () =>
    loaded(async (executable) => {
      await executable.accumulate(data);
      expect((await drained(executable, program)).some((value) => value !== 0)).toBe(true);
      expect((await drained(executable, program)).every((value) => value === 0)).toBe(true);
    }));

  it('starts with empty accumulators', () =>
    loaded(async (executable) => {
      expect((await drained(executable, program)).every((value) => value === 0)).toBe(true);
    }));

  it('leaves the accumulators alone when it evaluates or loads', () =>
    loaded(async (executable) => {
      const { gradient } = await step(executable, program, data);
      await executable.accumulate(data);
      await executable.evaluate(data);
      await executable.load(new Float32Array(program.layout.size));
      expect(await drained(executable, program)).toEqual(gradient);
    }));

  it('copies the parameters when it loads them', () =>
    loaded(async (executable) => {
      const mine = parameters.slice();
      await executable.load(mine);
      const { lossSum } = await executable.evaluate(data);
      mine.fill(0);
      expect((await executable.evaluate(data)).lossSum).toBe(lossSum);
    }));

  it('uses the parameters that were loaded last', () =>
    loaded(async (executable) => {
      const { lossSum } = await executable.evaluate(data);
      await executable.load(parameters.map((value) => value * 1.5));
      expect((await executable.evaluate(data)).lossSum).not.toBe(lossSum);
    }));

  it('takes batches that are views into a larger array', () =>
    loaded(async (executable) => {
      const whole = data['x'] as Float32Array;
      const larger = new Float32Array(whole.length + 3);
      larger.set(whole, 3);
      const { lossSum } = await executable.evaluate(data);
      expect((await executable.evaluate({ ...data, x: larger.subarray(3) })).lossSum).toBe(lossSum);
    }));

  it('keeps two programs apart', () =>
    loaded((one) =>
      loaded(async (two) => {
        const { gradient } = await step(one, program, data);
        await one.accumulate(data);
        await two.load(new Float32Array(program.layout.size));
        await two.accumulate(data);
        expect(await drained(one, program)).toEqual(gradient);
      }),
    ));

  it('gives a statistic the change that the model names, and a frozen parameter zeros', async () => {
    const mixed = updatesProgram();
    await withExecutable(backend(), mixed, async (executable) => {
      await executable.load(Float32Array.of(1, 2, 4, 2, 4, 6, 8, 10, 1, 1, 1, 1));
      for (let times = 0; times < 2; times++) await executable.accumulate({ weight: Float32Array.of(1) });
      const summed = await drained(executable, mixed, 0.5);
      expect([...summed]).toEqual([0, 0, 0, 1, 2, 3, 4, 5, 7, 7, 7, 7]);
    });
  });

  const refused: Readonly<Record<string, (executable: Executable) => Promise<unknown>>> = {
    'a batch without one of its inputs': (executable) =>
      executable.accumulate({ x: data['x']!, weight: data['weight']! }),
    'an input of no elements': (executable) => executable.accumulate({ ...data, x: new Float32Array(0) }),
    'an input that is too long': (executable) => executable.evaluate({ ...data, weight: new Float32Array(batch + 1) }),
    'an input of another type': (executable) => executable.accumulate({ ...data, y: new Float32Array(batch) }),
    'parameters of another length': (executable) => executable.load(parameters.subarray(1)),
    'a drain into an array of another length': (executable) => executable.drain(new Float32Array(1), 1),
  };
  it.each(Object.keys(refused))('refuses %s by name and keeps what it had', (what) =>
    loaded(async (executable) => {
      const { gradient } = await step(executable, program, data);
      await executable.accumulate(data);
      await expect(refused[what]!(executable)).rejects.toMatchObject({ code: 'BATCH_MISMATCH' });
      expect(await drained(executable, program)).toEqual(gradient);
    }),
  );

  it('refuses an op that it does not know, when it compiles', async () => {
    const broken = { ...program, train: unknownOpGraph(program.train) };
    await expect(backend().compile(broken)).rejects.toMatchObject({
      code: expect.stringMatching(/^(UNSUPPORTED_OP|GRAPH_ILLEGAL)$/),
    });
  });

  it('can be closed twice', async () => {
    const executable = await backend().compile(program);
    await executable.close();
    await expect(executable.close()).resolves.toBeUndefined();
  });
}
