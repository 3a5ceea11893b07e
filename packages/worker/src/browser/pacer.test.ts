import { describe, expect, it } from 'vitest';
import type { Clock } from '@murmuration/protocol/net-core';
import { LEAST_SHARE, Pacer } from './pacer.ts';

/** A clock that is told when time passes. */
function handClock() {
  const waiting: { readonly delay: number; readonly work: () => void }[] = [];
  const clock: Clock = {
    after(delay, work) {
      const entry = { delay, work };
      waiting.push(entry);
      return () => void waiting.splice(waiting.indexOf(entry), 1);
    },
  };
  return { clock, waiting, pass: () => waiting.splice(0).forEach(({ work }) => work()) };
}
const never = new AbortController().signal;

describe('a pacer', () => {
  it('rests in proportion to the share', async () => {
    const { clock, waiting, pass } = handClock();
    for (const [share, delay] of [
      [0.5, 100],
      [0.25, 300],
      [0.8, 25],
    ] as const) {
      const resting = new Pacer(clock, share).rest(100, never);
      expect(waiting[0]?.delay).toBeCloseTo(delay, 9);
      pass();
      await resting;
    }
  });

  it('does not rest at all with the whole share', async () => {
    const { clock, waiting } = handClock();
    await new Pacer(clock, 1).rest(10_000, never);
    expect(waiting).toEqual([]);
  });

  it('saves short rests up until they are worth waking up for', async () => {
    const { clock, waiting, pass } = handClock();
    const pacer = new Pacer(clock, 0.5);
    await pacer.rest(1.5, never);
    await pacer.rest(1.5, never);
    expect(waiting).toEqual([]);
    const resting = pacer.rest(1.5, never);
    expect(waiting[0]?.delay).toBeCloseTo(4.5, 9);
    pass();
    await resting;
  });

  it('ends its rest when the share changes, and when the work is cancelled', async () => {
    const { clock, waiting } = handClock();
    const pacer = new Pacer(clock, 0.1);
    const resting = pacer.rest(1000, never);
    pacer.share = 1;
    await resting;
    expect([pacer.share, waiting]).toEqual([1, []]);
    pacer.share = 0.1;
    const controller = new AbortController();
    const cancelled = pacer.rest(1000, controller.signal);
    controller.abort(new Error('reassigned'));
    await expect(cancelled).rejects.toThrow('reassigned');
    expect(waiting).toEqual([]);
  });

  it('takes shares that leave something to do', () => {
    const { clock } = handClock();
    for (const share of [0, LEAST_SHARE / 2, 1.01, Number.NaN])
      expect(() => new Pacer(clock, share)).toThrow(RangeError);
  });
});
