/** Tuning choices in IndexedDB: the tiles that were measured once on this adapter. A store that is broken is empty. */
import type { TuningStore } from '@murmuration/kernels/webgpu';
import { openDatabase } from '../database.ts';

const isChoices = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' && value !== null && Object.values(value).every((tile) => typeof tile === 'string');

export const databaseTuning = (): TuningStore => ({
  async load(key) {
    const database = await openDatabase().catch(() => null);
    try {
      const kept: unknown = await database?.get('tuning', key);
      return isChoices(kept) ? kept : {};
    } catch {
      return {};
    } finally {
      database?.close();
    }
  },
  async save(key, choices) {
    const database = await openDatabase().catch(() => null);
    try {
      await database?.put('tuning', { ...choices }, key);
    } catch {
      // Choices that cannot be kept cost a measurement next time, never a run.
    } finally {
      database?.close();
    }
  },
});
