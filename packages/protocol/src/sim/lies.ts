/** What liars of a simulation say instead of the truth. */
import type { PeerId, RunId } from '../core/ids.ts';
import type { SignedCommitment } from '../machines/member/events.ts';
import type { CollectiveState } from '../machines/member/state.ts';
import type { WorkerMessageOf } from '../wire/control.ts';
import { rootOf, signatureOf, valueHash, type Vector } from './numbers.ts';

/**
 * `contribution`: commits to something else than it computed. `equivocation`: signs one contribution for the coordinator and
 * another for an owner. `slander`: says as an owner that the others signed something else. `forgery`: sends buckets that are
 * not in what it committed to. `accusation`: says as an owner that another forged, each round of the next, and reduces
 * nothing. `dawdling`: never says that it has applied a round. `misreport`: tells the coordinator of other buckets than it
 * gives out. `hanging`: lives, and never comes to the end of its work.
 */
export type Lie =
  | 'contribution'
  | 'equivocation'
  | 'slander'
  | 'forgery'
  | 'accusation'
  | 'dawdling'
  | 'misreport'
  | 'hanging';

/** A contribution, and what its maker says of it. */
export interface SignedContribution {
  readonly values: Vector;
  readonly commitment: SignedCommitment;
}

export const altered = (honest: Vector): Vector => honest.map((value) => value + 1);

/** Another contribution to the same work, signed as well. */
export function secondCommitment(
  maker: PeerId,
  runId: RunId,
  { values, commitment: { signature: _signature, ...terms } }: SignedContribution,
): SignedContribution {
  const other = altered(values);
  const otherTerms = { ...terms, root: rootOf(terms.round, other) };
  const signature = signatureOf(maker, { ...otherTerms, runId });
  return { values: other, commitment: { ...otherTerms, signature } };
}

/** Whom an equivocator shows its second contribution: the first owner that isn't itself. */
export const deceivedBy = (peerId: PeerId, collective: CollectiveState | null): PeerId | undefined =>
  collective?.owners.find((owner) => owner !== peerId);

/** Accuses the contributors after it, one a round. */
export function accusation(
  { round }: WorkerMessageOf<'reduced'>,
  owner: PeerId,
  collective: CollectiveState | null,
): WorkerMessageOf<'fault'> | null {
  const others = (collective?.contributors ?? []).filter(({ peerId }) => peerId !== owner);
  const victim = others[round % Math.max(1, others.length)];
  return victim === undefined ? null : { type: 'fault', round, peerId: victim.peerId, code: 'forged', reason: 'a lie' };
}

/** Passes on what none of the others signed. */
export function slander(
  owner: PeerId,
  message: WorkerMessageOf<'reduced'>,
  collective: CollectiveState | null,
): WorkerMessageOf<'reduced'> {
  const commitments = message.commitments.map((commitment, i) =>
    collective?.contributors[i]?.peerId === owner ? commitment : { ...commitment, root: valueHash(i) },
  );
  return { ...message, commitments };
}

/** Tells of buckets that nobody has. */
export const misreport = (message: WorkerMessageOf<'reduced'>): WorkerMessageOf<'reduced'> => ({
  ...message,
  buckets: message.buckets.map(({ bucket }) => ({ bucket, hash: rootOf(message.round, [bucket]) })),
});
