/** A worker's proof that it holds its key, with which anybody can register it. */
import type { Address, Hex } from '@murmuration/protocol';
import { identityOf } from '../identity.ts';
import { signStatement, statementSigner, type SigningDomain } from './typed-data.ts';

/** @param payout where the worker's pay shall go; `domain.contract` is the registry */
export function signPossession(secretKey: Uint8Array, domain: SigningDomain, { payout }: { payout: Address }): Hex {
  return signStatement(secretKey, 'Possession', domain, { worker: identityOf(secretKey).address, payout });
}

/** Whether the registry would take the worker with this proof. */
export function verifyPossession(
  domain: SigningDomain,
  { worker, payout, possession }: { worker: Address; payout: Address; possession: Hex },
): boolean {
  return statementSigner('Possession', domain, { worker, payout }, possession)?.toLowerCase() === worker.toLowerCase();
}
