/**
 * A key as text for a person to save: `murmuration-key-1-<64 hexadecimal digits>-<8 of a checksum>`. The checksum is the beginning of
 * SHA-256 over what stands before it, so that a letter that was lost or mistyped is found before pay goes nowhere.
 */
import { MurmurationError, sha256 } from '@murmuration/protocol';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

const PREFIX = 'murmuration-key-1-';
const SECRET_DIGITS = 64;
const CHECKSUM_DIGITS = 8;
/** Nobody pastes more than this for a key; what does is not looked at. */
const MAX_TEXT = 4096;

/** A text that is no backup of a key. Causes: part of it was copied, a letter is wrong, it is something else. */
export class BackupTextError extends MurmurationError {
  readonly code = 'BACKUP_TEXT';

  constructor({ why }: { why: string }) {
    super({
      message: `This is not the backup of a key: ${why}.`,
      mend: 'Copy the whole text that was saved, and try again.',
    });
  }
}

const checksumOf = (digits: string): string =>
  bytesToHex(sha256(utf8ToBytes(PREFIX + digits))).slice(0, CHECKSUM_DIGITS);

/** @param secret the scalar `[32]` */
export function backupText(secret: Uint8Array): string {
  const digits = bytesToHex(secret);
  return `${PREFIX}${digits}-${checksumOf(digits)}`;
}

/** The secret `[32]` of a backup; letters' case, spaces and line breaks don't matter. @throws BackupTextError */
export function secretOfBackup(text: string): Uint8Array {
  const fail = (why: string): never => {
    throw new BackupTextError({ why });
  };
  if (text.length > MAX_TEXT) fail('it is far too long');
  const plain = text.replace(/\s+/g, '').toLowerCase();
  if (plain === '') fail('it is empty');
  if (!plain.startsWith(PREFIX)) fail(`it does not begin with ${PREFIX}`);
  const [digits = '', checksum = '', ...rest] = plain.slice(PREFIX.length).split('-');
  if (rest.length > 0) fail('something follows its end');
  if (!/^[0-9a-f]*$/.test(digits)) fail('it has letters that are no hexadecimal digits');
  if (digits.length !== SECRET_DIGITS) fail(`it has ${digits.length} digits of the key, not ${SECRET_DIGITS}`);
  if (checksum.length !== CHECKSUM_DIGITS) fail('its end is missing');
  if (checksum !== checksumOf(digits)) fail('its checksum does not fit, so that at least one letter is wrong');
  return hexToBytes(digits);
}
