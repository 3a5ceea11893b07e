/**
 * Which samples a micro-batch holds: micro-batch k of size B covers positions [k·B, (k+1)·B) of an endless order, and
 * position p is sample perm(seed, e)(p mod n) of epoch e = ⌊p/n⌋. A function of numbers alone, without a cursor, so any
 * member can train or audit any micro-batch.
 */
import { SampleRangeError } from './errors.ts';
import { permutationOf } from './permutation.ts';
import type { Permutation } from './permutation.ts';

export interface SamplerOptions {
  /** n, samples of the data. */
  readonly samples: number;
  readonly seed: number;
  /** B, samples of a micro-batch. */
  readonly microBatch: number;
}

export interface Sampler {
  /** The sample indices of micro-batch `microBatch`, in order; `[B]`, each in [0, n). */
  samplesOf(microBatch: number): number[];
}

/** The sample order of a run. */
export function createSampler({ samples, seed, microBatch: size }: SamplerOptions): Sampler {
  let cached: { epoch: number; permutation: Permutation } | undefined;
  const permutationAt = (epoch: number): Permutation => {
    if (cached?.epoch !== epoch) cached = { epoch, permutation: permutationOf(samples, seed, epoch) };
    return cached.permutation;
  };
  return {
    samplesOf: (microBatch) => {
      const first = microBatch * size;
      if (!Number.isSafeInteger(first + size) || first < 0)
        throw new SampleRangeError({ reason: `there is no micro-batch ${microBatch}` });
      return Array.from({ length: size }, (_, i) =>
        permutationAt(Math.floor((first + i) / samples))((first + i) % samples),
      );
    },
  };
}
