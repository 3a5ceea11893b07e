/** What a devnet keeps in its folder: the chain's state and the engineer's key. */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf } from '../identity.ts';
import { DevnetFailedError } from './errors.ts';

export interface DevnetFiles {
  readonly stateFile: string;
  /** False for a new chain. */
  readonly hasState: boolean;
  /** The secret key `[32]` of the account that the devnet funds: a new one for each chain, never a well-known one. */
  readonly engineerKey: Uint8Array;
}

/** Opens the folder, or makes it. @throws DevnetFailedError */
export function openDevnetFiles(stateDirectory: string): DevnetFiles {
  const stateFile = join(stateDirectory, 'chain-state.json');
  try {
    mkdirSync(stateDirectory, { recursive: true });
    const engineerKey = readOrMakeKey(join(stateDirectory, 'engineer.key'));
    return { stateFile, hasState: existsSync(stateFile), engineerKey };
  } catch (cause) {
    throw new DevnetFailedError({ why: cause instanceof Error ? cause.message : String(cause), stateDirectory, cause });
  }
}

function readOrMakeKey(path: string): Uint8Array {
  if (!existsSync(path)) {
    writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
    chmodSync(path, 0o600);
  }
  const key = new Uint8Array(Buffer.from(readFileSync(path, 'utf8').trim(), 'hex'));
  identityOf(key);
  return key;
}
