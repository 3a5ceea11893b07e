import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SampleRangeError } from './errors.ts';
import { PERMUTATION_LIMIT, permutationOf } from './permutation.ts';
import { createSampler } from './sampler.ts';

const all = (size: number, seed: number, epoch: number): number[] => {
  const permutation = permutationOf(size, seed, epoch);
  return Array.from({ length: size }, (_, i) => permutation(i));
};
const ascending = (values: readonly number[]): number[] => [...values].sort((left, right) => left - right);

describe('permutationOf', () => {
  it('is a bijection on [0, size), whatever the size, seed and epoch', () => {
    const sizes = fc.oneof(
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.constantFrom(63, 64, 65, 255, 256, 257, 1023, 1024, 1025, 4096, 4097),
    );
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 0xffff_ffff }), fc.nat(1_000_000), (size, seed, epoch) => {
        expect(ascending(all(size, seed, epoch))).toEqual(Array.from({ length: size }, (_, i) => i));
      }),
      { seed: 3, numRuns: 150 },
    );
  });

  it('is unrelated from epoch to epoch and from seed to seed', () => {
    const size = 2000;
    const orders = [all(size, 1, 0), all(size, 1, 1), all(size, 2, 0)];
    for (const [left, right] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const same = (orders[left] as number[]).filter((value, i) => value === (orders[right] as number[])[i]).length;
      // Independent permutations agree in one place on average; ten or more happen once in ten million.
      expect(same).toBeLessThan(10);
    }
  });

  it('shuffles well: neighbours and halves of the order show no trend', () => {
    const size = 60_000;
    const order = all(size, 7, 3);
    const mean = (size - 1) / 2;
    const products = order.map((value, i) => (value - mean) * ((order[(i + 1) % size] as number) - mean));
    const correlation = products.reduce((sum, product) => sum + product, 0) / (size * ((size ** 2 - 1) / 12));
    expect(Math.abs(correlation)).toBeLessThan(0.02);
    const firstHalf = order.slice(0, size / 2).reduce((sum, value) => sum + value, 0) / (size / 2);
    expect(Math.abs(firstHalf / mean - 1)).toBeLessThan(0.02);
  });

  it('has golden values: another build must draw the same samples', () => {
    expect(all(10, 0, 0)).toEqual([8, 3, 7, 0, 9, 6, 5, 1, 4, 2]);
    const large = permutationOf(60_000, 42, 5);
    expect([0, 1, 2, 59_999].map(large)).toEqual([22_064, 3500, 35_904, 2565]);
    const huge = permutationOf(PERMUTATION_LIMIT, 0xffff_ffff, 1);
    expect([0, 1, PERMUTATION_LIMIT - 1].map(huge)).toEqual([1_926_684_625, 1_111_507_959, 2_031_149_086]);
  });

  it.each([0, -1, 1.5, PERMUTATION_LIMIT + 1, Number.NaN])('refuses a size of %d', (size) => {
    expect(() => permutationOf(size, 0, 0)).toThrow(SampleRangeError);
  });
});

describe('createSampler', () => {
  it('covers every sample once an epoch, across micro-batches that straddle epochs', () => {
    const sampler = createSampler({ samples: 100, seed: 9, microBatch: 32 });
    const order = Array.from({ length: 25 }, (_, k) => sampler.samplesOf(k)).flat();
    for (let epoch = 0; epoch < 8; epoch++) {
      expect(ascending(order.slice(epoch * 100, (epoch + 1) * 100))).toEqual(Array.from({ length: 100 }, (_, i) => i));
    }
  });

  it('needs no history: any micro-batch at once, in any order', () => {
    const options = { samples: 1000, seed: 4, microBatch: 64 };
    const forward = createSampler(options);
    const history = Array.from({ length: 40 }, (_, k) => forward.samplesOf(k));
    const backward = createSampler(options);
    for (let k = 39; k >= 0; k--) expect(backward.samplesOf(k)).toEqual(history[k]);
    expect(createSampler(options).samplesOf(17)).toEqual(history[17]);
  });

  it('takes a micro-batch larger than the data', () => {
    expect(ascending(createSampler({ samples: 3, seed: 1, microBatch: 6 }).samplesOf(5))).toEqual([0, 0, 1, 1, 2, 2]);
  });

  it('refuses numbers that name no micro-batch', () => {
    const { samplesOf } = createSampler({ samples: 10, seed: 1, microBatch: 8 });
    for (const k of [-1, 0.3, Number.NaN, Number.MAX_SAFE_INTEGER])
      expect(() => samplesOf(k)).toThrow(SampleRangeError);
  });
});
