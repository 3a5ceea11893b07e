/** The key that pays, from where the job says it is. */
import { readFileSync } from 'node:fs';
import { MurmurationError } from '@murmuration/protocol';
import type { PaymentSpec } from '@murmuration/protocol/job';

export type ChainPayment = Extract<Exclude<PaymentSpec, 'none'>, { type: 'chain' }>;

/** The payer's key is not where the job says, or is no key. Its text is never part of a message. */
class PayerKeyError extends MurmurationError {
  readonly code = 'PAYER_KEY';

  constructor({ where, why, cause }: { where: string; why: string; cause?: unknown }) {
    super({
      message: `The payer's key in ${where} ${why}.`,
      mend: 'Put a private key of 64 hexadecimal digits there.',
      cause,
    });
  }
}

/** The secret key `[32]`. `keyFile` is meant from `directory`. @throws PayerKeyError */
export function payerKey({ keyFile, keyEnv }: ChainPayment, resolvePath: (path: string) => string): Uint8Array {
  const where = keyFile === undefined ? `the environment variable ${keyEnv}` : resolvePath(keyFile);
  const text = keyFile === undefined ? process.env[keyEnv ?? ''] : readKeyFile(where);
  if (text === undefined) throw new PayerKeyError({ where, why: 'is not set' });
  const [, digits] = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text.trim()) ?? [];
  if (digits === undefined) throw new PayerKeyError({ where, why: 'is not 64 hexadecimal digits' });
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new PayerKeyError({ where: file, why: 'cannot be read', cause });
  }
}
