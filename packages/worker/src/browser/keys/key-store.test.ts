import { describe, expect, it } from 'vitest';
import { backupText } from './backup-text.ts';
import { keyStoreOn, type Shelf } from './key-store.ts';

/** A shelf in memory, which may refuse. */
function shelf({ refuses = false } = {}): Shelf & { record: unknown } {
  const kept: { record: unknown } = { record: undefined };
  const answer = async <T>(work: () => T): Promise<T> => {
    if (refuses) throw new DOMException('the disk is full', 'QuotaExceededError');
    return work();
  };
  return Object.assign(kept, {
    get: () => answer(() => structuredClone(kept.record)),
    put: (record: unknown) => answer(() => void (kept.record = structuredClone(record))),
    delete: () => answer(() => void (kept.record = undefined)),
    close: () => undefined,
  });
}

describe('a key store', () => {
  it('makes one key and keeps it', async () => {
    const place = shelf();
    const store = keyStoreOn(place, () => 1234);
    expect(await store.load()).toBeNull();
    const key = await store.create();
    expect(key).toMatchObject({ createdAt: 1234, backedUp: false });
    expect(key.peerId).toMatch(/^16Uiu2HA/);
    expect(key.address).toMatch(/^0x[0-9a-fA-F]{40}$/);
    expect(await store.create()).toEqual(key);
    expect(await keyStoreOn(place).load()).toEqual(key);
    await store.forget();
    expect(await store.load()).toBeNull();
  });

  it('gives a backup from which another browser has the same key', async () => {
    const store = keyStoreOn(shelf());
    const key = await store.create();
    const text = await store.backup();
    expect(await store.load()).toEqual({ ...key, backedUp: true });
    const other = keyStoreOn(shelf(), () => 99);
    await other.create();
    expect(await other.restore(text)).toEqual({ ...key, createdAt: 99, backedUp: true });
    expect((await other.load())?.peerId).toBe(key.peerId);
  });

  it('keeps its key when a text is no backup', async () => {
    const store = keyStoreOn(shelf());
    const key = await store.create();
    await expect(store.restore('nonsense')).rejects.toMatchObject({ code: 'BACKUP_TEXT' });
    await expect(store.restore(backupText(new Uint8Array(32)))).rejects.toThrow('no key of secp256k1');
    expect(await store.load()).toEqual(key);
  });

  it('says so when the browser stores nothing, or something else', async () => {
    await expect(keyStoreOn(shelf({ refuses: true })).create()).rejects.toThrow(/the disk is full.*Allow this page/s);
    await expect(keyStoreOn(shelf()).backup()).rejects.toMatchObject({ code: 'KEY_STORE' });
    const foreign = shelf();
    foreign.record = { version: 1, raw: new Uint8Array(31), createdAt: 0, backedUp: false };
    await expect(keyStoreOn(foreign).load()).rejects.toMatchObject({ code: 'KEY_STORE' });
    // What is not understood is not overwritten either: it may be somebody's key.
    await expect(keyStoreOn(foreign).create()).rejects.toMatchObject({ code: 'KEY_STORE' });
  });
});
