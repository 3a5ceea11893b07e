import { describe, expect, it } from 'vitest';
import { cosineOfPi, learningRateAt } from './schedule.ts';

const f32 = Math.fround;

describe('cosineOfPi', () => {
  it('is within 1e-15 of the true value', () => {
    for (let i = 0; i <= 10_000; i++) {
      expect(Math.abs(cosineOfPi(i / 10_000) - Math.cos((Math.PI * i) / 10_000))).toBeLessThan(1e-15);
    }
  });

  it('is exact where it matters', () => {
    expect([cosineOfPi(0), cosineOfPi(1)]).toEqual([1, -1]);
    expect(cosineOfPi(0.5)).toBeCloseTo(0, 15);
  });
});

describe('learningRateAt', () => {
  it('rises in a line over the warm-up and reaches the peak', () => {
    const rates = [0, 1, 2, 3, 4].map((round) => learningRateAt({ type: 'constant', warmup: 4 }, 0.1, 100, round));
    expect(rates).toEqual([0.025, 0.05, 0.1 * 0.75, 0.1, 0.1].map(f32));
  });

  it.each(['linear', 'cosine'] as const)(
    '%s goes from the peak to its final fraction in the last round and stays there',
    (type) => {
      const rate = (round: number): number => learningRateAt({ type, warmup: 10, final: 0.1 }, 0.5, 200, round);
      expect(rate(10)).toBe(0.5);
      expect(rate(199)).toBe(f32(0.05));
      expect(rate(500)).toBe(f32(0.05));
      for (let round = 11; round < 200; round++) expect(rate(round)).toBeLessThan(rate(round - 1));
    },
  );

  it('is halfway down in the middle, for both', () => {
    expect(learningRateAt({ type: 'linear', warmup: 0, final: 0 }, 1, 101, 50)).toBe(0.5);
    expect(learningRateAt({ type: 'cosine', warmup: 0, final: 0 }, 1, 101, 50)).toBe(0.5);
  });

  it('takes a run of one round and a warm-up longer than the run', () => {
    expect(learningRateAt({ type: 'cosine', warmup: 0, final: 0.5 }, 1, 1, 0)).toBe(1);
    expect(learningRateAt({ type: 'linear', warmup: 50, final: 0 }, 1, 10, 9)).toBe(f32(0.2));
  });
});
