import { describe, expect, it } from 'vitest';
import { checkResult, testVector } from '../all-reduce/rank.ts';
import { TcpRing } from './tcp-ring.ts';

async function withRing(
  ranks: number,
  elements: number,
  work: (ring: readonly TcpRing[]) => Promise<void>,
): Promise<void> {
  const ring = await Promise.all(
    Array.from({ length: ranks }, (_, rank) => TcpRing.open({ rank, ranks, elements }, testVector({ rank, elements }))),
  );
  const addresses = ring.map(({ address }) => address);
  await Promise.all(ring.map((member) => member.connect(addresses)));
  await work(ring);
  await Promise.all(ring.map((member) => member.close()));
}

describe('the TCP ring', () => {
  it.each([
    { ranks: 2, elements: 1_000_003 },
    { ranks: 3, elements: 700_001 },
    { ranks: 4, elements: 10 },
    { ranks: 4, elements: 3 },
  ])('gives every one of $ranks ranks the sum of $elements elements, time after time', async ({ ranks, elements }) => {
    await withRing(ranks, elements, async (ring) => {
      for (let time = 0; time < 3; time++) {
        const results = await Promise.all(ring.map((member) => member.reduce()));
        results.forEach((result, rank) =>
          expect(() => checkResult(result, { rank, ranks, elements }, 'sum')).not.toThrow(),
        );
        for (const result of results) result.fill(Number.NaN);
      }
    });
  });

  it('takes what a rank sends that begins before the others', async () => {
    await withRing(3, 300_000, async ([first, second, third]) => {
      const early = first!.reduce();
      // The next rank acknowledges nothing that shows here, so a round trip of the event loop stands for "later".
      await new Promise((resolve) => setImmediate(resolve));
      const results = await Promise.all([early, second!.reduce(), third!.reduce()]);
      results.forEach((result, rank) =>
        expect(() => checkResult(result, { rank, ranks: 3, elements: 300_000 }, 'sum')).not.toThrow(),
      );
    });
  });
});

describe('checkResult', () => {
  it('names an element that is wrong', () => {
    const settings = { rank: 0, ranks: 2, elements: 20 };
    const mean = testVector({ rank: 0, elements: 20 }).map((value) => value * 1.5);
    expect(() => checkResult(mean, settings, 'mean')).not.toThrow();
    expect(() => checkResult(mean, settings, 'sum')).toThrow('Element 1 of the result is 1.5');
  });
});
