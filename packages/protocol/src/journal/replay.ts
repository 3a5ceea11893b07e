/** A journal run again through the machine that made it. */
import { canonicalJson } from '../core/canonical.ts';
import { coordinatorTransition } from '../machines/coordinator/transition.ts';
import type { CoordinatorDecision } from '../machines/coordinator/effects.ts';
import type { CoordinatorState } from '../machines/coordinator/state.ts';
import { checkEntry, decisionDigest, factsOf } from './chain.ts';
import { JournalMismatchError } from './errors.ts';
import type { JournalEntry } from './events.ts';

/** What a journal leads to. `last` is the entry that the next one follows. */
export interface Replayed {
  readonly state: CoordinatorState;
  readonly last: JournalEntry;
}

/**
 * Folds a journal through the machine and checks every entry: its place, its hash, and that the same is decided again.
 * `watch` sees each entry with its decision. Null for an empty journal.
 * @throws JournalMismatchError at the first entry that differs
 */
export function replayJournal(
  entries: Iterable<JournalEntry>,
  watch: (entry: JournalEntry, decision: CoordinatorDecision) => void = () => {},
): Replayed | null {
  let replayed: Replayed | null = null;
  for (const entry of entries) {
    checkEntry(replayed?.last ?? null, entry);
    const decision = decideAgain(replayed?.state ?? null, entry);
    checkDecision(entry, decision);
    watch(entry, decision);
    replayed = { state: decision.state, last: entry };
  }
  return replayed;
}

/** Events that the machine cannot even take are a mismatch too: hostile JSON is not a crash. */
function decideAgain(state: CoordinatorState | null, entry: JournalEntry): CoordinatorDecision {
  try {
    return coordinatorTransition(state, entry.event);
  } catch (cause) {
    throw new JournalMismatchError({
      sequence: entry.sequence,
      event: entry.event.type,
      field: 'event',
      expected: 'an event that the run can take',
      found: entry.event,
      cause,
    });
  }
}

function checkDecision(entry: JournalEntry, decision: CoordinatorDecision): void {
  const { sequence, event } = entry;
  const checks: readonly (readonly [string, string, string])[] = [
    ['reason', decision.reason, entry.reason],
    ['facts', canonicalJson(factsOf(decision)), canonicalJson(entry.facts)],
    ['decision', decisionDigest(decision), entry.decision],
  ];
  for (const [field, expected, found] of checks) {
    if (expected !== found) throw new JournalMismatchError({ sequence, event: event.type, field, expected, found });
  }
}
