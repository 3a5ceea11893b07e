import { describe, expect, it } from 'vitest';
import { hash, round } from '@murmuration/protocol';
import type { TabEvent, TabStatus } from './face.ts';
import { foldStatus, initialStatus } from './status.ts';

const fold = (events: readonly TabEvent[], from: TabStatus = initialStatus(1)): TabStatus =>
  events.reduce(foldStatus, from);
const contributed: TabEvent = {
  event: 'worker.contributed',
  round: round(0),
  microBatches: 3,
  samples: 96,
  loss: 2.5,
  computeMs: 48,
};
const applied = (at: number, microBatches: number): TabEvent => ({
  event: 'worker.applied',
  round: round(at),
  stateHash: hash(`0x${'ab'.repeat(32)}`),
  microBatches,
});

describe('a tab’s status', () => {
  it('tells what was contributed from what was accepted', () => {
    const status = fold([contributed, applied(1, 3), contributed, applied(2, 0)]);
    expect(status).toMatchObject({ contributed: 6, accepted: 3, round: 2, loss: 2.5, samplesPerSecond: 2000 });
    expect(status.phase).toBe('training');
  });

  it('follows a lost connection and the way back', () => {
    const lost = fold([applied(4, 1), { event: 'worker.disconnected', reason: 'the socket closed' }]);
    expect(lost).toMatchObject({ phase: 'reconnecting', problems: [{ code: 'DISCONNECTED' }] });
    const back = fold([{ event: 'worker.ready', round: round(6) }], lost);
    expect(back).toMatchObject({ phase: 'training', round: 6, accepted: 1 });
  });

  it('keeps the newest problems only', () => {
    const many = Array.from({ length: 30 }, (_, i): TabEvent => ({
      event: 'worker.problem',
      code: `P${i}`,
      message: 'x',
    }));
    const { problems } = fold(many);
    expect([problems.length, problems[0]?.code, problems.at(-1)?.code]).toEqual([20, 'P10', 'P29']);
  });

  it('counts a refusal among the problems, and a finished run not', () => {
    const ended = (outcome: 'finished' | 'refused'): TabEvent => ({
      event: 'tab.ended',
      outcome,
      code: 'C',
      reason: 'r',
    });
    expect(fold([ended('refused')])).toMatchObject({ phase: 'ended', end: { code: 'C' }, problems: [{ code: 'C' }] });
    expect(fold([ended('finished')])).toMatchObject({ phase: 'ended', end: { outcome: 'finished' }, problems: [] });
  });

  it('says how far the kernels are', () => {
    const compiling = (done: number, total: number): TabEvent => ({ event: 'worker.compiling', job: 'j', done, total });
    expect(fold([compiling(0, 0)])).toMatchObject({ phase: 'preparing' });
    expect(fold([compiling(0, 0)]).reason).toMatch(/for this device\.$/);
    expect(fold([compiling(3, 20)]).reason).toMatch(/3 of 20/);
  });

  it('shows pay, data and state as they come', () => {
    const status = fold([
      { event: 'tab.data', received: 5, cached: 2, bytes: 10 },
      { event: 'worker.syncing', round: round(3), received: 1, bytes: 4 },
      { event: 'worker.synced', round: round(3), bytes: 4 },
      { event: 'worker.pay', epoch: 1, verified: 7, cumulativeWei: '70', paidWei: '35', reason: 'verified' },
    ]);
    expect(status).toMatchObject({
      data: { received: 5, cached: 2, bytes: 10 },
      state: { received: 4, bytes: 4 },
      verified: 7,
      earnedWei: '70',
      paidWei: '35',
    });
  });
});
