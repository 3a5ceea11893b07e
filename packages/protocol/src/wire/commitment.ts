/** What a worker signs when it commits to a contribution. */
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from '../core/canonical.ts';
import { sha256, type Sha256 } from '../core/digest.ts';
import type { Hash, MicroBatch, Round, RunId, View } from '../core/ids.ts';

const DOMAIN = 'murmuration commitment 1\n';

/** A contribution as its maker vouches for it. */
export interface CommitmentTerms {
  readonly runId: RunId;
  readonly round: Round;
  /** The view in which the work was handed out. */
  readonly assignment: View;
  /** Merkle root over the contribution's buckets. */
  readonly root: Hash;
  readonly microBatches: readonly MicroBatch[];
  readonly samples: number;
}

/** The 32 bytes that a commitment's signature is over: SHA-256 of a domain line and the terms as canonical JSON. */
export function commitmentDigest(
  { runId, round, assignment, root, microBatches, samples }: CommitmentTerms,
  hash: Sha256 = sha256,
): Uint8Array {
  return hash(utf8ToBytes(DOMAIN + canonicalJson({ runId, round, assignment, root, microBatches, samples })));
}
