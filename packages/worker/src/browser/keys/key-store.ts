/** The key of a browser profile: made here, kept in IndexedDB, saved and restored as text. */
import { identityOf } from '@murmuration/contracts/signing';
import { MurmurationError } from '@murmuration/protocol';
import { newKey } from '@murmuration/protocol/net-core';
import { openDatabase } from '../database.ts';
import type { KeyStore, TabKey } from '../face.ts';
import { backupText, BackupTextError, secretOfBackup } from './backup-text.ts';

/** IndexedDB refuses. Causes: a private window, storage switched off, a full disk, a record that this program did not write. */
export class KeyStoreError extends MurmurationError {
  readonly code = 'KEY_STORE';

  constructor({ doing, cause }: { doing: string; cause?: unknown }) {
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    super({
      message: `The key could not be ${doing} in this browser's storage${why}.`,
      mend: 'Allow this page to store data, leave private mode, or restore the key from its backup.',
      cause,
    });
  }
}

/** Where one record is kept. */
export interface Shelf {
  get(): Promise<unknown>;
  put(record: unknown): Promise<void>;
  delete(): Promise<void>;
  close(): void;
}

interface KeptKey {
  readonly version: 1;
  readonly raw: Uint8Array;
  readonly createdAt: number;
  readonly backedUp: boolean;
}

/** @throws KeyStoreError */
export async function openKeyStore(): Promise<KeyStore> {
  const database = await openDatabase().catch((cause: unknown) => {
    throw new KeyStoreError({ doing: 'looked up', cause });
  });
  return keyStoreOn({
    get: () => database.get('key', 'own'),
    async put(record) {
      await database.put('key', record, 'own');
      // Asks the browser not to throw the key away when space runs short; it may say no.
      await (navigator.storage as StorageManager | undefined)?.persist().catch(() => false);
    },
    delete: () => database.delete('key', 'own'),
    close: () => database.close(),
  });
}

/** @param now milliseconds since 1970 */
export function keyStoreOn(shelf: Shelf, now: () => number = Date.now): KeyStore {
  const keep = async (kept: KeptKey): Promise<TabKey> => {
    const key = keyOf(kept);
    await tried('kept', () => shelf.put(kept));
    return key;
  };
  const load = async (): Promise<KeptKey | null> => {
    const record = await tried('read', () => shelf.get());
    if (record === undefined) return null;
    if (isKept(record)) return record;
    throw new KeyStoreError({ doing: 'understood' });
  };
  return {
    async load() {
      const kept = await load();
      return kept === null ? null : keyOf(kept);
    },
    async create() {
      const present = await load();
      if (present !== null) return keyOf(present);
      const { raw } = await newKey();
      return keep({ version: 1, raw, createdAt: now(), backedUp: false });
    },
    async backup() {
      const kept = await load();
      if (kept === null) throw new KeyStoreError({ doing: 'found' });
      await keep({ ...kept, backedUp: true });
      return backupText(kept.raw);
    },
    restore: async (text) => keep({ version: 1, raw: secretOf(text), createdAt: now(), backedUp: true }),
    forget: () => tried('deleted', () => shelf.delete()),
    close: () => shelf.close(),
  };
}

/** A checksum can fit a secret that is no scalar of the curve: zero, or one beyond its order. */
function secretOf(text: string): Uint8Array {
  const raw = secretOfBackup(text);
  try {
    identityOf(raw);
  } catch {
    throw new BackupTextError({ why: 'it holds no key of secp256k1' });
  }
  return raw;
}

function keyOf({ raw, createdAt, backedUp }: KeptKey): TabKey {
  const { peerId, address } = identityOf(raw);
  return { raw, peerId, address, createdAt, backedUp };
}

function isKept(record: unknown): record is KeptKey {
  const { version, raw, createdAt, backedUp } = (record ?? {}) as Partial<Record<keyof KeptKey, unknown>>;
  return (
    version === 1 &&
    raw instanceof Uint8Array &&
    raw.length === 32 &&
    typeof createdAt === 'number' &&
    typeof backedUp === 'boolean'
  );
}

async function tried<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new KeyStoreError({ doing, cause });
  }
}
