/** What a run keeps to itself: the coordinator's key and the secret that audits are drawn from. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hash } from '@murmuration/protocol';
import type { Hash } from '@murmuration/protocol';
import { loadOrCreateKey } from '@murmuration/protocol/net';
import type { NodeOptions } from '@murmuration/protocol/net';
import { CorruptFileError } from '../store/errors.ts';
import type { RunPaths } from '../store/run-directory.ts';

export interface RunSecrets {
  readonly privateKey: NodeOptions['privateKey'];
  readonly auditSecret: Hash;
}

/** Reads the run's secrets, or makes them. @throws BadKeyFileError, CorruptFileError */
export async function loadSecrets({ keys }: RunPaths): Promise<RunSecrets> {
  const privateKey = await loadOrCreateKey(join(keys, 'coordinator.key'));
  const file = join(keys, 'audit.secret');
  if (!existsSync(file)) writeFileSync(file, `0x${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  const text = readFileSync(file, 'utf8').trim();
  if (!/^0x[0-9a-f]{64}$/.test(text)) throw new CorruptFileError({ file, why: 'it does not hold 32 bytes' });
  return { privateKey, auditSecret: hash(text) };
}
