/**
 * The end of a long journal while the rest is still being read: how far the run is now, and its last rounds. Its entries
 * are not checked against those before them; once the reader has come so far they are, and the preview is given up.
 */
import type { JournalEntry } from '@murmuration/protocol';
import type { RoundLine, RunFigures } from '@murmuration/protocol/dashboard';
import { RunFold } from '@murmuration/protocol/projection';
import type { RunTerms } from '@murmuration/protocol/projection';
import type { JournalStore } from '../store/journal-store.ts';

/** Entries from which on reading takes so long that somebody notices. */
const LONG = 2000;
/** What is read of the end. */
const TAIL = { entries: 2000, bytes: 8 * 1024 * 1024 } as const;
/** Rounds that are kept. */
const ROUNDS = 20;

/** Nobody is known here: a member's row needs the whole journal. */
const nobody = { member: () => undefined, memberAt: () => undefined };

export class Preview {
  readonly #journal: JournalStore;
  readonly #fold: RunFold;
  #next: number;
  #rounds: readonly RoundLine[] = [];
  #members = 0;

  private constructor(journal: JournalStore, terms: RunTerms, from: number) {
    this.#journal = journal;
    this.#fold = new RunFold(terms, nobody);
    this.#next = from;
  }

  /** Null where the reader is near the end. */
  static of(journal: JournalStore, terms: RunTerms, read: number): Preview | null {
    if (journal.length() - read < LONG) return null;
    const preview = new Preview(journal, terms, Math.max(1, journal.tail(TAIL)));
    return preview.#begin() && preview.advance() ? preview : null;
  }

  /** Reads what was added since. False where that is not what a run writes: the reader will come to it and say what is wrong. */
  advance(): boolean {
    try {
      for (const entry of this.#journal.entries(this.#next)) this.#take(entry);
      this.#fold.takeMembers();
      return true;
    } catch {
      return false;
    }
  }

  /** The first entry says how many rounds there are to be. */
  #begin(): boolean {
    for (const first of this.#journal.entries()) {
      this.#fold.add(first);
      return true;
    }
    return false;
  }

  #take(entry: JournalEntry): void {
    for (const write of this.#fold.add(entry))
      if (write.type === 'round') this.#rounds = [write.line, ...this.#rounds].slice(0, ROUNDS);
    for (const fact of entry.facts) if (fact.type === 'roundCommitted') this.#members = fact.members;
    this.#next = entry.sequence + 1;
  }

  /** The figures of what was read, with those instead that the end knows better. */
  over(read: RunFigures): RunFigures {
    const now = this.#fold.figures;
    if (now.round <= read.round) return read;
    const { phase, reason, round, trainLoss, stateHash, lastAt, outcome, bytesPerRound, roundMs } = now;
    const { samplesPerSecond, utilisation, secondsLeft } = now;
    return {
      ...read,
      phase,
      reason,
      round,
      trainLoss,
      evaluation: now.evaluation ?? read.evaluation,
      stateHash,
      members: this.#members,
      samplesPerSecond,
      utilisation,
      secondsLeft,
      bytesPerRound,
      roundMs,
      lastAt,
      outcome,
    };
  }

  /** The newest first, at most 20. */
  get rounds(): readonly RoundLine[] {
    const open = this.#fold.roundUnderWay;
    return [...(open === null ? [] : [open]), ...this.#rounds].slice(0, ROUNDS);
  }
}
