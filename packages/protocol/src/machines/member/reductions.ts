/** Reductions of the buckets that this member owns, and the moment when it has all of them. */
import type { Bucket, Hash, PeerId } from '../../core/ids.ts';
import { tensorTreeOfHashes } from '../../merkle/tensor-tree.ts';
import type { MemberEventOf, SignedCommitment } from './events.ts';
import { ownedBy, type CollectiveState } from './state.ts';
import type { MemberTurn } from './turn.ts';

/** Asks for the reduction of those of the buckets for which every contribution of the view is here. */
export function reduceWhatCan(turn: MemberTurn, buckets: readonly Bucket[]): void {
  for (const bucket of buckets) {
    const { collective } = turn.state;
    const terms = collective === null || collective.reducing[bucket] ? null : termsOf(turn, collective, bucket);
    if (collective === null || terms === null) continue;
    turn.setCollective({ ...collective, reducing: collective.reducing.with(bucket, true) });
    const { round, view } = collective;
    turn.do({ type: 'reduce', round, view, bucket, terms });
  }
}

function termsOf(turn: MemberTurn, { contributors, own, commitments, arrived }: CollectiveState, bucket: Bucket) {
  const here = contributors.map(({ peerId }): (SignedCommitment & { readonly peerId: PeerId }) | null => {
    const commitment =
      peerId === turn.self ? own : arrived[bucket]?.includes(peerId) ? (commitments[peerId] ?? null) : null;
    return commitment === null ? null : { ...commitment, peerId };
  });
  if (here.includes(null)) return null;
  return here.map((term) => {
    const { peerId, assignment, samples, root } = term!;
    return { peerId, assignment, samples, root };
  });
}

export function noteReduced(turn: MemberTurn, { view, bucket, hash }: MemberEventOf<'reduced'>): void {
  const { collective } = turn.state;
  if (collective === null || collective.view !== view || collective.reduced[bucket] !== null) {
    return turn.do({ type: 'discard', kind: 'reduced', view, bucket, hash });
  }
  const to = collective.members.filter(({ peerId }) => peerId !== turn.self);
  if (to.length > 0) turn.do({ type: 'pushReduced', round: collective.round, view, bucket, hash, to });
  placeReduced(turn, collective, bucket, hash);
  report(turn);
  tellGathered(turn);
}

export function placeReduced(turn: MemberTurn, collective: CollectiveState, bucket: Bucket, hash: Hash): void {
  turn.setCollective({ ...collective, reduced: collective.reduced.with(bucket, hash) });
  turn.because(`reduced bucket ${bucket} of round ${collective.round} is here`);
}

/** An owner answers once, for all its buckets. */
function report(turn: MemberTurn): void {
  const { collective } = turn.state;
  if (collective === null || collective.reported) return;
  const owned = ownedBy(collective.owners, turn.self);
  if (owned.some((bucket) => collective.reduced[bucket] === null)) return;
  const { round, view, contributors, own, commitments, reduced } = collective;
  turn.setCollective({ ...collective, reported: true });
  const shown = contributors.map(({ peerId }) => {
    const { root, samples, signature } = (peerId === turn.self ? own : commitments[peerId])!;
    return { root, samples, signature };
  });
  turn.send({
    type: 'reduced',
    round,
    view,
    buckets: owned.map((bucket) => ({ bucket, hash: reduced[bucket]! })),
    commitments: shown,
  });
}

export function tellGathered(turn: MemberTurn): void {
  const { collective } = turn.state;
  if (collective === null || collective.gathered || collective.reduced.includes(null)) return;
  const { round, view, reduced } = collective;
  turn.setCollective({ ...collective, gathered: true });
  turn.do({ type: 'cancelTimer', name: 'stalled' });
  turn.send({
    type: 'gathered',
    round,
    view,
    digest: tensorTreeOfHashes(reduced as readonly Hash[]).root,
  });
  turn.because(`gathered round ${round}`);
}
