/** Projections of journals for the length of a test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JournalEntry } from '@murmuration/protocol';
import { RunProjection } from '../run-projection.ts';
import { writeRunDirectory } from './run-directory.ts';

export function readAll(projection: RunProjection): void {
  while (projection.advance(1000));
}

/** Directories and projections that go when the test is over. */
export class Projections {
  readonly #made: string[] = [];
  readonly #opened: RunProjection[] = [];

  directoryOf(entries: Iterable<JournalEntry>): string {
    const directory = mkdtempSync(join(tmpdir(), 'projection-test-'));
    this.#made.push(directory);
    writeRunDirectory(directory, entries);
    return directory;
  }

  open(directory: string, { read = true } = {}): RunProjection {
    const projection = RunProjection.open(directory);
    this.#opened.push(projection);
    if (read) readAll(projection);
    return projection;
  }

  close(): void {
    for (const projection of this.#opened.splice(0)) projection.close();
    for (const directory of this.#made.splice(0)) rmSync(directory, { recursive: true, force: true });
  }
}
