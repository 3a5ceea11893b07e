/** A fold over a journal in memory, for tests: what a store would keep is kept in lists. */
import type { Address, PeerId } from '../../core/ids.ts';
import type { JournalEntry } from '../../journal/events.ts';
import type { CoordinatorConfig } from '../../machines/coordinator/config.ts';
import { RunFold } from './fold.ts';
import type { FoldState, RunTerms } from './fold-state.ts';
import type { MemberSource } from './member-cache.ts';
import type { MemberState } from './member.ts';
import type { Write, WriteOf, WriteType } from './writes.ts';

export const termsOf = ({ payment, microBatchesPerRound, microBatchSize, audit }: CoordinatorConfig): RunTerms => ({
  priceWei: payment?.microBatchWei ?? '0',
  microBatches: microBatchesPerRound,
  microBatch: microBatchSize,
  wire: { contribution: 800, reduced: 400 },
  audit,
});

export class KeptFold implements MemberSource {
  readonly writes: Write[] = [];
  readonly members = new Map<PeerId, MemberState>();
  readonly #terms: RunTerms;
  fold: RunFold;

  constructor(terms: RunTerms) {
    this.#terms = terms;
    this.fold = new RunFold(terms, this);
  }

  member(peerId: PeerId): MemberState | undefined {
    return this.members.get(peerId);
  }

  memberAt(address: Address): MemberState | undefined {
    return [...this.members.values()].find((member) => member.address.toLowerCase() === address.toLowerCase());
  }

  add(entry: JournalEntry): void {
    this.writes.push(...this.fold.add(entry));
  }

  /** Ends a slice, as a store does. */
  flush(): void {
    for (const member of this.fold.takeMembers()) this.members.set(member.peerId, member);
  }

  /** Stops, and goes on from what was saved as text. */
  reopen(): void {
    this.flush();
    this.fold = new RunFold(this.#terms, this, JSON.parse(JSON.stringify(this.fold.saved())) as FoldState);
  }

  of<T extends WriteType>(type: T): WriteOf<T>[] {
    return this.writes.filter((write): write is WriteOf<T> & Write => write.type === type);
  }
}

/** @param slice entries between two flushes */
export function foldJournal(journal: readonly JournalEntry[], slice = Infinity): KeptFold {
  const [first] = journal;
  if (first?.event.type !== 'started') throw new Error('the journal does not begin with a start');
  const kept = new KeptFold(termsOf(first.event.config));
  for (const [i, entry] of journal.entries()) {
    kept.add(entry);
    if (i % slice === slice - 1) kept.reopen();
  }
  kept.flush();
  return kept;
}
