/** The report of a run on disk. */
import { existsSync, readFileSync } from 'node:fs';
import { parseJob } from '@murmuration/protocol/job';
import { NO_ESCROW, runResult } from '../summary/result.ts';
import type { OpenedRun } from '../summary/open-run.ts';
import { version } from '../version.ts';
import { environment, renderReport } from './report.ts';

/** Machine and program of the run, as it noted them at its start; this process' own where it didn't. */
function environmentOf({ paths }: OpenedRun): Record<string, string> {
  const file = paths.environment;
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : environment(version);
}

export function reportOf(run: OpenedRun): string {
  const { spec } = parseJob(run.jobText, run.paths.job);
  const result = run.result ?? runResult(run.summary, NO_ESCROW, null);
  return renderReport({
    jobName: spec.name,
    jobText: run.jobText,
    summary: run.summary,
    result,
    environment: environmentOf(run),
  });
}
