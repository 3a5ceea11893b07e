import { milliseconds, peerId, runId } from '@murmuration/protocol';
import type { CoordinatorConfig, CoordinatorEffect, JournalEntry } from '@murmuration/protocol';
import { replayJournal } from '@murmuration/protocol';
import { hash } from '@murmuration/protocol';
import { describe, expect, it } from 'vitest';
import { CoordinatorDriver } from './driver.ts';

const config: CoordinatorConfig = {
  runId: runId('test-20260101-00000000'),
  rounds: 3,
  microBatchesPerRound: 2,
  microBatchSize: 4,
  buckets: 1,
  startMembers: 1,
  minMembers: 1,
  maxMembers: 4,
  assignment: 'fixed',
  failureTimeout: milliseconds(1000),
  gatherTimeout: milliseconds(5000),
  evaluation: null,
  checkpointEvery: 0,
  audit: { rate: 0, floor: 0, window: 4, accept: 1e-5, escalate: 1e-4 },
  payment: null,
  self: { peerId: peerId('16Uiu2HAmAnaAnaAnaAnaAnaAnaAnaAnaAnaAnaAnaAnaAnaAnaAna'), addresses: [] },
  job: {},
};
const started = { type: 'started', config, auditSecret: hash(`0x${'7'.repeat(64)}`) } as const;

/** A driver with everything that happened to it, in order. */
function observed(now: () => number = () => 1000) {
  const happened: string[] = [];
  const entries: JournalEntry[] = [];
  const effects: CoordinatorEffect[] = [];
  const driver: CoordinatorDriver = new CoordinatorDriver(
    {
      append: (entry) => {
        entries.push(entry);
        happened.push(`append ${entry.sequence}`);
      },
      perform: (effect) => {
        effects.push(effect);
        happened.push(effect.type);
      },
      observe: (entry) => happened.push(`observe ${entry.sequence}`),
      now,
    },
    null,
  );
  return { driver, happened, entries, effects };
}

describe('CoordinatorDriver', () => {
  it('commits the entry before any effect of it is performed', () => {
    const { driver, happened } = observed();
    driver.dispatch(started);
    expect(happened[0]).toBe('append 0');
    expect(happened.at(-1)).toBe('observe 0');
    expect(happened.length).toBeGreaterThan(2);
  });

  it('performs nothing when the journal cannot be written', () => {
    const effects: CoordinatorEffect[] = [];
    const full = (): never => {
      throw new Error('disk full');
    };
    const driver = new CoordinatorDriver(
      { append: full, perform: (effect) => effects.push(effect), observe: () => undefined, now: () => 0 },
      null,
    );
    expect(() => driver.dispatch(started)).toThrow('disk full');
    expect(effects).toEqual([]);
    expect(driver.state).toBeNull();
  });

  it('handles an event that an effect causes after the one that caused it', () => {
    const order: string[] = [];
    const driver: CoordinatorDriver = new CoordinatorDriver(
      {
        append: (entry) => order.push(entry.event.type),
        perform: (effect) => {
          if (effect.type === 'anchor') driver.dispatch({ type: 'interrupted', reason: 'at once' });
        },
        observe: (entry) => order.push(`${entry.event.type} seen`),
        now: () => 5,
      },
      null,
    );
    driver.dispatch(started);
    expect(order.slice(0, 3)).toEqual(['started', 'started seen', 'interrupted']);
  });

  it('writes a journal that replays, over a clock that is set back', () => {
    let time = 5000;
    const { driver, entries } = observed(() => (time -= 1000));
    driver.dispatch(started);
    driver.dispatch({ type: 'interrupted', reason: 'a test' });
    driver.dispatch({ type: 'interrupted', reason: 'again' });
    expect(entries.map(({ event }) => event.at)).toEqual([4000, 4000, 4000].slice(0, entries.length));
    expect(replayJournal(entries)?.state).toEqual(driver.state);
    expect(driver.journalLength).toBe(entries.length);
  });

  it('takes nothing after it was stopped', () => {
    const { driver, entries } = observed();
    driver.dispatch(started);
    driver.stop();
    driver.dispatch({ type: 'interrupted', reason: 'late' });
    expect(entries).toHaveLength(1);
  });
});
