/** Run directories made of journals, for tests and benchmarks of whatever reads them. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { canonicalJson, hashText, JOURNAL_START, runId } from '@murmuration/protocol';
import type { JournalEntry } from '@murmuration/protocol';
import { JournalStore } from '../../store/journal-store.ts';
import { createRunDirectory } from '../../store/run-directory.ts';

/** Entries of one transaction. */
const BATCH = 5000;

/** Appends entries as they are, many in a transaction: nobody else writes. */
export function appendEntries(journal: string, entries: Iterable<JournalEntry>): number {
  JournalStore.write(journal).close();
  const database = new DatabaseSync(journal);
  const insert = database.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)');
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN');
  let count = 0;
  for (const { sequence, previous, event, facts, decision, reason, hash } of entries) {
    insert.run(sequence, previous, JSON.stringify(event), JSON.stringify(facts), decision, reason, hash);
    count += 1;
    if (count % BATCH === 0) database.exec('COMMIT; BEGIN');
  }
  database.exec('COMMIT');
  database.close();
  return count;
}

/** A run directory at `directory` with this journal. Returns the number of its entries. */
export function writeRunDirectory(directory: string, entries: Iterable<JournalEntry>): number {
  createRunDirectory(directory, 'name: simulated\n', {
    runId: runId('simulated-20260101-00000000'),
    file: join(directory, 'job.yaml'),
    createdAt: new Date(0).toISOString(),
  });
  return appendEntries(join(directory, 'journal.sqlite'), entries);
}

/** Changes entry `at` and puts all hashes from there on right again, as somebody would who forges a journal with care. */
export function rehashed(
  entries: readonly JournalEntry[],
  at: number,
  change: (entry: JournalEntry) => JournalEntry,
): JournalEntry[] {
  const list = [...entries];
  for (let i = at; i < list.length; i++) {
    const entry = i === at ? change(list[i]!) : list[i]!;
    const { hash: _hash, ...rest } = { ...entry, previous: i === 0 ? JOURNAL_START : list[i - 1]!.hash };
    list[i] = { ...rest, hash: hashText(canonicalJson(rest)) };
  }
  return list;
}
