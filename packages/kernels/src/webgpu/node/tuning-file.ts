/** Tuning choices in a JSON file in the user's cache directory. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Choices, TuningMode, TuningStore } from '../tuning/tuner.ts';

/** Files beyond this size were not written here. */
const MAX_BYTES = 1 << 20;
const MAX_ENTRIES = 4096;

type Contents = Record<string, Choices>;

/** Where a platform's programs keep what they can make again. */
export function cacheDirectory(
  platform: NodeJS.Platform = process.platform,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  if (env['XDG_CACHE_HOME']) return join(env['XDG_CACHE_HOME'], 'murmuration');
  if (platform === 'win32')
    return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'murmuration', 'cache');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'murmuration');
  return join(homedir(), '.cache', 'murmuration');
}

/** How MURMURATION_TUNE asks for tuning: `off`, `on`, or anything else for the default. */
export function tuningMode(env: Readonly<Record<string, string | undefined>> = process.env): TuningMode {
  const asked = env['MURMURATION_TUNE'];
  return asked === 'off' || asked === 'on' ? asked : 'auto';
}

/** A file that is missing, damaged or of another shape is as good as empty and is written anew. */
export function tuningFile(path: string = join(cacheDirectory(), 'tuning.json')): TuningStore {
  return {
    load: async (key) => (await contentsOf(path))[key] ?? {},
    save: async (key, choices) => {
      const contents = { ...(await contentsOf(path)), [key]: choices };
      // A cache that can't be written costs time, never a run.
      await replace(path, JSON.stringify(contents, null, 1)).catch(() => undefined);
    },
  };
}

async function contentsOf(path: string): Promise<Contents> {
  try {
    const text = await readFile(path, 'utf8');
    const parsed: unknown = text.length <= MAX_BYTES ? JSON.parse(text) : null;
    return isContents(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length <= MAX_ENTRIES;

const isContents = (value: unknown): value is Contents =>
  isRecord(value) &&
  Object.values(value).every(
    (choices) => isRecord(choices) && Object.values(choices).every((tile) => typeof tile === 'string'),
  );

/** Through a file of its own, so that no reader ever sees half of it. */
async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${randomUUID()}`;
  try {
    await writeFile(fresh, text);
    await rename(fresh, path);
  } finally {
    await rm(fresh, { force: true });
  }
}
