/** The coordinator's word that a job is over. */
import type { Hash, Hex } from '@murmuration/protocol';
import { signStatement, type SigningDomain } from './typed-data.ts';

/** `domain.contract` is the settlement; `epochs` is how many were posted. */
export function signClose(
  secretKey: Uint8Array,
  domain: SigningDomain,
  { jobId, epochs }: { jobId: Hash; epochs: number },
): Hex {
  return signStatement(secretKey, 'Close', domain, { jobId, epochs });
}
