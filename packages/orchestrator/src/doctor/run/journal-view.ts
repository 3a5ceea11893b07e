/** What a run's journal says of who came, who was refused and why, as far as it has room for refusals: one pass, bounded memory. */
import type { PeerId, RunFact } from '@murmuration/protocol';
import { JournalStore } from '../../store/journal-store.ts';

export interface RefusedPeer {
  readonly at: number;
  readonly peerId: PeerId;
  readonly code: string;
  readonly reason: string;
}

export interface JournalView {
  /** What others are told to dial. */
  readonly announced: readonly string[];
  readonly maxMembers: number;
  /** Members that are in the run as far as the journal goes. */
  readonly present: number;
  readonly round: number;
  readonly outcome: { readonly outcome: string; readonly reason: string } | null;
  /** Refusals that were noted, by code, with how often. */
  readonly refusals: ReadonlyMap<string, number>;
  /** The newest of those noted. */
  readonly lastRefused: readonly RefusedPeer[];
}

const KEPT = 5;

class Pass {
  announced: readonly string[] = [];
  maxMembers = 0;
  round = 0;
  outcome: JournalView['outcome'] = null;
  readonly members = new Set<PeerId>();
  readonly refusals = new Map<string, number>();
  lastRefused: RefusedPeer[] = [];

  take(fact: RunFact, at: number): void {
    if (fact.type === 'memberJoined') this.members.add(fact.peerId);
    else if (fact.type === 'memberGone') this.members.delete(fact.peerId);
    else if (fact.type === 'roundCommitted') this.round = fact.round + 1;
    else if (fact.type === 'runFinished') this.outcome = fact;
    else if (fact.type === 'runResumed') this.#resume();
    else if (fact.type === 'memberRefused') this.#refuse({ ...fact, at });
  }

  #resume(): void {
    this.outcome = null;
    this.members.clear();
  }

  #refuse({ at, peerId, code, reason }: RefusedPeer): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
    this.lastRefused = [...this.lastRefused, { at, peerId, code, reason }].slice(-KEPT);
  }
}

/** @throws CorruptFileError, JournalAlteredError */
export function viewJournal(file: string): JournalView {
  const journal = JournalStore.read(file);
  const pass = new Pass();
  try {
    for (const { event, facts } of journal.entries()) {
      if (event.type === 'started') {
        pass.announced = event.config.self.addresses;
        pass.maxMembers = event.config.maxMembers;
      }
      if (event.type === 'resumed') pass.announced = event.self.addresses;
      for (const fact of facts) pass.take(fact, event.at);
    }
  } finally {
    journal.close();
  }
  const { members, ...rest } = pass;
  return { ...rest, present: members.size };
}
