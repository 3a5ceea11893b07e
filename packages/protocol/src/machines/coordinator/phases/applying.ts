/** A sealed round: members apply it and tell the hash of the state they come to. Equal hashes commit it. */
import { round as roundOf } from '../../../core/ids.ts';
import type { Hash, PeerId } from '../../../core/ids.ts';
import type { WorkerMessageOf } from '../../../wire/control.ts';
import { drawAudits } from '../audits/draw.ts';
import { beginCheckpoint, checkpointDue } from '../checkpoints.ts';
import type { Milliseconds } from '../../../core/units.ts';
import { applyTimeout, joinerTimeout } from '../deadlines.ts';
import { flagWrongState, judgeState, sendBack } from '../membership.ts';
import { byPeerId, comparePeerIds, isPresent, presentMembers, thoseToAsk } from '../select.ts';
import { isSuspended } from '../standing.ts';
import { creditMembers, loseByFault, strike } from '../strikes.ts';
import { creditRound } from '../settlement/accounts.ts';
import type { CoordinatorState, MemberRecord, Phase, RoundState, SealedRoundState } from '../state.ts';
import type { CoordinatorTurn } from '../turn.ts';
import { majority } from '../majority.ts';
import { undoRound } from '../undo-round.ts';
import { beginRegathering } from './enter.ts';

/** State hashes that the run remembers: enough for any member that follows the seals. */
const REMEMBERED_STATES = 16;

/** What somebody said the sealed round comes to. */
interface Vote {
  readonly member: MemberRecord;
  readonly value: { readonly stateHash: Hash; readonly gradientNorm: number };
  /** It is here and stands at that state. */
  readonly isHere: boolean;
}

/** In any phase: a follower that is late says where it stands. */
export function noteApplied(turn: CoordinatorTurn, from: PeerId, message: WorkerMessageOf<'applied'>): void {
  const member = turn.member(from);
  const { phase } = turn.state;
  if (!isPresent(member) || !member.welcomed || member.status === 'waiting') return;
  const point = { round: roundOf(message.round + 1), stateHash: message.stateHash };
  if (phase.name === 'applying' && message.view === phase.round.view) {
    if (phase.round.applied[from] !== undefined) return;
    const { stateHash, gradientNorm } = message;
    turn.enter({
      ...phase,
      round: { ...phase.round, applied: { ...phase.round.applied, [from]: { stateHash, gradientNorm } } },
    });
    turn.setMember(from, { held: point });
    turn.because(`${from} applied round ${message.round}`);
    return;
  }
  if (member.status === 'active') return;
  const verdict = judgeState(turn.state, point);
  if (verdict === 'wrong') flagWrongState(turn, from, point.round);
  else if (verdict === 'right' && point.round > (member.held?.round ?? -1)) turn.setMember(from, { held: point });
}

export function progressApplying(turn: CoordinatorTurn): void {
  const { phase } = turn.state;
  if (phase.name !== 'applying') return;
  const votes = votesOf(turn.state, phase.round);
  const said = votes.filter(({ member }) => isOfRound(member, phase.round));
  const isEnough = phase.patience === 'none' || said.length * 2 >= electorate(turn.state, phase.round);
  const awaited = presentMembers(turn.state).filter((member) => awaits(member, phase));
  if (said.length > 0 && isEnough && awaited.length === 0) return commit(turn, phase.round, votes);
  if (
    said.length === 0 &&
    phase.patience === 'none' &&
    !presentMembers(turn.state).some((member) => isHopeful(member, phase.round))
  )
    giveUp(turn, phase.round);
}

/**
 * The outcome is what members of the sealed view say: they hold what was sealed, and the run took them in before it. A
 * stranger may claim any hash, and is told the right one by theirs; where none of them speaks the round is undone rather than
 * its state left to whoever is there.
 */
const isOfRound = ({ peerId }: MemberRecord, { members }: RoundState): boolean => members.includes(peerId);

/** Members of the view who may yet speak. Fewer than half of them, the others cut off, wait for those until patience is over. */
const electorate = ({ members }: CoordinatorState, round: RoundState): number =>
  round.members.filter((peer) => {
    const status = members[peer]?.status;
    return status !== 'left' && status !== 'expelled';
  }).length;

/**
 * Members of the view must apply. Those that are about to join are waited for until the deadline, if they can take part; so
 * is one that fetches the state again, since a run with short rounds may have been too fast for it to catch up.
 */
const awaits = (member: MemberRecord, { round, patience }: Extract<Phase, { name: 'applying' }>): boolean =>
  round.applied[member.peerId] === undefined &&
  member.held?.round !== round.round + 1 &&
  (member.status === 'active' || (patience === 'all' && isJoining(member) && !isSuspended(member, round.round + 1)));

const isJoining = ({ status, failedSyncs }: MemberRecord): boolean =>
  status === 'ready' || (status === 'syncing' && failedSyncs > 0);

/** Time for those that are about to join, from the seal on: as much as the one needs that had to sit out most. */
export function joinerPatience(state: CoordinatorState, round: SealedRoundState): Milliseconds {
  const joiners = presentMembers(state).filter(
    (member) => member.status !== 'active' && awaits(member, { name: 'applying', round, patience: 'all' }),
  );
  return joinerTimeout(state.config, Math.max(0, ...joiners.map(({ standing }) => standing.strikes)));
}

/** A member of the view that may yet come to the state: it applies, or it fetches the sealed round. */
const isHopeful = (member: MemberRecord, round: RoundState): boolean =>
  isOfRound(member, round) &&
  round.applied[member.peerId] === undefined &&
  (member.status === 'active' || member.status === 'ready' || member.status === 'syncing');

/** What was said, by those too who are gone since; one that returns holding the outcome counts as well. */
function votesOf(state: CoordinatorState, round: SealedRoundState): Vote[] {
  return Object.values<MemberRecord>(state.members)
    .toSorted(byPeerId)
    .flatMap((member) => {
      const { status, peerId, held } = member;
      const isHere = status === 'active' || status === 'ready';
      const brought =
        isHere && held?.round === round.round + 1 ? { stateHash: held.stateHash, gradientNorm: 0 } : undefined;
      const value = round.applied[peerId] ?? brought;
      return value === undefined || status === 'expelled' ? [] : [{ member, value, isHere }];
    });
}

function commit(turn: CoordinatorTurn, round: SealedRoundState, votes: readonly Vote[]): void {
  const said = votes.filter(({ member }) => isOfRound(member, round));
  const { stateHash, gradientNorm } = majority(said, (value) => value.stateHash);
  const next = roundOf(round.round + 1);
  const agreeing = votes.filter(({ value }) => value.stateHash === stateHash);
  const right = agreeing.filter(({ isHere }) => isHere);
  turn.do({ type: 'cancelTimer', name: 'apply' }, { type: 'cancelTimer', name: 'regather' });
  turn.set({
    committed: next,
    stateHashes: [...turn.state.stateHashes, { round: next, stateHash }].slice(-REMEMBERED_STATES),
  });
  for (const { member } of right)
    turn.setMember(member.peerId, { status: 'ready', held: { round: next, stateHash }, failedSyncs: 0 });
  for (const { member, value, isHere } of votes)
    if (isHere && value.stateHash !== stateHash) flagWrongState(turn, member.peerId, next);
  if (round.seal.snapshot) {
    const holders = thoseToAsk(right.map(({ member }) => member))
      .map(({ peerId }) => peerId)
      .toSorted(comparePeerIds);
    turn.set({ snapshot: { round: next, stateHash, holders } });
  }
  record(turn, round, { stateHash, gradientNorm, members: agreeing.length });
  creditMembers(turn, round);
  creditRound(turn, round);
  drawAudits(
    turn,
    round,
    right.map(({ member }) => member),
  );
  if (checkpointDue(turn.state)) beginCheckpoint(turn);
  turn.enter({ name: 'between' });
}

function record(
  turn: CoordinatorTurn,
  round: SealedRoundState,
  outcome: { stateHash: Hash; gradientNorm: number; members: number },
): void {
  const shares = round.contributors.map(({ peerId, microBatches }) => {
    const { root, samples, lossSum, computeMs } = round.commitments[peerId]!;
    return { peerId, microBatches, samples, lossSum, computeMs, root };
  });
  const samples = round.seal.samples;
  const trainLoss = shares.reduce((sum, { lossSum }) => sum + lossSum, 0) / samples;
  turn.record({
    type: 'roundCommitted',
    round: round.round,
    view: round.view,
    ...outcome,
    digest: round.seal.digest,
    trainLoss,
    samples,
    milliseconds: Math.max(0, turn.at - round.startedAt),
    shares,
  });
  turn.because(`round ${round.round} is committed by ${outcome.members} members, loss ${trainLoss.toPrecision(4)}`);
}

/**
 * `apply`: first joiners are not waited for any longer; the second time, members that have not applied are lost; the
 * third time the round is given up, for newcomers may try for ever to fetch what nobody holds any more.
 */
export function applyTimedOut(turn: CoordinatorTurn): void {
  const { phase } = turn.state;
  if (phase.name !== 'applying') return;
  if (phase.patience === 'none') return giveUp(turn, phase.round);
  turn.do({ type: 'setTimer', name: 'apply', delay: applyTimeout(turn.state.config) });
  if (phase.patience === 'all') {
    for (const member of presentMembers(turn.state))
      if (member.status !== 'active' && awaits(member, phase))
        strike(turn, member.peerId, `the others waited in vain for it to join them after round ${phase.round.round}`);
    return turn.enter({ ...phase, patience: 'members' });
  }
  for (const { peerId, status } of presentMembers(turn.state)) {
    if (status === 'active' && phase.round.applied[peerId] === undefined)
      loseByFault(turn, peerId, 'ROUND_DEADLINE', `it did not apply round ${phase.round.round} in time`);
  }
  turn.enter({ ...phase, patience: 'none' });
}

/** Nobody came to the sealed round's state: it is undone. */
function giveUp(turn: CoordinatorTurn, round: RoundState): void {
  turn.do({ type: 'cancelTimer', name: 'apply' });
  for (const { peerId, held } of presentMembers(turn.state))
    if (held !== null && held.round > round.round) sendBack(turn, peerId, 'it stands at a round that is given up');
  undoRound(turn, round, 'no member applied it');
  beginRegathering(turn, 'nobody applied the sealed round');
}
