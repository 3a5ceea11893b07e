/** What a figure was measured on: a figure without it is worth nothing. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem, type, release } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** The commit of the tree, with `+` when it had uncommitted changes. */
  readonly commit: string;
  readonly date: string;
  /** Processes that wanted a core in the minute before: above the cores, only ratios mean anything. */
  readonly load: number;
}

function git(...parameters: string[]): string {
  try {
    return execFileSync('git', parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

/** The commit that a packed benchmark was made of; it has no repository around it. */
function packedCommit(): string | undefined {
  const file = new URL('../../COMMIT', import.meta.url);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

function commitOf(): string {
  const commit = git('rev-parse', '--short=12', 'HEAD') || 'no git';
  return git('status', '--porcelain') === '' ? commit : `${commit}+`;
}

/** Describes this machine and this tree. */
export function describeMachine(now: Date): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    commit: packedCommit() ?? commitOf(),
    date: now.toISOString(),
    load: loadavg()[0] ?? 0,
  };
}
