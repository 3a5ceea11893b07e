/** What the tests look for in a run's last line and in its directory. */
import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { CliEvent, Command } from './cli.ts';

export interface WorkerResult {
  readonly peerId: string;
  readonly address: string;
  readonly backend: string;
  readonly adapter: string;
  readonly microBatches: number;
  readonly verified: number;
  readonly paidWei: string;
}

export interface RunResult {
  readonly rounds: number;
  readonly trainLoss: number;
  readonly evalLoss: number;
  readonly evalAccuracy: number;
  readonly stateHash: string;
  readonly samples: number;
  readonly seconds: number;
  readonly workers: readonly WorkerResult[];
  readonly onnx: { readonly accuracy: number; readonly samples: number };
  readonly escrow: { readonly depositedWei: string; readonly paidWei: string; readonly refundedWei: string };
}

/** Waits for the end of a run that must succeed and returns its `run.finished`, the last line. */
export async function finished(command: Command): Promise<RunResult> {
  const { code } = await command.exited;
  expect(code, command.transcript).toBe(0);
  const last = command.events.at(-1) as CliEvent;
  expect(last.event).toBe('run.finished');
  return last as unknown as RunResult;
}

export function workerOf(result: RunResult, peerId: string): WorkerResult {
  const worker = result.workers.find((candidate) => candidate.peerId === peerId);
  if (worker === undefined) throw new Error(`no worker ${peerId} in ${JSON.stringify(result.workers)}`);
  return worker;
}

/** The report's text, which must exist. */
export function readReport(directory: string): string {
  expect(existsSync(`${directory}/report.html`)).toBe(true);
  return readFileSync(`${directory}/report.html`, 'utf8');
}
