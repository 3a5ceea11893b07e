/**
 * The worker processes that a run starts on its own machine. Each is in a group of its own, so that Ctrl-C in a terminal
 * reaches the coordinator alone and the round can be finished; each ends when its standard input closes, so that none
 * outlives the coordinator, however that ends.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { WorkersSpec } from '@murmuration/protocol/job';
import type { RunPaths } from '../store/run-directory.ts';
import { workerCommand } from '../worker-bin.ts';

export interface SpawnOptions {
  readonly workers: Pick<WorkersSpec, 'spawn' | 'backend' | 'threads'>;
  /** Where the coordinator listens, each with its peer id. */
  readonly listening: readonly string[];
  /** Only this machine can reach the run: its workers, too, listen for this machine alone. */
  readonly confined: boolean;
  readonly paths: RunPaths;
  /** Relative data paths of the job are meant from here. */
  readonly dataDirectory: string;
  /** What the workers say to be let in; it goes by the environment, where other users cannot read it. */
  readonly token: string | null;
  /** Told when a worker has ended. */
  readonly ended: (worker: EndedWorker) => void;
}

export interface EndedWorker {
  readonly index: number;
  readonly pid: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly log: string;
  /** Workers that are still running. */
  readonly left: number;
}

/** How long a worker may take to leave by itself, and after SIGTERM. */
const GRACE_MS = 3000;

/** Threads of each worker: as the job says, else the cores shared out evenly. */
export const threadsOf = (
  { spawn: count, threads }: Pick<WorkersSpec, 'spawn' | 'threads'>,
  cores: number = availableParallelism(),
): number => threads ?? Math.max(1, Math.floor(cores / Math.max(1, count)));

/** Whether a multiaddr is of this machine's loopback interface. */
export const isLoopback = (address: string): boolean => /^\/ip4\/127\.|^\/ip6\/::1\//.test(address);

/** The nearest of the coordinator's listeners, TCP before WebSocket. */
const nearest = (listening: readonly string[]): string => listening.toSorted((a, b) => cost(a) - cost(b))[0] ?? '';
const cost = (address: string): number => (isLoopback(address) ? 0 : 2) + (address.includes('/ws') ? 1 : 0);

/** By TCP for other workers, by WebSocket for pages. */
const onLoopback = ['--listen', '/ip4/127.0.0.1/tcp/0', '--listen', '/ip4/127.0.0.1/tcp/0/ws'];

export class WorkerProcesses {
  readonly #running = new Map<number, ChildProcess>();

  /** Starts all of them; their output goes to `workers/worker-N.log`. */
  start(options: SpawnOptions): { readonly index: number; readonly pid: number }[] {
    return Array.from({ length: options.workers.spawn }, (_, index) => ({ index, pid: this.#spawn(options, index) }));
  }

  /** Lets workers leave by themselves, then asks, then forces; returns when none is left. */
  async stop(): Promise<void> {
    const all = [...this.#running.values()];
    if (!(await allGone(all, GRACE_MS))) {
      for (const child of all) child.stdin?.end();
      for (const child of all) child.kill('SIGTERM');
    }
    if (!(await allGone(all, GRACE_MS))) for (const child of all) child.kill('SIGKILL');
    await allGone(all, GRACE_MS);
  }

  #spawn({ workers, listening, confined, paths, dataDirectory, token, ended }: SpawnOptions, index: number): number {
    const log = join(paths.workerLogs, `worker-${index}.log`);
    const handle = openSync(log, 'a');
    const key = join(paths.keys, `worker-${index}.key`);
    const args = [
      'join',
      nearest(listening),
      '--key',
      key,
      '--backend',
      workers.backend,
      '--threads',
      String(threadsOf(workers)),
      '--data-directory',
      dataDirectory,
      '--own-job',
      '--exit-with-parent',
      '--json',
      ...(confined ? onLoopback : []),
    ];
    const child = spawn(process.execPath, [...workerCommand(), ...args], {
      stdio: ['pipe', handle, handle],
      detached: process.platform !== 'win32',
      env: token === null ? process.env : { ...process.env, MURMURATION_TOKEN: token },
    });
    closeSync(handle);
    // A worker that is gone already shows as its end; the broken pipe says nothing more.
    child.stdin?.on('error', () => undefined);
    this.#running.set(index, child);
    child.once('exit', (code, signal) => {
      this.#running.delete(index);
      ended({ index, pid: child.pid ?? 0, code, signal, log, left: this.#running.size });
    });
    return child.pid ?? 0;
  }
}

/** The last line of a log that is for people: what a program says before it gives up. */
export function lastWords(log: string): string {
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
  return (lines.findLast((line) => line !== '' && !line.startsWith('{')) ?? '').replace(/^error: /, '');
}

/** Whether all have ended within the time. */
async function allGone(children: readonly ChildProcess[], withinMs: number): Promise<boolean> {
  const alive = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  if (alive.length === 0) return true;
  const gone = Promise.all(alive.map((child) => new Promise((resolve) => child.once('exit', resolve)))).then(
    () => true,
  );
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), withinMs);
  try {
    return await Promise.race([gone, late]);
  } finally {
    clearTimeout(timer);
  }
}
