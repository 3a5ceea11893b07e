import { describe, expect, it } from 'vitest';
import { backupText, secretOfBackup } from './backup-text.ts';

const secret = Uint8Array.from({ length: 32 }, (_, i) => i * 5 + 1);
const text = backupText(secret);

describe('a backup text', () => {
  it('holds the secret, whatever happened to its white space and case', () => {
    expect(text).toMatch(/^murmuration-key-1-[0-9a-f]{64}-[0-9a-f]{8}$/);
    expect(secretOfBackup(text)).toEqual(secret);
    const wrapped = `\n  ${text.slice(0, 30)}\r\n${text.slice(30)} \n`.toUpperCase();
    expect(secretOfBackup(wrapped)).toEqual(secret);
  });

  it('is refused when any one of its letters is wrong', () => {
    for (let at = 'murmuration-key-1-'.length; at < text.length; at++) {
      if (text[at] === '-') continue;
      const wrong = text[at] === '0' ? '1' : '0';
      expect(() => secretOfBackup(text.slice(0, at) + wrong + text.slice(at + 1))).toThrow(/checksum does not fit/);
    }
  });

  it.each([
    ['', 'it is empty'],
    ['0x1234', 'does not begin with murmuration-key-1-'],
    [text.slice(0, -1), 'its end is missing'],
    [text.slice(0, 40), 'it has 22 digits of the key, not 64'],
    [`${text}-00`, 'something follows its end'],
    [text.replace(/-[0-9a-f]{64}/, `-${'z'.repeat(64)}`), 'no hexadecimal digits'],
    ['a'.repeat(5000), 'far too long'],
  ])('%j is refused with a reason', (wrong, reason) => {
    expect(() => secretOfBackup(wrong)).toThrow(reason);
    expect(() => secretOfBackup(wrong)).toThrow(/try again\.$/);
  });
});
