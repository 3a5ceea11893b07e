/** The one key of a process: libp2p identity and EVM account. Kept as 64 hexadecimal digits in a file of mode 0600. */
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Secp256k1PrivateKey } from '@libp2p/interface';
import { BadKeyFileError, messageOf } from './errors.ts';
import { keyFromRaw, newKey } from './keys.ts';

const keyText = /^(?:0x)?([0-9a-fA-F]{64})$/;

/**
 * Reads the key at `path`; makes one there when there is no such file.
 * @throws BadKeyFileError when the file is no key, cannot be read or written, or others may read it
 */
export async function loadOrCreateKey(path: string): Promise<Secp256k1PrivateKey> {
  const text = readIfThere(path);
  if (text !== null) return parseKey(path, text);
  const key = await newKey();
  try {
    mkdirSync(dirname(path), { recursive: true });
    // `wx`: of two processes that start at once, the second reads what the first wrote.
    writeFileSync(path, `${Buffer.from(key.raw).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(path, 0o600);
  } catch (cause) {
    const other = (cause as NodeJS.ErrnoException).code === 'EEXIST' ? readIfThere(path) : null;
    if (other !== null) return parseKey(path, other);
    throw new BadKeyFileError({ path, why: `cannot be written: ${messageOf(cause)}`, cause });
  }
  return key;
}

function readIfThere(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8');
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0)
      throw new BadKeyFileError({ path, why: 'may be read by other users (chmod 600 mends that)' });
    return text;
  } catch (cause) {
    if (cause instanceof BadKeyFileError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new BadKeyFileError({ path, why: `cannot be read: ${messageOf(cause)}`, cause });
  }
}

function parseKey(path: string, text: string): Secp256k1PrivateKey {
  const digits = keyText.exec(text.trim())?.[1];
  if (digits === undefined) throw new BadKeyFileError({ path, why: 'does not hold 64 hexadecimal digits' });
  try {
    return keyFromRaw(Uint8Array.from(Buffer.from(digits, 'hex')));
  } catch (cause) {
    throw new BadKeyFileError({ path, why: 'does not hold a secp256k1 key', cause });
  }
}
