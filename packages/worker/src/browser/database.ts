/** The one IndexedDB database of a page: stores with keys that are handed in, no schema but their names. */
import { openDB, type IDBPDatabase } from 'idb';

const NAME = 'murmuration';
const VERSION = 1;

interface Stores {
  /** What {@link import('./keys/key-store.ts')} keeps, under one name. */
  key: { key: string; value: unknown };
  /** Choices of the tuner by adapter. */
  tuning: { key: string; value: Readonly<Record<string, string>> };
}

export type Database = IDBPDatabase<Stores>;

/** @throws what IndexedDB throws: in private windows of some browsers, or when the disk is full */
export const openDatabase = (): Promise<Database> =>
  openDB<Stores>(NAME, VERSION, {
    upgrade(database) {
      database.createObjectStore('key');
      database.createObjectStore('tuning');
    },
    // A tab with an older page must not keep a newer one waiting.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
  });
