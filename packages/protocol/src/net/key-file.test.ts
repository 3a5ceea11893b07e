import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BadKeyFileError } from './errors.ts';
import { loadOrCreateKey } from './key-file.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'murmuration-key-'))));
afterEach(() => rmSync(folder, { recursive: true }));

describe('a key file', () => {
  it('is made once, readable by its owner alone, and gives the same key again', async () => {
    const path = join(folder, 'new', 'worker.key');
    const made = await loadOrCreateKey(path);
    expect(Buffer.from((await loadOrCreateKey(path)).raw)).toEqual(Buffer.from(made.raw));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
  });

  it('is refused when it is no key', async () => {
    const path = join(folder, 'bad.key');
    for (const text of ['', 'hello', '00'.repeat(32)]) {
      writeFileSync(path, text, { mode: 0o600 });
      await expect(loadOrCreateKey(path), text).rejects.toThrow(BadKeyFileError);
    }
  });

  it('is refused when others may read it', async () => {
    const path = join(folder, 'open.key');
    await loadOrCreateKey(path);
    chmodSync(path, 0o644);
    await expect(loadOrCreateKey(path)).rejects.toThrow(/chmod 600/);
  });
});
