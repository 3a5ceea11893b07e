import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checksummed, isAccount, parseAccount } from './account.ts';

/** From EIP-55 itself. */
const known = [
  '0x52908400098527886E0F7030069857D2E4169EE7',
  '0xde709f2102306220921060314715629080e2fb77',
  '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
  '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
  '0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb',
];

const codeOf = (text: string): string | null => {
  const parsed = parseAccount(text);
  return isAccount(parsed) ? null : parsed.code;
};

describe('parseAccount', () => {
  it.each(known)('takes %s as it is, however it was capitalised', (account) => {
    expect(checksummed(account.slice(2))).toBe(account);
    for (const text of [account, ` ${account}\n`, account.toLowerCase(), `0x${account.slice(2).toUpperCase()}`])
      expect(parseAccount(text)).toBe(account);
  });

  it.each([
    ['', 'EMPTY'],
    ['0x', 'LENGTH'],
    ['0x1234', 'LENGTH'],
    [`0x${'0'.repeat(40)}`, 'ZERO'],
    ['vitalik.eth', 'DIGITS'],
    ['0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAEd', 'CHECKSUM'],
  ])('refuses %j as %s and says what to do', (text, code) => {
    expect(codeOf(text)).toBe(code);
    const parsed = parseAccount(text);
    expect(isAccount(parsed) ? '' : parsed.reason).toMatch(/\. [A-Z].*\.$/);
  });

  it('finds a digit that was changed in a checksummed address', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: 40, maxLength: 40 });
    let found = 0;
    const runs = 500;
    fc.assert(
      fc.property(digits, fc.nat(39), fc.integer({ min: 1, max: 15 }), (text, at, by) => {
        const account = checksummed(text).slice(2);
        const other = ((Number.parseInt(account[at] ?? '0', 16) + by) % 16).toString(16);
        found += codeOf(`0x${account.slice(0, at)}${other}${account.slice(at + 1)}`) === 'CHECKSUM' ? 1 : 0;
      }),
      { seed: 55, numRuns: runs },
    );
    // The checksum has about 15 bits, and an address all in small letters has none.
    expect(found).toBeGreaterThan(runs * 0.99);
  });
});
