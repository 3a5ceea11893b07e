/** A run's directory: what lies where in it, and who may write there. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runId as brandRunId } from '@murmuration/protocol';
import type { RunId } from '@murmuration/protocol';
import { writeDurably } from './durable-file.ts';
import { RunBusyError, RunNotFoundError } from './errors.ts';

/** Paths of a run's files; all absolute. */
export interface RunPaths {
  readonly directory: string;
  /** The job as it was written, and where it was. */
  readonly job: string;
  readonly origin: string;
  readonly journal: string;
  readonly metrics: string;
  readonly tensorboard: string;
  readonly checkpoints: string;
  readonly model: string;
  readonly report: string;
  readonly result: string;
  /** The machine and the program, noted at the start. */
  readonly environment: string;
  /** Private keys: the coordinator's, and those of the workers that `run` spawns. */
  readonly keys: string;
  readonly workerLogs: string;
  readonly devnet: string;
  /** There once the budget may have been sent: what stands under it is this run's. */
  readonly deposit: string;
  readonly lock: string;
}

function runPaths(directory: string): RunPaths {
  const root = resolve(directory);
  const at = (name: string): string => join(root, name);
  return {
    directory: root,
    job: at('job.yaml'),
    origin: at('origin.json'),
    journal: at('journal.sqlite'),
    metrics: at('metrics.jsonl'),
    tensorboard: at('tensorboard'),
    checkpoints: at('checkpoints'),
    model: at('model.onnx'),
    report: at('report.html'),
    result: at('result.json'),
    environment: at('environment.json'),
    keys: at('keys'),
    workerLogs: at('workers'),
    devnet: at('devnet'),
    deposit: at('deposit.json'),
    lock: at('run.pid'),
  };
}

/** A new name: the job's, the date, and 8 random hexadecimal digits. */
export function newRunId(jobName: string, now: Date, random: Uint8Array): RunId {
  const day = now.toISOString().slice(0, 10).replaceAll('-', '');
  const digits = Buffer.from(random.subarray(0, 4)).toString('hex');
  return brandRunId(`${jobName.slice(0, 40)}-${day}-${digits}`);
}

/** Where a job file came from: relative paths in it are meant from there. */
export interface Origin {
  readonly runId: RunId;
  /** Absolute path of the job file. */
  readonly file: string;
  readonly createdAt: string;
  /** Workers started here, where the command line said otherwise than the job. */
  readonly spawn?: number;
}

/** Makes the directory of a new run with the job's text in it. */
export function createRunDirectory(directory: string, jobText: string, origin: Origin): RunPaths {
  const paths = runPaths(directory);
  for (const folder of [paths.directory, paths.checkpoints, paths.workerLogs]) mkdirSync(folder, { recursive: true });
  mkdirSync(paths.keys, { recursive: true, mode: 0o700 });
  writeDurably(paths.job, jobText);
  writeDurably(paths.origin, `${JSON.stringify(origin, null, 2)}\n`);
  return paths;
}

/** Whether there is something to come back to: a journal, or money that may have been sent. */
export const canResume = ({ journal, deposit }: RunPaths): boolean => existsSync(journal) || existsSync(deposit);

/**
 * The paths and origin of a run that was made before.
 * @param unbegun whether a run will do that has deposited and ended before its first event, so that it has no journal
 * @throws RunNotFoundError when its job, its origin or its journal is missing
 */
export function openRunDirectory(
  directory: string,
  { unbegun = false }: { readonly unbegun?: boolean } = {},
): { paths: RunPaths; origin: Origin; jobText: string } {
  const paths = runPaths(directory);
  for (const needed of ['job', 'origin'] as const)
    if (!existsSync(paths[needed])) throw new RunNotFoundError({ directory, missing: `${needed} file` });
  if (!(unbegun ? canResume(paths) : existsSync(paths.journal)))
    throw new RunNotFoundError({ directory, missing: 'journal.sqlite' });
  const origin = JSON.parse(readFileSync(paths.origin, 'utf8')) as Origin;
  return { paths, origin, jobText: readFileSync(paths.job, 'utf8') };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The process that writes this run, if it is alive; it may be this one. */
export function writingProcess(paths: RunPaths): number | null {
  if (!existsSync(paths.lock)) return null;
  const pid = Number(readFileSync(paths.lock, 'utf8'));
  return Number.isInteger(pid) && pid > 0 && isAlive(pid) ? pid : null;
}

/** Another process that writes this run, if it is alive. */
export function runningProcess(paths: RunPaths): number | null {
  const pid = writingProcess(paths);
  return pid === process.pid ? null : pid;
}

/**
 * Takes the run for this process until the returned function is called.
 * @throws RunBusyError when another living process has it
 */
export function lockRun(paths: RunPaths): () => void {
  const holder = runningProcess(paths);
  if (holder !== null) throw new RunBusyError({ directory: paths.directory, pid: holder });
  writeFileSync(paths.lock, String(process.pid));
  return () => rmSync(paths.lock, { force: true });
}
