/** The coordinator's word that workers belong to a job. */
import type { Address, Hash, Hex } from '@murmuration/protocol';
import { signStatement, type SigningDomain } from './typed-data.ts';

/** `domain.contract` is the settlement. */
export function signEnrolment(
  secretKey: Uint8Array,
  domain: SigningDomain,
  { jobId, workers }: { jobId: Hash; workers: readonly Address[] },
): Hex {
  return signStatement(secretKey, 'Enrolment', domain, { jobId, workers });
}
