/** The generator against the known answers of its authors' library, and what is made of it. */
import { describe, expect, it } from 'vitest';
import { dropoutFactors, dropoutRule } from './dropout-rule.ts';
import { microBatchSeed, threefry } from './threefry.ts';

const drawn = (k0: number, k1: number, c0: number, c1: number): number[] => {
  const words = new Int32Array(2);
  threefry(words, k0, k1, c0, c1);
  return [...words].map((word) => word >>> 0);
};

describe('threefry', () => {
  // Random123's kat_vectors for threefry2x32 with 20 rounds.
  it('gives the known answers', () => {
    expect(drawn(0, 0, 0, 0)).toEqual([0x6b200159, 0x99ba4efe]);
    expect(drawn(-1, -1, -1, -1)).toEqual([0x1cb996fc, 0xbb002be7]);
    expect(drawn(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)).toEqual([0xc4923a9c, 0x483df7a0]);
  });

  it('makes the seed of a micro-batch from all bits of both numbers', () => {
    const numbers = [0, 1, 2 ** 32, 2 ** 52 + 1];
    const seeds = numbers.flatMap((job) => numbers.map((batch) => [...microBatchSeed(job, batch)].join()));
    expect(new Set(seeds).size).toBe(seeds.length);
  });
});

describe('dropout factors', () => {
  const rule = (rate: number, stream: number) => dropoutRule({ rate, stream });
  const factors = (rate: number, stream: number, seed: readonly number[], size = 100_000): Float32Array => {
    const into = new Float32Array(size);
    dropoutFactors(into, rule(rate, stream), seed);
    return into;
  };

  it.each([0.1, 0.5, 0.9])('keep the mean at rate %d', (rate) => {
    const drawnFactors = factors(rate, 0, [1, 2]);
    expect(drawnFactors.filter((factor) => factor === 0).length / drawnFactors.length).toBeCloseTo(rate, 2);
    expect(drawnFactors.reduce((sum, factor) => sum + factor, 0) / drawnFactors.length).toBeCloseTo(1, 1);
    expect(new Set(drawnFactors)).toEqual(new Set([0, rule(rate, 0).scale]));
  });

  it('differ between streams and between seeds, and are otherwise the same', () => {
    const agreement = (a: Float32Array, b: Float32Array) => a.filter((factor, i) => factor === b[i]).length / a.length;
    const one = factors(0.5, 0, [1, 2]);
    expect(agreement(one, factors(0.5, 0, [1, 2]))).toBe(1);
    for (const other of [factors(0.5, 1, [1, 2]), factors(0.5, 0, [2, 2]), factors(0.5, 0, [1, 3])])
      expect(agreement(one, other)).toBeCloseTo(0.5, 1);
  });

  it('do not depend on how many follow', () => {
    expect(factors(0.5, 0, [1, 2], 7)).toEqual(factors(0.5, 0, [1, 2], 1000).slice(0, 7));
  });
});
