/**
 * The collective: a member's part in one round, from its work to holding every reduced bucket. Contributions outlive a
 * change of view; reductions do not.
 */
import type { Bucket, PeerId, View } from '../../core/ids.ts';
import { milliseconds } from '../../core/units.ts';
import { tensorTreeOfHashes } from '../../merkle/tensor-tree.ts';
import type { CoordinatorMessageOf, MemberInfo } from '../../wire/control.ts';
import type { MemberEventOf, SignedCommitment } from './events.ts';
import { ownedBy, workOf, type CollectiveState } from './state.ts';
import type { MemberTurn } from './turn.ts';

/** Tensors held for messages that have not come yet, in multiples of the model's buckets. */
const EARLY_MODELS = 8;

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
  if (before !== null && before.own === null && workOf(before.contributors, turn.self).length > 0)
    turn.do({ type: 'cancelCompute', assignment: before.assignment });
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
  const microBatches = workOf(contributors, turn.self);
  if (microBatches.length > 0) turn.do({ type: 'compute', round, assignment: view, microBatches });
  turn.because(`round ${round}: ${microBatches.length} micro-batches, ${ownedBy(owners, turn.self).length} buckets`);
  takeEarly(turn);
  armStalled(turn);
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
    ...collective,
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
  if (next.own !== null) push(turn, next, (bucket) => next.owners[bucket] !== collective.owners[bucket]);
  takeEarly(turn);
  reduceWhatCan(turn, ownedBy(owners, turn.self));
  armStalled(turn);
}

export function noteComputed(turn: MemberTurn, event: MemberEventOf<'computed'>): void {
  const { collective } = turn.state;
  if (collective === null || collective.assignment !== event.assignment || collective.own !== null) return;
  const { round, assignment, root, microBatches, samples, lossSum, computeMs, signature } = event;
  const next = { ...collective, own: { round, assignment, root, microBatches, samples } };
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
  { round, assignment, owners, members }: CollectiveState,
  wanted: (bucket: Bucket) => boolean,
): void {
  for (const to of members) {
    const buckets = to.peerId === turn.self ? [] : ownedBy(owners, to.peerId).filter(wanted);
    if (buckets.length > 0) turn.do({ type: 'pushContribution', round, assignment, to, buckets });
  }
}

export function noteContribution(turn: MemberTurn, event: MemberEventOf<'contributionReceived'>): void {
  const { collective } = turn.state;
  if (collective === null || event.assignment > collective.assignment) return keepEarly(turn, 'contributions', event);
  if (event.assignment < collective.assignment || !isWelcome(turn, collective, event)) return discard(turn, event);
  const { from, bucket, round, assignment, microBatches, samples, root } = event;
  if (collective.arrived[bucket]?.includes(from)) return;
  turn.setCollective({
    ...collective,
    commitments: { ...collective.commitments, [from]: { round, assignment, microBatches, samples, root } },
    arrived: collective.arrived.with(bucket, [...collective.arrived[bucket]!, from]),
  });
  turn.because(`bucket ${bucket} of ${from}`);
  if (collective.owners[bucket] === turn.self) reduceWhatCan(turn, [bucket]);
}

/** It must be the work that was handed out, and the same commitment as in the frames before. */
function isWelcome(
  turn: MemberTurn,
  { round, arrived, contributors, commitments }: CollectiveState,
  event: MemberEventOf<'contributionReceived'>,
): boolean {
  const { from, bucket, microBatches, root } = event;
  const work = workOf(contributors, from);
  if (bucket >= arrived.length || work.length === 0 || from === turn.self) return false;
  const earlier = commitments[from];
  if (earlier !== undefined && earlier.root !== root)
    return accuse(turn, from, 'EQUIVOCATION', `it signed two commitments for round ${round}`);
  const same =
    event.round === round &&
    work.length === microBatches.length &&
    work.every((number, i) => number === microBatches[i]);
  return (
    same ||
    accuse(
      turn,
      from,
      'BAD_CONTRIBUTION',
      `its contribution to round ${round} is over other micro-batches than were assigned`,
    )
  );
}

/** Tells the coordinator; always false, so that checks can end with it. */
function accuse(turn: MemberTurn, peerId: PeerId, code: string, reason: string): false {
  const round = turn.state.collective?.round ?? turn.state.held?.round;
  if (round !== undefined) turn.send({ type: 'fault', round, peerId, code, reason });
  return false;
}

function discard(turn: MemberTurn, { assignment, from, bucket }: MemberEventOf<'contributionReceived'>): void {
  turn.do({ type: 'discard', kind: 'contribution', assignment, from, bucket });
}

/** Asks for the reduction of those of the buckets for which every contribution of the view is here. */
function reduceWhatCan(turn: MemberTurn, buckets: readonly Bucket[]): void {
  for (const bucket of buckets) {
    const { collective } = turn.state;
    const terms = collective === null || collective.reducing[bucket] ? null : termsOf(turn, collective, bucket);
    if (collective === null || terms === null) continue;
    turn.setCollective({ ...collective, reducing: collective.reducing.with(bucket, true) });
    const { round, view, assignment } = collective;
    turn.do({ type: 'reduce', round, view, assignment, bucket, terms });
  }
}

function termsOf(turn: MemberTurn, { contributors, own, commitments, arrived }: CollectiveState, bucket: Bucket) {
  const here = contributors.map(({ peerId }): (SignedCommitment & { readonly peerId: PeerId }) | null => {
    const commitment =
      peerId === turn.self ? own : arrived[bucket]?.includes(peerId) ? (commitments[peerId] ?? null) : null;
    return commitment === null ? null : { ...commitment, peerId };
  });
  if (here.includes(null)) return null;
  return here.map((term) => ({ peerId: term!.peerId, samples: term!.samples, root: term!.root }));
}

export function noteReduced(turn: MemberTurn, { view, bucket, hash }: MemberEventOf<'reduced'>): void {
  const { collective } = turn.state;
  if (collective === null || collective.view !== view || collective.reduced[bucket] !== null) {
    return turn.do({ type: 'discard', kind: 'reduced', view, bucket, hash });
  }
  const to = collective.members.filter(({ peerId }) => peerId !== turn.self);
  if (to.length > 0) turn.do({ type: 'pushReduced', round: collective.round, view, bucket, hash, to });
  place(turn, collective, bucket, hash);
  report(turn);
  tellGathered(turn);
}

export function noteReducedReceived(turn: MemberTurn, event: MemberEventOf<'reducedReceived'>): void {
  const { collective } = turn.state;
  const { from, view, bucket, hash } = event;
  if (collective === null || view > collective.view) return keepEarly(turn, 'reduced', event);
  const wanted = view === collective.view && collective.owners[bucket] === from && from !== turn.self;
  if (wanted && collective.reduced[bucket] === hash) return;
  if (!wanted || collective.reduced[bucket] !== null)
    return turn.do({ type: 'discard', kind: 'reduced', view, bucket, hash });
  place(turn, collective, bucket, hash);
  tellGathered(turn);
}

function place(
  turn: MemberTurn,
  collective: CollectiveState,
  bucket: Bucket,
  hash: NonNullable<CollectiveState['reduced'][number]>,
): void {
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
  const roots = contributors.map(({ peerId }) => (peerId === turn.self ? own : commitments[peerId])!.root);
  turn.send({
    type: 'reduced',
    round,
    view,
    buckets: owned.map((bucket) => ({ bucket, hash: reduced[bucket]! })),
    roots,
  });
}

function tellGathered(turn: MemberTurn): void {
  const { collective } = turn.state;
  if (collective === null || collective.gathered || collective.reduced.includes(null)) return;
  const { round, view, reduced } = collective;
  turn.setCollective({ ...collective, gathered: true });
  turn.do({ type: 'cancelTimer', name: 'stalled' });
  turn.send({
    type: 'gathered',
    round,
    view,
    digest: tensorTreeOfHashes(reduced as NonNullable<(typeof reduced)[number]>[]).root,
  });
  turn.because(`gathered round ${round}`);
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

/** Keeps what came before its message, as long as there is room. */
function keepEarly<K extends 'contributions' | 'reduced'>(
  turn: MemberTurn,
  kind: K,
  event: MemberEventOf<'contributionReceived'> | MemberEventOf<'reducedReceived'>,
): void {
  const { early, prepared } = turn.state;
  if (early[kind].length < EARLY_MODELS * (prepared?.buckets ?? 0))
    return turn.set({ early: { ...early, [kind]: [...early[kind], event] } });
  if (event.type === 'contributionReceived') discard(turn, event);
  else turn.do({ type: 'discard', kind: 'reduced', view: event.view, bucket: event.bucket, hash: event.hash });
}

/** Takes what has waited for this assignment or view; what is still ahead goes on waiting. */
function takeEarly(turn: MemberTurn): void {
  const { contributions, reduced } = turn.state.early;
  turn.set({ early: { contributions: [], reduced: [] } });
  for (const event of contributions) noteContribution(turn, event);
  for (const event of reduced) noteReducedReceived(turn, event);
}

/** Leaves the round that is under way. */
export function dropCollective(turn: MemberTurn): void {
  const { collective } = turn.state;
  if (collective === null) return;
  if (collective.own === null) turn.do({ type: 'cancelCompute', assignment: collective.assignment });
  turn.do(
    { type: 'cancelTimer', name: 'stalled' },
    { type: 'release', kind: 'contributions', before: (collective.view + 1) as View },
  );
  turn.set({ collective: null });
}
