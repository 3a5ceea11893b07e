/**
 * Commitments that owners show. A contributor signs one commitment an assignment; whoever signs two is found by comparing
 * what an owner was sent with what the coordinator was told. The machine takes on trust that what it is shown was signed:
 * the shell has verified what {@link claimsOf} names before it makes a message of it.
 */
import type { Hex, PeerId } from '../../core/ids.ts';
import type { CommitmentTerms } from '../../wire/commitment.ts';
import type { WorkerMessageOf } from '../../wire/control.ts';
import { bucketsOf } from './round-messages.ts';
import type { CoordinatorState, RoundState, ShownCommitment } from './state.ts';

/** A commitment that an owner says `peerId` signed. */
export interface CommitmentClaim {
  readonly peerId: PeerId;
  readonly terms: CommitmentTerms;
  readonly signature: Hex;
}

/** What a contributor is known to have signed: told by itself, or shown by an owner before that. */
export const knownCommitment = (round: RoundState, peerId: PeerId): ShownCommitment | undefined =>
  round.commitments[peerId] ?? round.shown[peerId];

export const isSameCommitment = (one: ShownCommitment, other: ShownCommitment): boolean =>
  one.root === other.root && one.samples === other.samples;

/** Whether a member's answer for this view has been taken. */
export const hasReported = (round: RoundState, peerId: PeerId): boolean => {
  const owned = bucketsOf(round, peerId);
  return owned.length > 0 && owned.every((bucket) => round.reduced[bucket] !== null);
};

/**
 * The commitments in an owner's message that the shell has to verify before the machine may take it: those that aren't
 * known already. None in a healthy round whose commitments have come, and none of a message that will be ignored.
 */
export function claimsOf(
  { config, phase }: CoordinatorState,
  from: PeerId,
  { view, commitments }: WorkerMessageOf<'reduced'>,
): CommitmentClaim[] {
  if (phase.name !== 'training' || phase.round.view !== view || hasReported(phase.round, from)) return [];
  const { round } = phase;
  return round.contributors.flatMap(({ peerId, assignment, microBatches }, i) => {
    const seen = commitments[i];
    const known = knownCommitment(round, peerId);
    if (seen === undefined || (known !== undefined && isSameCommitment(known, seen))) return [];
    const { root, samples, signature } = seen;
    const terms = {
      runId: config.runId,
      round: round.round,
      assignment,
      root,
      microBatches,
      samples,
    };
    return [{ peerId, terms, signature }];
  });
}
