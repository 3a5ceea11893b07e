import { describe, expect, it } from 'vitest';
import type { RunChange } from '@murmuration/protocol/dashboard';
import { MockRun } from '../testing/mock-run.ts';
import { HELD, merge, refill, viewOf } from './merge.ts';

const unchanged = (run: MockRun): RunChange => ({
  ...run.snapshot(),
  members: [],
  rounds: [],
  log: [],
  points: [],
  cut: [],
});

describe('changes merged into a run', () => {
  it('leave lists that did not change as they are, so that nothing is drawn again', () => {
    const run = new MockRun();
    const view = viewOf(run.snapshot());
    const next = merge(view, unchanged(run));
    expect(next.fresh).toBe(view.fresh);
    expect(next.rounds).toBe(view.rounds);
    expect(next.log).toBe(view.log);
  });

  it('replace rows of the same key and keep the newest first', () => {
    const run = new MockRun();
    const view = viewOf(run.snapshot());
    const row = { ...run.row(3), verified: 99_999 };
    const underWay = view.rounds[0]!;
    const next = merge(view, { ...run.advance(), members: [row] });
    expect(next.fresh.get(row.peerId)?.verified).toBe(99_999);
    expect(next.fresh.size).toBe(view.fresh.size);
    expect(next.rounds.slice(0, 2).map((line) => [line.round, line.outcome])).toEqual([
      [underWay.round + 1, 'under way'],
      [underWay.round, 'committed'],
    ]);
    expect(next.log[0]!.id).toBeGreaterThan(view.log[0]!.id);
  });

  it('hold a line once, however often it is told', () => {
    const run = new MockRun();
    const view = viewOf(run.snapshot());
    const change = run.advance();
    const twice = merge(merge(view, change), change);
    expect(twice.log).toEqual(merge(view, change).log);
    expect(twice.rounds).toEqual(merge(view, change).rounds);
  });

  it('may be cut: a snapshot fills the gap and takes nothing newer away', () => {
    const run = new MockRun();
    const before = viewOf(run.snapshot());
    for (let round = 0; round < 30; round++) run.advance();
    const snapshot = run.snapshot();
    const late = run.advance();
    const filled = refill(merge(before, { ...late, cut: ['rounds', 'log'] }), snapshot);
    expect(filled.rounds).toEqual(viewOf(run.snapshot()).rounds);
    expect(filled.log.slice(0, 50)).toEqual(run.snapshot().log);
  });

  it('stay bounded after a thousand rounds of a thousand members', () => {
    const run = new MockRun({ members: 1000, targetRounds: 100_000 });
    let view = viewOf(run.snapshot());
    for (let round = 0; round < 1000; round++) {
      const change = run.advance();
      // Rounds as they come, but without their members: those are not what is counted here.
      view = merge(view, { ...change, rounds: change.rounds.map((line) => ({ ...line, members: [] })) });
    }
    expect(view.figures.round).toBe(run.round);
    expect(view.rounds).toHaveLength(HELD.rounds);
    expect(view.log).toHaveLength(HELD.log);
    expect(view.fresh.size).toBe(HELD.fresh);
  }, 60_000);
});
