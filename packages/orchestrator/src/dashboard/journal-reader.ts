/** The journal read into the index, slice by slice: each slice is one transaction, so that whoever dies leaves a whole one. */
import { performance } from 'node:perf_hooks';
import { checkEntry, JournalMismatchError, MurmurationError } from '@murmuration/protocol';
import type { Hash, JournalEntry } from '@murmuration/protocol';
import { RunFold } from '@murmuration/protocol/projection';
import type { FoldState, RunTerms } from '@murmuration/protocol/projection';
import { JournalAlteredError } from '../store/errors.ts';
import type { JournalStore } from '../store/journal-store.ts';
import { IndexUnusableError } from './errors.ts';
import { isRefusedRow, type IndexFile } from './index-file.ts';
import { IndexWriter } from './index-writer.ts';

/** The last entry that is in the index. */
interface Place {
  readonly sequence: number;
  readonly hash: Hash;
}

/** Where a reader stands, as the index keeps it. */
interface Saved {
  readonly place: Place | null;
  readonly fold?: FoldState;
}

export interface ReaderParts {
  /** The journal's, for errors. */
  readonly file: string;
  readonly journal: JournalStore;
  readonly index: IndexFile;
  readonly terms: RunTerms;
}

/** Entries between two looks at the clock. */
const BATCH = 64;

export class JournalReader {
  readonly #parts: ReaderParts;
  readonly #writer: IndexWriter;
  #fold!: RunFold;
  #place: Place | null = null;
  /** The fold has taken entries that the index does not have. */
  #ahead = true;
  #fault: MurmurationError | null = null;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#writer = new IndexWriter(parts.index);
    this.#load();
    if (this.#place === null || this.#isOurs(this.#place)) return;
    parts.index.transaction(() => parts.index.clear());
    this.#ahead = true;
    this.#load();
  }

  get fold(): RunFold {
    return this.#fold;
  }

  /** Sequence of the last entry that is in the index; −1 before the first. */
  get sequence(): number {
    return this.#place?.sequence ?? -1;
  }

  /** Why no more can be read; null while all is well. */
  get fault(): MurmurationError | null {
    return this.#fault;
  }

  /** Entries that the journal has now. */
  length(): number {
    return this.#guarded(() => this.#parts.journal.length()) ?? this.sequence + 1;
  }

  /**
   * Reads on for about so long. What can't be read becomes the {@link fault}, never an exception.
   * @returns whether there is more to read at once
   */
  advance(budgetMs: number): boolean {
    const until = performance.now() + budgetMs;
    return this.#fault === null && this.#guarded(() => this.#advance(until)) === true;
  }

  #advance(until: number): boolean {
    const length = this.#parts.journal.length();
    if (length <= this.sequence) throw this.#altered(length, `entries up to ${this.sequence} were there and are gone`);
    return this.sequence + 1 < length && this.#slice(until);
  }

  /** One transaction; false at the journal's end, or while another reader of this run is at it. */
  #slice(until: number): boolean {
    try {
      return this.#transaction(until, Infinity);
    } catch (error) {
      if (!(error instanceof BadEntry)) throw error;
      // Nothing of the slice was kept: what was good of it is read again.
      this.#transaction(Infinity, error.position);
      throw error.fault;
    }
  }

  #transaction(until: number, end: number): boolean {
    const more = this.#parts.index.transaction(() => this.#read(until, end));
    if (more === null) this.#load();
    this.#ahead = false;
    return more === true;
  }

  /** Takes entries before `end`, until the time is over. */
  #read(until: number, end: number): boolean {
    // Another reader may have gone on meanwhile, or this one may have given a slice up.
    this.#load();
    this.#ahead = true;
    let more = false;
    let count = 0;
    for (const entry of this.#entries()) {
      if (entry.sequence >= end) break;
      this.#take(entry);
      more = ++count % BATCH === 0 && performance.now() > until;
      if (more) break;
    }
    this.#writer.flush(this.#fold.takeMembers());
    const saved: Saved = { place: this.#place, fold: this.#fold.saved() };
    this.#parts.index.run("INSERT OR REPLACE INTO meta VALUES ('state', ?)", JSON.stringify(saved));
    return more;
  }

  /** @throws BadEntry where the file can't be read on */
  *#entries(): Generator<JournalEntry> {
    try {
      yield* this.#parts.journal.entries(this.sequence + 1);
    } catch (error) {
      if (error instanceof BadEntry) throw error;
      const position = error instanceof JournalAlteredError ? error.position : this.sequence + 1;
      throw new BadEntry(
        position,
        error instanceof MurmurationError ? error : this.#altered(position, 'the file can’t be read', error),
      );
    }
  }

  #take(entry: JournalEntry): void {
    const { sequence, hash } = entry;
    try {
      checkEntry(this.#place, entry);
    } catch (cause) {
      if (!(cause instanceof JournalMismatchError)) throw cause;
      throw new BadEntry(sequence, this.#altered(sequence, `its ${cause.field} is another than was written`, cause));
    }
    try {
      for (const write of this.#fold.add(entry)) this.#writer.apply(write);
    } catch (cause) {
      if (!isRefusedRow(cause)) throw new IndexUnusableError({ file: this.#parts.index.file, cause });
      // Its hash is right, so somebody meant it; but no run of this program decides such a thing.
      throw new BadEntry(sequence, this.#altered(sequence, 'it is nothing that a run decides', cause));
    }
    this.#place = { sequence, hash };
  }

  /** An error becomes the reader's fault. */
  #guarded<T>(read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      this.#fault ??=
        error instanceof MurmurationError ? error : this.#altered(this.sequence + 1, 'the file can’t be read', error);
      return null;
    }
  }

  #altered(position: number, why: string, cause?: unknown): JournalAlteredError {
    return new JournalAlteredError({ file: this.#parts.file, position, why, cause });
  }

  /** Goes to where the index stands, unless that is where this reader left it. */
  #load(): void {
    const row = this.#parts.index.get("SELECT value FROM meta WHERE key = 'state'");
    const { place, fold } = row === undefined ? { place: null } : (JSON.parse(String(row['value'])) as Saved);
    if (!this.#ahead && place?.sequence === this.#place?.sequence) return;
    this.#fold = new RunFold(this.#parts.terms, this.#writer, fold);
    this.#place = place;
  }

  /** Whether the index was made of this journal: its last entry is the journal's entry of that number. */
  #isOurs({ sequence, hash }: Place): boolean {
    try {
      for (const entry of this.#parts.journal.entries(sequence)) return entry.hash === hash;
    } catch {
      // A journal that can't be read there is not the one that the index was made of; reading it says what is wrong.
    }
    return false;
  }
}

/** An entry of the journal that must not be shown. */
class BadEntry extends Error {
  readonly position: number;
  readonly fault: MurmurationError;

  constructor(position: number, fault: MurmurationError) {
    super(fault.message, { cause: fault });
    this.position = position;
    this.fault = fault;
  }
}
