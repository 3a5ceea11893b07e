/**
 * `journal.sqlite`: the entries of a run's journal, as the protocol made them. An entry is committed before its effects
 * are performed, so what the world has seen is always in the journal. Write-ahead logging lets `status` read meanwhile.
 */
import { existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import type { Hash, JournalEntry } from '@murmuration/protocol';
import { CorruptFileError, JournalAlteredError, JournalWriteError, UnwritableFolderError } from './errors.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS entries (
    sequence INTEGER PRIMARY KEY,
    previous TEXT NOT NULL,
    event TEXT NOT NULL,
    facts TEXT NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
`;

interface Row {
  readonly sequence: number;
  readonly previous: string;
  readonly event: string;
  readonly facts: string;
  readonly decision: string;
  readonly reason: string;
  readonly hash: string;
}

const encode = ({ sequence, previous, event, facts, decision, reason, hash }: JournalEntry): Row => ({
  sequence,
  previous,
  event: JSON.stringify(event),
  facts: JSON.stringify(facts),
  decision,
  reason,
  hash,
});

/** The journal of one run, opened by its one writer, or by any number of readers. */
export class JournalStore {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync | null;

  private constructor(file: string, readOnly: boolean) {
    this.#file = file;
    this.#database = open(file, readOnly);
    this.#insert = readOnly
      ? null
      : this.#database.prepare(
          'INSERT INTO entries VALUES (:sequence, :previous, :event, :facts, :decision, :reason, :hash)',
        );
  }

  /** Opens for writing, and creates. @throws CorruptFileError when the file is no journal */
  static write(file: string): JournalStore {
    return new JournalStore(file, false);
  }

  /**
   * Opens for reading, also while another process writes.
   * @throws CorruptFileError when the file is no journal; UnwritableFolderError
   */
  static read(file: string): JournalStore {
    return new JournalStore(file, true);
  }

  /** Commits one entry; a second one of the same place is refused. @throws JournalWriteError */
  append(entry: JournalEntry): void {
    try {
      this.#insert?.run({ ...encode(entry) });
    } catch (cause) {
      throw new JournalWriteError({ file: this.#file, cause });
    }
  }

  /**
   * The entries from `from` on, in order. Their chain of hashes is the reader's to check.
   * @throws JournalAlteredError when one is missing or is no JSON
   */
  *entries(from = 0): Generator<JournalEntry> {
    let expected = from;
    for (const row of this.#database
      .prepare('SELECT * FROM entries WHERE sequence >= ? ORDER BY sequence')
      .iterate(from)) {
      yield this.#decode(row as unknown as Row, expected);
      expected += 1;
    }
  }

  /** The sequence number after the last entry. */
  length(): number {
    const row = this.#database.prepare('SELECT MAX(sequence) AS last FROM entries').get() as { last: number | null };
    return row.last === null ? 0 : row.last + 1;
  }

  /** Where the last entries begin that are at most so many and at most so large together; the last one always counts. */
  tail({ entries, bytes }: { readonly entries: number; readonly bytes: number }): number {
    let [from, size] = [this.length(), 0];
    for (const row of this.#database
      .prepare(
        'SELECT sequence, octet_length(event) + octet_length(facts) AS size FROM entries ORDER BY sequence DESC LIMIT ?',
      )
      .iterate(entries)) {
      size += Number(row['size']);
      if (size > bytes && from < this.length()) break;
      from = Number(row['sequence']);
    }
    return from;
  }

  close(): void {
    this.#database.close();
  }

  #decode(row: Row, expected: number): JournalEntry {
    if (row.sequence !== expected) throw this.#altered(expected, `it is missing (the next is ${row.sequence})`);
    try {
      return {
        sequence: row.sequence,
        previous: row.previous as Hash,
        event: JSON.parse(row.event) as JournalEntry['event'],
        facts: JSON.parse(row.facts) as JournalEntry['facts'],
        decision: row.decision as Hash,
        reason: row.reason,
        hash: row.hash as Hash,
      };
    } catch (cause) {
      throw this.#altered(expected, 'it is not JSON', cause);
    }
  }

  #altered(position: number, why: string, cause?: unknown): JournalAlteredError {
    return new JournalAlteredError({ file: this.#file, position, why, cause });
  }
}

/**
 * `synchronous = NORMAL` under write-ahead logging: a killed process loses nothing; a power cut may lose the last
 * moments, from which a run recovers as from any restart, since workers that hold a newer state say so.
 */
function open(file: string, readOnly: boolean): DatabaseSync {
  try {
    return connect(file, readOnly);
  } catch (cause) {
    if (readOnly && UNWRITABLE.has(((cause as { errcode?: number }).errcode ?? 0) & 0xff)) return openUnwritable(file);
    throw new CorruptFileError({ file, why: 'it is not a journal', cause });
  }
}

function connect(file: string | URL, readOnly: boolean): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly, timeout: 5000 });
  try {
    if (!readOnly) database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; ${schema}`);
    database.prepare('SELECT sequence, previous, event, facts, decision, reason, hash FROM entries LIMIT 1').get();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Results of SQLite, their lowest byte, where it may not make the files beside the journal that readers share with a writer. */
const UNWRITABLE: ReadonlySet<number> = new Set([8, 14]);

/** In a folder that can't be written nobody writes: the file is read as it is, if all of the journal is in it. */
function openUnwritable(file: string): DatabaseSync {
  const log = `${file}-wal`;
  if (existsSync(log) && statSync(log).size > 0) throw new UnwritableFolderError({ file, log });
  const url = pathToFileURL(file);
  url.searchParams.set('immutable', '1');
  try {
    return connect(url, true);
  } catch (cause) {
    throw new CorruptFileError({ file, why: 'it is not a journal', cause });
  }
}
