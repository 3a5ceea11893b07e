/** What this member contributed: kept so that owners can get it again after a loss, and auditors within their window. */
import type { Secp256k1PrivateKey } from '@libp2p/interface';
import {
  leafDigest,
  tensorTree,
  type Bucket,
  type CommitmentTerms,
  type Hash,
  type Hex,
  type Round,
  type TensorTree,
  type View,
} from '@murmuration/protocol';
import { fastSha256, signCommitment } from '@murmuration/protocol/net-core';
import type { BucketCut } from './bucket-cut.ts';
import type { ContributionValues } from './summation.ts';

export interface OwnContribution {
  readonly terms: CommitmentTerms;
  readonly signature: Hex;
  /** `[n]`, as the job's numerics have it. Sent without copies, so it never changes. */
  readonly values: ContributionValues;
  readonly tree: TensorTree;
}

/** Cuts, hashes and signs a contribution. */
export function commitTo(
  values: ContributionValues,
  cut: BucketCut,
  terms: Omit<CommitmentTerms, 'root'>,
  key: Secp256k1PrivateKey,
): OwnContribution {
  const tree = tensorTree(
    [...cut.buckets()].map((bucket) => leafDigest(cut.bytes(values, bucket), fastSha256)),
    fastSha256,
  );
  const committed = { ...terms, root: tree.root };
  return { terms: committed, signature: signCommitment(key, committed), values, tree };
}

export class OwnContributions {
  readonly #byAssignment = new Map<View, OwnContribution>();

  add(contribution: OwnContribution): void {
    this.#byAssignment.set(contribution.terms.assignment, contribution);
  }

  of(assignment: View): OwnContribution | null {
    return this.#byAssignment.get(assignment) ?? null;
  }

  /** By what an auditor names. */
  find(round: Round, root: Hash): OwnContribution | null {
    for (const one of this.#byAssignment.values()) if (one.terms.round === round && one.terms.root === root) return one;
    return null;
  }

  /** Micro-batches of this member in `round`. */
  microBatchesOf(round: number): number {
    return (
      [...this.#byAssignment.values()].findLast(({ terms }) => terms.round === round)?.terms.microBatches.length ?? 0
    );
  }

  /** The newest contribution. */
  latest(): ContributionValues | null {
    return [...this.#byAssignment.values()].at(-1)?.values ?? null;
  }

  releaseBefore(round: Round): void {
    for (const [assignment, { terms }] of this.#byAssignment)
      if (terms.round < round) this.#byAssignment.delete(assignment);
  }

  clear(): void {
    this.#byAssignment.clear();
  }
}

/** A bucket of a contribution with the proof that it is the committed one. */
export const provenBucket = (
  { values, tree }: OwnContribution,
  cut: BucketCut,
  bucket: Bucket,
): { bytes: Uint8Array; proof: Hash[] } => ({
  bytes: cut.bytes(values, bucket),
  proof: tree.proof(bucket),
});
