/**
 * The mark of a run whose budget may be on its way to the escrow. It is on disk before the deposit is sent, with the keys
 * that the job hangs on: whatever ends the process from then on, the run can be opened again and finds its own job.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { address, hash } from '@murmuration/protocol';
import type { SettlementScope } from '@murmuration/protocol';
import { syncDirectory, writeDurably } from './durable-file.ts';
import { CorruptFileError } from './errors.ts';
import type { RunPaths } from './run-directory.ts';

/** Notes under which id the deposit will stand. */
export function markDeposit({ deposit, keys, directory }: RunPaths, scope: SettlementScope): void {
  for (const name of readdirSync(keys)) syncFile(join(keys, name));
  for (const folder of [keys, directory]) syncDirectory(folder);
  writeDurably(deposit, `${JSON.stringify(scope)}\n`);
}

/** Where the run's deposit stands or will stand; null when none was sent. @throws CorruptFileError */
export function readDeposit({ deposit: file }: RunPaths): SettlementScope | null {
  if (!existsSync(file)) return null;
  try {
    const { chainId, settlement, jobId } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    return { chainId: Number(chainId), settlement: address(String(settlement)), jobId: hash(String(jobId)) };
  } catch (cause) {
    throw new CorruptFileError({ file, why: 'it does not name a job of the escrow', cause });
  }
}

function syncFile(file: string): void {
  const handle = openSync(file, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
