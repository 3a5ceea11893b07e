import { beforeAll, describe, expect, it } from 'vitest';
import type { Executable, Numerics } from '@murmuration/kernels/backend-core';
import { createHostKernels, type HostKernels } from '@murmuration/kernels/exact';
import { buildStepProgram, type ModelSpec } from '@murmuration/kernels/graph';
import { microBatch, round, runId, view, type MemberEffectOf } from '@murmuration/protocol';
import { createSampler, type Dataset } from '@murmuration/protocol/data-core';
import { keyFromRaw } from '@murmuration/protocol/net';
import { BucketCut } from '../collective/bucket-cut.ts';
import { OwnContributions } from '../collective/own-contributions.ts';
import { summationOf } from '../collective/summation.ts';
import { noFaults } from '../shell/faults.ts';
import { ComputeQueue } from './compute-queue.ts';
import { StepRunner } from './step-runner.ts';
import { Trainer, type TrainerParts } from './trainer.ts';

const SEED = 3;
const spec: ModelSpec = { type: 'mlp', inputs: 2, hidden: [], outputs: 2, activation: 'relu' };
const program = buildStepProgram(spec, 2);
const { size } = program.layout;
const dataset = { size: 64, batch: () => ({ weight: Float32Array.of(1, 1) }) } as unknown as Dataset;
const OVERFLOWN = -(2n ** 63n);

let kernels: HostKernels;
beforeAll(async () => {
  kernels = await createHostKernels();
});

/** A device whose gradient of a micro-batch is made of its seed, and which waits before each step if it is asked to. */
class FakeDevice implements Executable {
  steps = 0;
  gate: Promise<void> = Promise.resolve();
  overflow = false;
  #sum = 0n;

  async load(): Promise<void> {}

  async accumulate({ seed }: Parameters<Executable['accumulate']>[0]): Promise<{ lossSum: number }> {
    await this.gate;
    this.steps += 1;
    this.#sum += BigInt(seed![0]!) * 2n ** 20n + BigInt(seed![1]!);
    return { lossSum: 1 };
  }

  async drain(into: Float32Array, scale: number): Promise<void> {
    into.forEach((_, i) => (into[i] = Number(this.#sum) * scale * (i + 1)));
    this.#sum = 0n;
  }

  async drainFixed(into: BigInt64Array): Promise<void> {
    into.forEach((_, i) => (into[i] = this.overflow && i === 4 ? OVERFLOWN : this.#sum * BigInt(i + 1)));
    this.#sum = 0n;
  }

  evaluate = async () => ({ lossSum: 0, correct: 0, predictions: 0 });
  close = async () => undefined;
}

/** A trainer at one state, which `moveOn` replaces. */
function open(numerics: Numerics): { trainer: Trainer; device: FakeDevice; moveOn: () => void } {
  const device = new FakeDevice();
  const state = { parameters: new Float32Array(size) };
  const summation = summationOf(numerics, kernels);
  const runner = new StepRunner({
    executable: device,
    train: dataset,
    held: dataset,
    sampler: createSampler({ samples: 64, seed: SEED, microBatch: 2 }),
    seed: SEED,
    batch: 2,
    parameters: size,
    numerics,
  });
  const trainer = new Trainer({
    runId: runId('20260101-00000001'),
    key: keyFromRaw(new Uint8Array(32).fill(9)),
    cut: new BucketCut({ ...program.layout, contributionBytes: summation.elementBytes }),
    summation,
    replica: { parameters: () => state.parameters } as unknown as TrainerParts['replica'],
    kept: { parametersAt: () => null } as unknown as TrainerParts['kept'],
    own: new OwnContributions(),
    runner,
    queue: new ComputeQueue(),
    faults: noFaults,
    program,
  });
  return { trainer, device, moveOn: () => (state.parameters = new Float32Array(size)) };
}

const work = (assignment: number, ...numbers: number[]): MemberEffectOf<'compute'> => ({
  type: 'compute',
  round: round(0),
  assignment: view(assignment),
  microBatches: numbers.map(microBatch),
});

/** What a contribution over the micro-batches comes to when it is computed in one go. */
const rootOf = async (numerics: Numerics, assignment: number, ...numbers: number[]) =>
  (await open(numerics).trainer.compute(work(assignment, ...numbers)))?.root;

describe('work that grows within a round', () => {
  it('is computed no further than what is new in it, and comes to the same bits', async () => {
    const { trainer, device } = open('exact');
    const first = await trainer.compute(work(1, 0, 4));
    const grown = await trainer.compute(work(2, 0, 2, 4, 5));
    expect(device.steps).toBe(4);
    expect(grown).toMatchObject({ assignment: 2, samples: 8, lossSum: 4, microBatches: [0, 2, 4, 5] });
    expect(grown!.computeMs).toBeGreaterThanOrEqual(first!.computeMs);
    expect(grown!.root).toBe(await rootOf('exact', 2, 0, 2, 4, 5));
    expect(grown!.root).not.toBe(first!.root);
  });

  it('while it is being computed goes on, and is committed to once', async () => {
    const { trainer, device } = open('exact');
    const gate = Promise.withResolvers<void>();
    device.gate = gate.promise;
    const first = trainer.compute(work(1, 0, 4));
    const second = trainer.compute(work(2, 0, 2, 4));
    const third = trainer.compute(work(3, 0, 2, 3, 4));
    gate.resolve();
    expect(await Promise.all([first, second])).toEqual([null, null]);
    expect((await third)!.root).toBe(await rootOf('exact', 3, 0, 2, 3, 4));
    expect(device.steps).toBe(4);
  });

  it('is cancelled with all its parts', async () => {
    const { trainer, device } = open('exact');
    const gate = Promise.withResolvers<void>();
    device.gate = gate.promise;
    const both = Promise.all([trainer.compute(work(1, 0, 4, 6)), trainer.compute(work(2, 0, 2, 4, 6))]);
    trainer.cancel(view(2));
    gate.resolve();
    expect(await both).toEqual([null, null]);
    expect(device.steps).toBeLessThan(2);
    expect((await trainer.compute(work(3, 0, 4)))!.root).toBe(await rootOf('exact', 3, 0, 4));
  });

  it('is computed anew in fast numerics, where the sum of two means has other bits', async () => {
    const { trainer, device } = open('fast');
    await trainer.compute(work(1, 0, 4));
    const grown = await trainer.compute(work(2, 0, 2, 4));
    expect(device.steps).toBe(5);
    expect(grown!.root).toBe(await rootOf('fast', 2, 0, 2, 4));
  });

  it('at another state has nothing in common with what was computed before', async () => {
    const { trainer, device, moveOn } = open('exact');
    await trainer.compute(work(1, 0, 4));
    moveOn();
    await trainer.compute(work(2, 0, 2, 4));
    expect(device.steps).toBe(5);
  });
});

describe('a sum that does not fit', () => {
  it('fails with the parameter’s name instead of being committed to', async () => {
    const { trainer, device } = open('exact');
    device.overflow = true;
    await expect(trainer.compute(work(1, 0))).rejects.toMatchObject({
      code: 'GRADIENT_OVERFLOW',
      message: expect.stringContaining(
        program.layout.slots.find(({ offset, size: length }) => offset + length > 4)!.name,
      ),
    });
  });
});
