import { describe, expect, it } from 'vitest';
import { CollectiveRank } from './collective-rank.ts';
import { checkResult, testVector } from './rank.ts';

describe('the collective without a coordinator', () => {
  it.each(['fast', 'exact'] as const)('gives every rank the mean in %s numerics, time after time', async (numerics) => {
    const [ranks, elements] = [3, 300_001];
    const members = await Promise.all(
      Array.from({ length: ranks }, (_, rank) =>
        CollectiveRank.open({ rank, ranks, elements }, testVector({ rank, elements }), numerics),
      ),
    );
    const addresses = members.map(({ address }) => address);
    await Promise.all(members.map((member) => member.connect(addresses)));
    for (let time = 0; time < 2; time++) {
      const results = await Promise.all(members.map((member) => member.reduce()));
      results.forEach((result, rank) =>
        expect(() => checkResult(result, { rank, ranks, elements }, 'mean')).not.toThrow(),
      );
    }
    await Promise.all(members.map((member) => member.close()));
  });
});
