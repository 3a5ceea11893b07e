/** A worker's word that moves its pay to another address. */
import type { Address, Hex } from '@murmuration/protocol';
import { identityOf } from '../identity.ts';
import { signStatement, type SigningDomain } from './typed-data.ts';

export interface PayoutChange {
  readonly payout: Address;
  /** The worker's current one in the registry: each change uses up one. */
  readonly nonce: bigint;
  /** Last Unix second at which the signature is good. */
  readonly deadline: number;
}

/** `domain.contract` is the registry. */
export function signPayoutChange(secretKey: Uint8Array, domain: SigningDomain, change: PayoutChange): Hex {
  return signStatement(secretKey, 'PayoutChange', domain, { worker: identityOf(secretKey).address, ...change });
}
