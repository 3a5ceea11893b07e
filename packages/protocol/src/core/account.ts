/** `@murmuration/protocol/account`: EVM addresses as people type them, checked by the checksum in their capitals (EIP-55). */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { address } from './ids.ts';
import type { Address } from './ids.ts';

/** Why a text is no address: `what` in a sentence that ends with what to do. */
export interface AccountProblem {
  readonly code: 'EMPTY' | 'LENGTH' | 'DIGITS' | 'CHECKSUM' | 'ZERO';
  readonly reason: string;
}

const DIGITS = 40;

/** Forty hexadecimal digits with the capitals that EIP-55 gives them: a digit's letter is big where the hash's is 8 or more. */
export function checksummed(digits: string): Address {
  const lower = digits.toLowerCase();
  const hash = bytesToHex(keccak_256(utf8ToBytes(lower)));
  const cased = Array.from(lower, (digit, i) =>
    Number.parseInt(hash[i] ?? '0', 16) >= 8 ? digit.toUpperCase() : digit,
  );
  return address(`0x${cased.join('')}`);
}

const problem = (code: AccountProblem['code'], reason: string): AccountProblem => ({ code, reason });

/**
 * Reads an address. Capitals and small letters mixed must agree with the checksum; all small or all big carry none and
 * are taken as they are, as wallets do.
 */
export function parseAccount(text: string): Address | AccountProblem {
  const trimmed = text.trim();
  if (trimmed === '') return problem('EMPTY', 'There is no address. Paste one that begins with 0x.');
  const digits = trimmed.replace(/^0x/i, '');
  if (!/^[0-9a-f]*$/i.test(digits))
    return problem(
      'DIGITS',
      'An address holds the digits 0 to 9 and the letters a to f after 0x. Paste it again from your wallet.',
    );
  if (digits.length !== DIGITS)
    return problem(
      'LENGTH',
      `An address has ${DIGITS} digits after 0x, and this one has ${digits.length}. Paste it whole from your wallet.`,
    );
  if (/^0+$/.test(digits)) return problem('ZERO', 'Nobody holds the zero address. Paste your own.');
  const account = checksummed(digits);
  const carriesChecksum = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
  if (carriesChecksum && account !== `0x${digits}`)
    return problem(
      'CHECKSUM',
      'The capitals in this address do not fit its digits, so one of them is wrong. Paste it again from your wallet.',
    );
  return account;
}

/** Whether {@link parseAccount} found an address. */
export const isAccount = (parsed: Address | AccountProblem): parsed is Address => typeof parsed === 'string';
