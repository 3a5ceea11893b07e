/**
 * The collective: a member's part in one round, from its work to holding every reduced bucket. Contributions outlive a
 * change of view; reductions do not.
 */
import type { Bucket, PeerId, Round, View } from '../../core/ids.ts';
import { milliseconds } from '../../core/units.ts';
import type { Contributor, CoordinatorMessageOf, MemberInfo } from '../../wire/control.ts';
import { takeEarly } from './contributions.ts';
import type { MemberEventOf, SignedCommitment } from './events.ts';
import { reduceWhatCan } from './reductions.ts';
import { ownedBy, workOf, type CollectiveState } from './state.ts';
import type { MemberTurn } from './turn.ts';

const ownersOf = ({
  owners,
  members,
}: {
  owners: readonly number[];
  members: readonly MemberInfo[];
}): PeerId[] | null => {
  const peers = owners.map((index) => members[index]?.peerId);
  return peers.includes(undefined) ? null : (peers as PeerId[]);
};

export function takeAssignment(turn: MemberTurn, message: CoordinatorMessageOf<'assign'>): void {
  const { phase, held, collective: before, prepared } = turn.state;
  const owners = ownersOf(message);
  if (
    phase !== 'following' ||
    held?.round !== message.round ||
    owners?.length !== prepared?.buckets ||
    owners === null
  ) {
    return turn.because(`cannot take part in round ${message.round}`);
  }
  if (before !== null && before.view >= message.view) return;
  if (before !== null) cancelWork(turn, before);
  const { round, view, contributors, members } = message;
  turn.do({ type: 'release', kind: 'contributions', before: view });
  turn.setCollective({
    round,
    view,
    assignment: view,
    contributors,
    members,
    owners,
    own: null,
    commitments: {},
    arrived: owners.map(() => []),
    reducing: owners.map(() => false),
    reduced: owners.map(() => null),
    reported: false,
    gathered: false,
  });
  const work = workOf(contributors, turn.self);
  if (work !== undefined) compute(turn, round, work);
  const count = work?.microBatches.length ?? 0;
  turn.because(`round ${round}: ${count} micro-batches, ${ownedBy(owners, turn.self).length} buckets`);
  takeEarly(turn);
  armStalled(turn);
}

function compute(turn: MemberTurn, round: Round, { assignment, microBatches }: Contributor): void {
  turn.do({ type: 'compute', round, assignment, microBatches });
}

/** Stops the own work of a round if it is still being computed. */
export function cancelWork(turn: MemberTurn, { contributors, own }: CollectiveState): void {
  const work = workOf(contributors, turn.self);
  if (work !== undefined && own === null) turn.do({ type: 'cancelCompute', assignment: work.assignment });
}

export function takeView(turn: MemberTurn, message: CoordinatorMessageOf<'view'>): void {
  const { collective } = turn.state;
  const owners = ownersOf(message);
  if (
    collective === null ||
    collective.assignment !== message.assignment ||
    message.view <= collective.view ||
    owners?.length !== collective.owners.length
  )
    return;
  const { view, contributors, members } = message;
  const next: CollectiveState = {
    ...forgetReplaced(turn, collective, contributors),
    view,
    contributors,
    members,
    owners,
    reducing: owners.map(() => false),
    reduced: owners.map(() => null),
    reported: false,
    gathered: false,
  };
  turn.setCollective(next);
  turn.because(`round ${message.round} goes on in view ${view}: ${message.reason}`);
  const work = workOf(contributors, turn.self);
  if (work?.assignment === view) compute(turn, message.round, work);
  push(turn, next, (bucket) => next.owners[bucket] !== collective.owners[bucket]);
  takeEarly(turn);
  reduceWhatCan(turn, ownedBy(owners, turn.self));
  armStalled(turn);
}

/** The collective without contributions to work that has been handed out anew since: others will come in their place. */
function forgetReplaced(
  turn: MemberTurn,
  collective: CollectiveState,
  contributors: readonly Contributor[],
): CollectiveState {
  const isReplaced = (peer: PeerId): boolean => {
    const before = workOf(collective.contributors, peer);
    const now = workOf(contributors, peer);
    return before !== undefined && now !== undefined && before.assignment !== now.assignment;
  };
  for (const [bucket, peers] of collective.arrived.entries())
    for (const from of peers.filter(isReplaced)) {
      const { assignment } = collective.commitments[from]!;
      turn.do({ type: 'discard', kind: 'contribution', assignment, from, bucket: bucket as Bucket });
    }
  return {
    ...collective,
    own: isReplaced(turn.self) ? null : collective.own,
    commitments: Object.fromEntries(
      (Object.entries(collective.commitments) as [PeerId, SignedCommitment][]).filter(([peer]) => !isReplaced(peer)),
    ),
    arrived: collective.arrived.map((peers) => peers.filter((peer) => !isReplaced(peer))),
  };
}

export function noteComputed(turn: MemberTurn, event: MemberEventOf<'computed'>): void {
  const { collective } = turn.state;
  if (collective === null || collective.own !== null) return;
  if (workOf(collective.contributors, turn.self)?.assignment !== event.assignment) return;
  const { round, assignment, root, microBatches, samples, lossSum, computeMs, signature } = event;
  const next = { ...collective, own: { round, assignment, root, microBatches, samples, signature } };
  turn.setCollective(next);
  turn.send({
    type: 'commit',
    round,
    assignment,
    root,
    microBatches: [...microBatches],
    samples,
    lossSum,
    computeMs,
    signature,
  });
  turn.because(`committed to round ${round}`);
  push(turn, next, () => true);
  reduceWhatCan(turn, ownedBy(next.owners, turn.self));
  armStalled(turn);
}

/** Pushes those of the own buckets that `wanted` names to their owners. */
function push(
  turn: MemberTurn,
  { round, own, owners, members }: CollectiveState,
  wanted: (bucket: Bucket) => boolean,
): void {
  if (own === null) return;
  const { assignment } = own;
  for (const to of members) {
    const buckets = to.peerId === turn.self ? [] : ownedBy(owners, to.peerId).filter(wanted);
    if (buckets.length > 0) turn.do({ type: 'pushContribution', round, assignment, to, buckets });
  }
}

/** `stalled`: tells the coordinator whom this member waits for. */
export function tellStalled(turn: MemberTurn): void {
  const { collective } = turn.state;
  if (collective === null || collective.gathered || turn.state.phase !== 'following') return;
  const { round, contributors, owners, arrived, reduced } = collective;
  const owned = ownedBy(owners, turn.self);
  const late = contributors
    .map(({ peerId }) => peerId)
    .filter((peer) => peer !== turn.self && owned.some((bucket) => !arrived[bucket]!.includes(peer)));
  const silent = [...new Set(owners.filter((owner, bucket) => owner !== turn.self && reduced[bucket] === null))];
  for (const peerId of late)
    turn.send({ type: 'fault', round, peerId, code: 'CONTRIBUTION_MISSING', reason: 'its contribution has not come' });
  // Whoever waits for contributions can't tell whether other owners do so too.
  if (late.length === 0)
    for (const peerId of silent)
      turn.send({ type: 'fault', round, peerId, code: 'REDUCED_MISSING', reason: 'its reduced buckets have not come' });
  armStalled(turn);
}

function armStalled(turn: MemberTurn): void {
  const { run, collective } = turn.state;
  if (run !== null && collective !== null && !collective.gathered)
    turn.do({ type: 'setTimer', name: 'stalled', delay: milliseconds(run.heartbeat * 3) });
}

/** Leaves the round that is under way. */
export function dropCollective(turn: MemberTurn): void {
  const { collective } = turn.state;
  if (collective === null) return;
  cancelWork(turn, collective);
  turn.do(
    { type: 'cancelTimer', name: 'stalled' },
    { type: 'release', kind: 'contributions', before: (collective.view + 1) as View },
  );
  turn.set({ collective: null });
}
