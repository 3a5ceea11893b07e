import { beforeEach, describe, expect, it } from 'vitest';
import { createHostKernels, type OptimizerParameters } from '@murmuration/kernels/exact';
import { parameterLayout } from '@murmuration/kernels/graph';
import { round, STATE_CHUNK_BYTES, tensorTreeOfBytes, verifyTensorProof } from '@murmuration/protocol';
import { Replica } from './replica.ts';

/** 120,964 parameters: the state, parameters and two moments, has six chunks. */
const layout = parameterLayout({ type: 'mlp', inputs: 940, hidden: [128], outputs: 4, activation: 'relu' });
const options: OptimizerParameters = {
  layout,
  rounds: 10,
  schedule: { type: 'constant', warmup: 0 },
  optimizer: { type: 'adamw', learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
};
const wave = (phase: number): Float32Array => Float32Array.from({ length: layout.size }, (_, i) => Math.sin(i + phase));

let replica: Replica;
let twin: Replica;
beforeEach(async () => {
  const kernels = await createHostKernels();
  replica = new Replica(kernels, options);
  twin = new Replica(kernels, options);
});

describe('a replica', () => {
  it('has no round, hash or chunk before it holds a state', () => {
    expect(replica.round).toBeNull();
    expect(replica.stateHash).toBeNull();
    expect(replica.copy()).toBeNull();
    expect(replica.chunk(round(0), 0)).toBeNull();
  });

  it('ends at the same hash as another that applied the same gradients', async () => {
    await Promise.all([replica.initialise(wave(0)), twin.initialise(wave(0))]);
    const mine = await replica.apply(() => wave(1));
    expect(await twin.apply(() => wave(1))).toEqual(mine);
    expect(replica.round).toBe(1);
    expect((await replica.apply(() => wave(2))).stateHash).not.toBe((await twin.apply(() => wave(3))).stateHash);
  });

  it('is what its hash says, chunk by chunk', async () => {
    const root = await replica.initialise(wave(0));
    const copy = replica.copy()!;
    expect(tensorTreeOfBytes(copy.bytes, STATE_CHUNK_BYTES).root).toBe(root);
    expect(replica.chunks).toBe(6);
    for (let index = 0; index < replica.chunks; index++) {
      const { bytes, proof } = replica.chunk(round(0), index)!;
      expect(verifyTensorProof({ root, leaves: replica.chunks, index, bytes, proof })).toBe(true);
    }
    expect(replica.chunk(round(1), 0)).toBeNull();
    expect(replica.chunk(round(0), 6)).toBeNull();
  });

  it('goes on from a state that was downloaded as its source does', async () => {
    await replica.initialise(wave(0));
    await replica.apply(() => wave(1));
    const { bytes } = replica.copy()!;
    expect(await twin.load(bytes, round(1))).toBe(replica.stateHash);
    expect(await twin.apply(() => wave(2))).toEqual(await replica.apply(() => wave(2)));
  });

  it('takes changes one after the other, whenever they are asked for', async () => {
    const first = replica.initialise(wave(0));
    const second = replica.apply(() => wave(1));
    const third = replica.initialise(wave(0));
    expect(await third).toBe(await first);
    expect((await second).stateHash).not.toBe(await first);
    expect(replica.round).toBe(0);
  });

  it('is untouched by a gradient that the optimizer refuses', async () => {
    const before = await replica.initialise(wave(0));
    await expect(replica.apply(() => wave(0).fill(Number.NaN))).rejects.toMatchObject({ code: 'GRADIENT_RANGE' });
    expect(replica.stateHash).toBe(before);
  });

  it('gives one copy of the parameters a round, which later rounds do not change', async () => {
    await replica.initialise(wave(0));
    const kept = replica.parameters();
    expect(replica.parameters()).toBe(kept);
    await replica.apply(() => wave(1));
    expect(kept).toEqual(wave(0));
    expect(replica.parameters()).not.toEqual(kept);
  });
});
