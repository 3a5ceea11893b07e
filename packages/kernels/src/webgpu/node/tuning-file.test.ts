import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheDirectory, tuningFile, tuningMode } from './tuning-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tuning-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a tuning file', () => {
  it('gives back what was saved, by adapter, and leaves nothing else behind', async () => {
    const path = join(folder, 'deep', 'tuning.json');
    await tuningFile(path).save('one', { 'NN m7': 'tiled 8x8x4x16' });
    await tuningFile(path).save('two', { 'NT m7': 'subgroup 8x32' });
    expect(await tuningFile(path).load('one')).toEqual({ 'NN m7': 'tiled 8x8x4x16' });
    expect(await tuningFile(path).load('two')).toEqual({ 'NT m7': 'subgroup 8x32' });
    expect(await tuningFile(path).load('three')).toEqual({});
    expect(await readdir(join(folder, 'deep'))).toEqual(['tuning.json']);
  });

  it.each(['', '{', '[]', '"x"', '{"one": 3}', '{"one": {"a": 3}}', `{"one": {"a": "${'x'.repeat(1 << 20)}"}}`])(
    'is empty when it is damaged, and written anew: %.20s',
    async (damaged) => {
      const path = join(folder, 'tuning.json');
      await writeFile(path, damaged);
      expect(await tuningFile(path).load('one')).toEqual({});
      await tuningFile(path).save('one', { a: 'b' });
      expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ one: { a: 'b' } });
    },
  );

  it('costs no run when it can’t be written', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(tuningFile(join(folder, 'file', 'tuning.json')).save('one', {})).resolves.toBeUndefined();
  });
});

describe('the cache directory', () => {
  it('is the platform’s, or what XDG_CACHE_HOME says', () => {
    expect(cacheDirectory('linux', { XDG_CACHE_HOME: '/x' })).toBe('/x/murmuration');
    expect(cacheDirectory('linux', {})).toMatch(/\.cache\/murmuration$/);
    expect(cacheDirectory('darwin', {})).toMatch(/Library\/Caches\/murmuration$/);
    expect(cacheDirectory('win32', { LOCALAPPDATA: '/local' })).toBe('/local/murmuration/cache');
  });
});

describe('MURMURATION_TUNE', () => {
  it('is off, on or neither', () => {
    expect([{ MURMURATION_TUNE: 'off' }, { MURMURATION_TUNE: 'on' }, {}].map(tuningMode)).toEqual([
      'off',
      'on',
      'auto',
    ]);
  });
});
