/** Runs `orchestrate` as a user's script would, and watches it from outside. */
import { Orchestrate } from '../harness/orchestrate.ts';
import type { RunEvent } from '../harness/orchestrate.ts';
import { processTreeSeconds } from '../harness/process-tree.ts';
import { figuresOf, isCommitted } from './figures.ts';
import type { RunFigures } from './figures.ts';

/** Runs `orchestrate <parameters> --json` and shows each event to `see`. @throws Error when it ends with another code than 0 */
async function follow(parameters: readonly string[], see: (event: RunEvent, pid: number) => void): Promise<void> {
  const run: Orchestrate = new Orchestrate(parameters, { see: (event) => see(event, run.pid) });
  const code = await run.ended;
  if (code !== 0) throw new Error(`orchestrate ${parameters.join(' ')} ended with ${code}. Read its output above.`);
}

export interface ObserveOptions {
  readonly file: string;
  /** Where the run's directory is made. */
  readonly directory: string;
  readonly rounds: number;
  /** Rounds that are not measured. */
  readonly skipped: number;
}

/** Runs a job to its end. */
export async function observeRun({ file, directory, rounds, skipped }: ObserveOptions): Promise<RunFigures> {
  const events: RunEvent[] = [];
  const cpu: (number | null)[] = [];
  const startedAt = Date.now();
  await follow(['run', file, '--directory', directory], (event, pid) => {
    events.push(event);
    if (isCommitted(event) && (event.round === skipped - 1 || event.round === rounds - 1))
      cpu.push(processTreeSeconds(pid));
  });
  const [before = null, after = null] = cpu;
  return figuresOf({
    events,
    startedAt,
    skipped,
    cpuSeconds: before === null || after === null ? null : after - before,
  });
}

/** What the plan says that one of `workers` workers sends in a round, bytes. */
export async function plannedBytes(file: string, workers: number): Promise<number> {
  let bytes = Number.NaN;
  await follow(['check', file, '--workers', String(workers)], (event) => {
    if (event.event === 'check.done') bytes = event['bytesPerRoundAndWorker'] as number;
  });
  return bytes;
}
