import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerId } from '@murmuration/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TokenStore } from './token-store.ts';
import { TOKEN_BYTES } from './token-text.ts';

const [anna, bert, carl] = [peerId('16Uiu2HAmAnna'), peerId('16Uiu2HAmBert'), peerId('16Uiu2HAmCarl')];
const DAY = 86_400_000;
const bytes = (seed: number): Uint8Array =>
  createHash('sha512').update(`token ${seed}`).digest().subarray(0, TOKEN_BYTES);

let directory = '';
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'tokens-'))));
afterEach(() => rmSync(directory, { recursive: true }));

const endless = { label: '', uses: null, expiresAt: null };

describe('join tokens', () => {
  it('admit who brings one, as many peers as they may, each once', () => {
    using tokens = TokenStore.open(directory);
    const { id, text } = tokens.issue({ ...endless, uses: 2 }, bytes(1), 0);
    expect(tokens.admit(text, anna, 1)).toEqual({ admitted: true, id });
    expect(tokens.admit(text, anna, 2)).toEqual({ admitted: true, id });
    expect(tokens.admit(text, bert, 3)).toEqual({ admitted: true, id });
    expect(tokens.admit(text, carl, 4)).toMatchObject({ admitted: false, code: 'TOKEN_USED_UP' });
    expect(tokens.admit(text, anna, 5)).toEqual({ admitted: true, id });
    expect(tokens.list()).toMatchObject([{ id, used: 2, uses: 2 }]);
  });

  it('refuse none, nonsense, a wrong secret and an unknown id', () => {
    using tokens = TokenStore.open(directory);
    const { text } = tokens.issue(endless, bytes(1), 0);
    const wrong = text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A');
    expect(tokens.admit(null, anna, 1)).toMatchObject({ code: 'TOKEN_MISSING' });
    for (const bad of ['', 'x', `${text}=`, wrong, `${'A'.repeat(8)}.${text.slice(9)}`, '\0'.repeat(36)])
      expect(tokens.admit(bad, anna, 1), bad).toMatchObject({ admitted: false, code: 'TOKEN_UNKNOWN' });
    expect(tokens.list()).toMatchObject([{ used: 0 }]);
  });

  it('expire for newcomers, not for who is in already', () => {
    using tokens = TokenStore.open(directory);
    const { id, text } = tokens.issue({ ...endless, expiresAt: DAY }, bytes(1), 0);
    expect(tokens.admit(text, anna, DAY - 1)).toEqual({ admitted: true, id });
    expect(tokens.admit(text, bert, DAY)).toMatchObject({ code: 'TOKEN_EXPIRED' });
    expect(tokens.admit(text, anna, 2 * DAY)).toEqual({ admitted: true, id });
  });

  it('taken back admit nobody any more', () => {
    using tokens = TokenStore.open(directory);
    const { id, text } = tokens.issue(endless, bytes(1), 0);
    tokens.admit(text, anna, 1);
    expect(tokens.revoke(id, 2)).toBe(true);
    expect(tokens.revoke('nonesuch', 2)).toBe(false);
    expect(tokens.admit(text, anna, 3)).toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  it('and their uses outlive the process that counted them', () => {
    let text: string;
    {
      using tokens = TokenStore.open(directory);
      tokens.required = true;
      text = tokens.issue({ ...endless, uses: 1 }, bytes(1), 0).text;
      tokens.admit(text, anna, 1);
    }
    using again = TokenStore.find(directory);
    expect(again?.required).toBe(true);
    expect(again?.admit(text, bert, 2)).toMatchObject({ code: 'TOKEN_USED_UP' });
    expect(again?.admit(text, anna, 2)).toMatchObject({ admitted: true });
  });

  it('are counted right when two processes have the file open', () => {
    using coordinator = TokenStore.open(directory);
    using command = TokenStore.open(directory);
    const { id, text } = command.issue({ ...endless, uses: 1 }, bytes(1), 0);
    expect(coordinator.admit(text, anna, 1)).toMatchObject({ admitted: true });
    command.revoke(id, 2);
    expect(coordinator.admit(text, anna, 3)).toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  it('are looked at without being used', () => {
    using tokens = TokenStore.open(directory);
    const { id, text } = tokens.issue({ ...endless, uses: 1 }, bytes(1), 0);
    expect(tokens.look(text, 1)).toEqual({ admitted: true, id });
    expect(tokens.list()).toMatchObject([{ used: 0 }]);
    tokens.admit(text, anna, 2);
    expect(tokens.look(text, 3)).toMatchObject({ code: 'TOKEN_USED_UP' });
  });

  it('remember whom they kept out, without a write for each', () => {
    using tokens = TokenStore.open(directory);
    for (let at = 0; at < 5000; at += 1) tokens.admit(null, anna, at);
    tokens.admit('nonsense', bert, 6000);
    expect(tokens.refusals()).toMatchObject([
      { code: 'TOKEN_UNKNOWN', count: 1, peer: bert },
      { code: 'TOKEN_MISSING', count: 5000 },
    ]);
  });

  it('do not lie on the disk, and the file is for its owner alone', () => {
    using tokens = TokenStore.open(directory);
    const { text } = tokens.issue(endless, bytes(1), 0);
    const [, secret = ''] = text.split('.');
    for (const name of ['join-tokens.sqlite', 'join-tokens.sqlite-wal']) {
      expect(readFileSync(join(directory, name)).includes(secret), name).toBe(false);
      expect(statSync(join(directory, name)).mode & 0o077, name).toBe(0);
    }
  });
});
