/** An auditor's signature under an epoch. */
import type { Address, Hex } from '@murmuration/protocol';
import { epochValues, type EpochStatement } from './sign-epoch.ts';
import { signStatement, statementSigner, type SigningDomain } from './typed-data.ts';

/** `domain.contract` is the settlement. Sign only what was checked: leaves, their sum, the job, and one root an epoch. */
export function signAttestation(secretKey: Uint8Array, domain: SigningDomain, statement: EpochStatement): Hex {
  return signStatement(secretKey, 'Attestation', domain, epochValues(statement));
}

/** Whose attestation it is; null when it is none. */
export function attestationSigner(domain: SigningDomain, statement: EpochStatement, signature: Hex): Address | null {
  return statementSigner('Attestation', domain, epochValues(statement), signature);
}
