/** The coordinator's signature under an epoch. */
import type { Hash, Hex, Wei } from '@murmuration/protocol';
import { signStatement, type SigningDomain } from './typed-data.ts';

/** What is said about an epoch. */
export interface EpochStatement {
  readonly jobId: Hash;
  /** From 0 without gaps. */
  readonly epoch: number;
  /** Of the settlement tree. */
  readonly root: Hash;
  /** Sum of the tree's leaves. */
  readonly totalWei: Wei;
}

/** The values in the order and under the names of the contract. */
export const epochValues = ({ jobId, epoch, root, totalWei }: EpochStatement) => ({
  jobId,
  epoch,
  root,
  total: totalWei,
});

/**
 * `domain.contract` is the settlement. A coordinator must keep what it signed before it lets go of it, and never sign two
 * different statements about one epoch: two that auditors attested freeze the job.
 */
export function signEpoch(secretKey: Uint8Array, domain: SigningDomain, statement: EpochStatement): Hex {
  return signStatement(secretKey, 'Epoch', domain, epochValues(statement));
}
