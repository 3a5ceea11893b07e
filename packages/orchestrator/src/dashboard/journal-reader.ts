/**
 * The journal read into the index. What is read counts in transactions of about a second: whoever dies leaves the index as
 * it was at the end of one, and another reader of the same run goes on from there.
 */
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { checkEntry, hash, JournalMismatchError, MurmurationError } from '@murmuration/protocol';
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

export interface ReaderParts {
  /** The journal's, for errors. */
  readonly file: string;
  readonly journal: JournalStore;
  readonly index: IndexFile;
  readonly terms: RunTerms;
}

/** Entries between two looks at the clock. */
const BATCH = 16;
const TRANSACTION_MS = 1000;

const digest = (text: string): Hash => hash(`0x${createHash('sha256').update(text).digest('hex')}`);

export class JournalReader {
  readonly #parts: ReaderParts;
  readonly #writer: IndexWriter;
  #fold!: RunFold;
  #place: Place | null = null;
  /** When the transaction under way began; null between transactions. */
  #begunAt: number | null = null;
  #fault: MurmurationError | null = null;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#writer = new IndexWriter(parts.index);
    this.#load();
    if (this.#place !== null && !this.#isOurs(this.#place)) this.#startAnew();
  }

  /** What the entries so far come to, all of it in the index. */
  get fold(): RunFold {
    if (this.#begunAt !== null) this.#writer.flush(this.#fold.takeMembers());
    return this.#fold;
  }

  /** Sequence of the last entry that was read; −1 before the first. */
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

  close(): void {
    this.#guarded(() => this.#commit());
  }

  #advance(until: number): boolean {
    const length = this.#parts.journal.length();
    if (length <= this.sequence) throw this.#altered(length, `entries up to ${this.sequence} were there and are gone`);
    if (this.sequence + 1 >= length || !this.#begin()) return false;
    try {
      const more = this.#read(until, Infinity);
      if (!more || performance.now() - this.#begunAt! > TRANSACTION_MS) this.#commit();
      return more;
    } catch (error) {
      this.#abandon();
      if (!(error instanceof BadEntry)) throw error;
      // What was good of the transaction is read again.
      if (this.#begin()) {
        this.#read(Infinity, error.position);
        this.#commit();
      }
      throw error.fault;
    }
  }

  /** False while another reader of this run is at it. */
  #begin(): boolean {
    if (this.#begunAt !== null) return true;
    const begun = this.#parts.index.begin();
    this.#load();
    if (begun) this.#begunAt = performance.now();
    return begun;
  }

  #commit(): void {
    if (this.#begunAt === null) return;
    this.#writer.flush(this.#fold.takeMembers());
    this.#put('place', this.#place);
    this.#put('fold', this.#fold.saved());
    this.#parts.index.commit();
    this.#begunAt = null;
  }

  /** Back to where the index stood before the transaction. */
  #abandon(): void {
    this.#parts.index.rollBack();
    this.#writer.forget();
    this.#begunAt = null;
    this.#place = null;
    this.#load();
  }

  /** Takes entries before `end`, until the time is over; whether there are more. */
  #read(until: number, end: number): boolean {
    let count = 0;
    for (const entry of this.#entries()) {
      if (entry.sequence >= end) break;
      this.#take(entry);
      if (++count % BATCH === 0 && performance.now() > until) return true;
    }
    return false;
  }

  /** @throws BadEntry where the file can't be read on */
  *#entries(): Generator<JournalEntry> {
    try {
      yield* this.#parts.journal.entries(this.sequence + 1);
    } catch (error) {
      const position = error instanceof JournalAlteredError ? error.position : this.sequence + 1;
      throw new BadEntry(
        position,
        error instanceof MurmurationError ? error : this.#altered(position, 'the file can’t be read', error),
      );
    }
  }

  #take(entry: JournalEntry): void {
    const { sequence, hash: entryHash } = entry;
    try {
      checkEntry(this.#place, entry, digest);
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
    this.#place = { sequence, hash: entryHash };
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

  #put(key: 'place' | 'fold', value: unknown): void {
    this.#parts.index.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', key, JSON.stringify(value));
  }

  #saved(key: 'place' | 'fold'): unknown {
    const row = this.#parts.index.get('SELECT value FROM meta WHERE key = ?', key);
    return row === undefined ? undefined : JSON.parse(String(row['value']));
  }

  /** Goes to where the index stands, unless that is where this reader left it. */
  #load(): void {
    const place = (this.#saved('place') ?? null) as Place | null;
    if (this.#fold !== undefined && place !== null && place.hash === this.#place?.hash) return;
    this.#fold = new RunFold(this.#parts.terms, this.#writer, this.#saved('fold') as FoldState | undefined);
    this.#place = place;
  }

  #startAnew(): void {
    if (!this.#parts.index.begin()) return;
    this.#parts.index.clear();
    this.#parts.index.commit();
    this.#place = null;
    this.#load();
  }

  /** Whether the index was made of this journal: its last entry is the journal's entry of that number. */
  #isOurs({ sequence, hash: expected }: Place): boolean {
    try {
      for (const entry of this.#parts.journal.entries(sequence)) return entry.hash === expected;
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
