import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../core/canonical.ts';
import { hashText } from '../core/digest.ts';
import { Scenario } from '../machines/coordinator/scenario.ts';
import { isJournalled, JOURNAL_START } from './chain.ts';
import { JournalMismatchError } from './errors.ts';
import type { JournalEntry } from './events.ts';
import { replayJournal } from './replay.ts';

const written = (): JournalEntry[] => new Scenario().join('a', 'b', 'c').play('a', 'b', 'c').journal;
/** As a store gives it back. */
const stored = (): JournalEntry[] => JSON.parse(JSON.stringify(written())) as JournalEntry[];

/** The error that a journal is refused with. */
function refusal(entries: readonly JournalEntry[]): JournalMismatchError {
  try {
    replayJournal(entries);
  } catch (error) {
    if (error instanceof JournalMismatchError) return error;
    throw error;
  }
  throw new Error('the journal was taken');
}

/** Puts entry `at` and all hashes after it right again, as somebody would who alters a journal with care. */
function forged(
  entries: readonly JournalEntry[],
  at: number,
  change: (entry: JournalEntry) => JournalEntry,
): JournalEntry[] {
  const list = [...entries];
  list[at] = change(list[at]!);
  for (let i = at; i < list.length; i++) {
    const { hash: _hash, ...entry } = { ...list[i]!, previous: i === 0 ? JOURNAL_START : list[i - 1]!.hash };
    list[i] = { ...entry, hash: hashText(canonicalJson(entry)) };
  }
  return list;
}

describe('a journal', () => {
  it('replays to the same state from what a store gives back', () => {
    const scenario = new Scenario().join('a', 'b', 'c').play('a', 'b', 'c');
    const replayed = replayJournal(JSON.parse(JSON.stringify(scenario.journal)) as JournalEntry[]);
    expect(replayed?.state).toEqual(scenario.state);
    expect(replayed?.last.sequence).toBe(scenario.journal.length - 1);
    expect(replayJournal([])).toBeNull();
  });

  it.each([
    [
      'an altered event',
      (list: JournalEntry[]) => list.with(5, { ...list[5]!, event: { ...list[5]!.event, at: 1 as never } }),
      5,
      'hash',
    ],
    ['an altered reason', (list: JournalEntry[]) => list.with(7, { ...list[7]!, reason: 'because' }), 7, 'hash'],
    ['a missing entry', (list: JournalEntry[]) => list.toSpliced(4, 1), 4, 'sequence'],
    ['two entries swapped', (list: JournalEntry[]) => list.with(3, list[4]!).with(4, list[3]!), 3, 'sequence'],
  ] as const)('with %s is refused with the place named', (_what, alter, sequence, field) => {
    const error = refusal(alter(stored()));
    expect(error).toMatchObject({ sequence, field, code: 'JOURNAL_MISMATCH' });
    expect(error.message).toContain(`Journal entry ${sequence} `);
  });

  it('altered with care, hashes and all, is refused because the run would have decided otherwise', () => {
    const list = stored();
    const at = list.findIndex(({ event }) => event.type === 'message' && event.message.type === 'commit');
    const error = refusal(
      forged(list, at, (entry) => {
        if (entry.event.type !== 'message' || entry.event.message.type !== 'commit') return entry;
        return { ...entry, event: { ...entry.event, message: { ...entry.event.message, samples: 400 } } };
      }),
    );
    expect(error).toMatchObject({ sequence: at, field: 'reason' });
  });

  it('with an event that no run can take is refused, not a crash', () => {
    const list = stored();
    expect(
      refusal(forged(list, 2, (entry) => ({ ...entry, event: { type: 'message', at: 1, from: 'x' } as never }))),
    ).toMatchObject({ sequence: 2, field: 'event' });
  });

  it('leaves out what changes nothing', () => {
    const scenario = new Scenario().join('a');
    const { state } = scenario;
    expect(
      isJournalled(state, { state, effects: [{ type: 'setTimer', name: 'round', delay: 1 as never }], reason: '' }),
    ).toBe(false);
    expect(
      isJournalled(state, {
        state,
        effects: [{ type: 'journal', fact: { type: 'draining', reason: '' } }],
        reason: '',
      }),
    ).toBe(true);
  });
});
