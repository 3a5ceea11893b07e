/** A run from its directory, read-only. */
import { existsSync, readFileSync } from 'node:fs';
import { JournalStore } from '../store/journal-store.ts';
import { openRunDirectory } from '../store/run-directory.ts';
import type { Origin, RunPaths } from '../store/run-directory.ts';
import type { RunResult } from './result.ts';
import { summarize } from './fold.ts';
import type { RunSummary } from './summary.ts';

export interface OpenedRun {
  readonly paths: RunPaths;
  readonly origin: Origin;
  readonly jobText: string;
  readonly summary: RunSummary;
  /** What the run said of itself at its end; null while there is none. */
  readonly result: RunResult | null;
}

/** @throws RunNotFoundError, CorruptFileError, JournalAlteredError */
export function openRun(directory: string): OpenedRun {
  const { paths, origin, jobText } = openRunDirectory(directory);
  const journal = JournalStore.read(paths.journal);
  try {
    const summary = summarize(origin.runId, journal.entries());
    const result = existsSync(paths.result) ? (JSON.parse(readFileSync(paths.result, 'utf8')) as RunResult) : null;
    return { paths, origin, jobText, summary, result };
  } finally {
    journal.close();
  }
}
