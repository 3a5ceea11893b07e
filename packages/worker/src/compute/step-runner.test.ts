import { describe, expect, it } from 'vitest';
import type { Batch, Executable } from '@murmuration/kernels/backend-core';
import { microBatchSeed } from '@murmuration/kernels/graph';
import { microBatch } from '@murmuration/protocol';
import { createSampler, type Dataset } from '@murmuration/protocol/data-core';
import { StepRunner } from './step-runner.ts';

const SEED = 2 ** 40 + 9;

/** A device that keeps the seeds that it is fed. */
function recorder(): { executable: Executable; seeds: number[][] } {
  const seeds: number[][] = [];
  const executable: Executable = {
    load: async () => undefined,
    accumulate: async (batch: Batch) => {
      seeds.push([...(batch['seed'] ?? [])]);
      return { lossSum: 0 };
    },
    drain: async () => undefined,
    evaluate: async () => ({ lossSum: 0, correct: 0, predictions: 0 }),
    close: async () => undefined,
  };
  return { executable, seeds };
}

const dataset: Dataset = {
  size: 12,
  batch: () => ({ weight: Float32Array.of(1, 1) }),
} as unknown as Dataset;

describe('a step runner', () => {
  it('feeds each micro-batch its own seed, whoever computes it and in whatever order', async () => {
    const { executable, seeds } = recorder();
    const sampler = createSampler({ samples: 12, seed: SEED, microBatch: 2 });
    const parts = { executable, train: dataset, held: dataset, sampler, seed: SEED, batch: 2, parameters: 1 };
    const numbers = [5, 2, 5].map((number) => microBatch(number));
    await new StepRunner(parts).gradient(new Float32Array(1), numbers, new AbortController().signal);
    expect(seeds).toEqual([5, 2, 5].map((number) => [...microBatchSeed(SEED, number)]));
    expect(seeds[0]).toEqual(seeds[2]);
    expect(seeds[0]).not.toEqual(seeds[1]);
  });

  it('rests after each micro-batch as its owner wishes, and stops resting when it is cancelled', async () => {
    const { executable, seeds } = recorder();
    const sampler = createSampler({ samples: 12, seed: SEED, microBatch: 2 });
    const rests: number[] = [];
    const controller = new AbortController();
    const rest = async (workedMs: number, signal: AbortSignal): Promise<void> => {
      rests.push(workedMs);
      if (rests.length === 2) controller.abort(new Error('enough'));
      signal.throwIfAborted();
    };
    const parts = { executable, train: dataset, held: dataset, sampler, seed: SEED, batch: 2, parameters: 1, rest };
    const numbers = [0, 1, 2].map((number) => microBatch(number));
    await expect(new StepRunner(parts).gradient(new Float32Array(1), numbers, controller.signal)).rejects.toThrow(
      'enough',
    );
    expect(seeds).toHaveLength(2);
    expect(rests.every((workedMs) => workedMs >= 0)).toBe(true);
  });
});
