/** Making journal entries, and checking that a list of them is what was written. */
import { canonicalJson } from '../core/canonical.ts';
import { hashText } from '../core/digest.ts';
import { hash, type Hash } from '../core/ids.ts';
import type { CoordinatorDecision } from '../machines/coordinator/effects.ts';
import type { CoordinatorEvent } from '../machines/coordinator/events.ts';
import type { CoordinatorState } from '../machines/coordinator/state.ts';
import { JournalMismatchError } from './errors.ts';
import type { JournalEntry } from './events.ts';
import type { RunFact } from './facts.ts';

/** What stands before the first entry. */
export const JOURNAL_START: Hash = hash(`0x${'0'.repeat(64)}`);

/** The digest of all that was decided: effects in order, and the reason. */
export const decisionDigest = ({ effects, reason }: Pick<CoordinatorDecision, 'effects' | 'reason'>): Hash =>
  hashText(canonicalJson({ effects, reason }));

/** The facts among the effects, in order. */
export const factsOf = ({ effects }: Pick<CoordinatorDecision, 'effects'>): RunFact[] =>
  effects.flatMap((effect) => (effect.type === 'journal' ? [effect.fact] : []));

/**
 * Whether an event belongs in the journal: it changed the state or decided something worth a fact. A heartbeat does
 * neither; replay does without it.
 */
export const isJournalled = (before: CoordinatorState | null, decision: CoordinatorDecision): boolean =>
  decision.state !== before || decision.effects.some(({ type }) => type === 'journal');

/** The entry that follows `last` (null: the first one). */
export function nextJournalEntry(
  last: Pick<JournalEntry, 'sequence' | 'hash'> | null,
  event: CoordinatorEvent,
  decision: CoordinatorDecision,
): JournalEntry {
  const entry = {
    sequence: last === null ? 0 : last.sequence + 1,
    previous: last === null ? JOURNAL_START : last.hash,
    event,
    facts: factsOf(decision),
    decision: decisionDigest(decision),
    reason: decision.reason,
  };
  return { ...entry, hash: entryHash(entry) };
}

const entryHash = (
  { sequence, previous, event, facts, decision, reason }: Omit<JournalEntry, 'hash'>,
  digest: (text: string) => Hash = hashText,
): Hash => digest(canonicalJson({ sequence, previous, event, facts, decision, reason }));

/**
 * Checks one entry against the one before it.
 * @param digest SHA-256 of a text, where something faster than the portable one is at hand
 * @throws JournalMismatchError naming the entry and what differs
 */
export function checkEntry(
  last: Pick<JournalEntry, 'sequence' | 'hash'> | null,
  entry: JournalEntry,
  digest?: (text: string) => Hash,
): void {
  const sequence = last === null ? 0 : last.sequence + 1;
  const checks: readonly (readonly [string, unknown, unknown])[] = [
    ['sequence', sequence, entry.sequence],
    ['previous', last?.hash ?? JOURNAL_START, entry.previous],
    ['hash', entryHash(entry, digest), entry.hash],
  ];
  for (const [field, expected, found] of checks) {
    if (expected !== found)
      throw new JournalMismatchError({ sequence, event: entry.event.type, field, expected, found });
  }
}
