import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { microBatch, round } from '../../core/ids.ts';
import { emptyLedger, returnMicroBatches, takeMicroBatches, untrainedBetween } from './ledger.ts';
import { largestRemainder, planRound, replanOwners } from './plan.ts';
import { idOf } from './scenario.ts';
import type { MemberRecord } from './state.ts';

const member = (name: string, samplesPerSecond = 1, dialable = true) =>
  ({ peerId: idOf(name), samplesPerSecond, addresses: dialable ? ['/memory/x'] : [] }) as unknown as MemberRecord;
const numbers = (count: number) => Array.from({ length: count }, (_, i) => microBatch(i));

describe('largest remainder', () => {
  it('gives everything out, to each within one of its exact share', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 20 }), fc.nat(5000), (weights, total) => {
        const shares = largestRemainder(weights, total);
        const sum = weights.reduce((a, b) => a + b, 0);
        const exact = weights.map((weight) => (sum > 0 ? (weight / sum) * total : total / weights.length));
        expect(shares.reduce((a, b) => a + b, 0)).toBe(total);
        expect(shares.every((share, i) => Math.abs(share - exact[i]!) < 1)).toBe(true);
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});

describe('a plan', () => {
  it('goes by speed: a member that is too slow has no work but still receives', () => {
    const plan = planRound({
      members: [member('a', 100), member('b', 1), member('c', 100)],
      microBatches: numbers(4),
      buckets: 3,
      assignment: 'adaptive',
      round: round(1),
    });
    expect(plan.contributors.map(({ peerId, microBatches }) => [peerId.at(-1), microBatches])).toEqual([
      ['a', [0, 1]],
      ['c', [2, 3]],
    ]);
    expect(plan.owners.map((owner) => owner.at(-1))).toEqual(['a', 'b', 'c']);
  });

  it('gives a slow member one micro-batch now and then, so that its speed is measured again', () => {
    const shares = [0, 1, 7, 8].map((number) =>
      planRound({
        members: [member('a', 100), member('b', 1), member('c', 1)],
        microBatches: numbers(4),
        buckets: 1,
        assignment: 'adaptive',
        round: round(number),
      }).contributors.map(({ microBatches }) => microBatches.length),
    );
    expect(shares).toEqual([[2, 1, 1], [4], [4], [2, 1, 1]]);
  });

  it('is the same whatever the speeds when it is fixed, and in whatever order members came', () => {
    const fixed = (members: MemberRecord[]) =>
      planRound({ members, microBatches: numbers(5), buckets: 2, assignment: 'fixed', round: round(0) });
    expect(fixed([member('b', 9), member('a', 1)])).toEqual(fixed([member('a', 3), member('b', 3)]));
  });

  it('gives no bucket to those that can’t be dialled, and none at all when nobody can', () => {
    expect(
      planRound({
        members: [member('a', 1, false), member('b')],
        microBatches: numbers(2),
        buckets: 2,
        assignment: 'fixed',
        round: round(0),
      }).owners,
    ).toEqual([idOf('b'), idOf('b')]);
    expect(
      planRound({
        members: [member('a', 1, false)],
        microBatches: numbers(2),
        buckets: 2,
        assignment: 'fixed',
        round: round(0),
      }).owners,
    ).toEqual([]);
  });

  it('moves only the buckets of the dead', () => {
    const owners = ['a', 'b', 'c', 'b', 'b'].map(idOf);
    expect(replanOwners(owners, [member('a'), member('c')]).map((owner) => owner.at(-1))).toEqual([
      'a',
      'a',
      'c',
      'c',
      'a',
    ]);
  });
});

describe('the ledger', () => {
  it('hands each micro-batch out once until it is returned, lowest first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ take: fc.integer({ min: 1, max: 9 }), back: fc.nat(9) }), { maxLength: 30 }),
        (steps) => {
          const out = new Set<number>();
          let ledger = emptyLedger;
          for (const { take, back } of steps) {
            const taken = takeMicroBatches(ledger, take);
            for (const number of taken.taken) expect(out.has(number)).toBe(false);
            for (const number of taken.taken) out.add(number);
            const returned = taken.taken.slice(0, back);
            for (const number of returned) out.delete(number);
            ledger = returnMicroBatches(taken.ledger, returned);
            expect(out.size + ledger.returned.length).toBe(ledger.next);
            expect(ledger.returned.toSorted((a, b) => a - b)).toEqual(ledger.returned);
          }
        },
      ),
      { seed: 5, numRuns: 100 },
    );
  });

  it('knows what was trained between two points', () => {
    const then = { next: microBatch(6), returned: [microBatch(2)] };
    const now = { next: microBatch(9), returned: [microBatch(7)] };
    expect(untrainedBetween(then, now)).toEqual([2, 6, 8]);
  });
});
