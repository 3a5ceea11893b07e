/**
 * A round before its seal: members compute and commit, owners reduce, everybody gathers. Messages only note facts;
 * `progress` decides on what is noted, so that it does not matter in which order things came.
 */
import { view as viewOf } from '../../../core/ids.ts';
import type { Hash, MicroBatch, PeerId, View } from '../../../core/ids.ts';
import type { Contributor } from '../../../wire/control.ts';
import { anyoneWaits } from '../sync.ts';
import { computeTimeout, transferTimeout } from '../deadlines.ts';
import { returnMicroBatches } from '../ledger.ts';
import { isOfADeed, refusedContributors } from '../blame.ts';
import { judgeDigests, nextSoleOwner, soleOwnerOf, type DigestVerdict } from '../digests.ts';
import { replanOwners, takeOver } from '../plan.ts';
import { viewMessage } from '../round-messages.ts';
import { comparePeerIds, infosOf, thoseToAsk } from '../select.ts';
import { sealMessage } from '../seal.ts';
import { condemn, loseByFault, strike } from '../strikes.ts';
import type { CoordinatorState, MemberRecord, RoundStage, RoundState, SealedRoundState } from '../state.ts';
import type { CoordinatorTurn } from '../turn.ts';
import { undoRound } from '../undo-round.ts';
import { joinerPatience } from './applying.ts';

const MAX_HOLDERS = 8;

/** The round under way before its seal, if there is one. */
export const trainingRound = ({ phase }: CoordinatorState): RoundState | null =>
  phase.name === 'training' ? phase.round : null;
export const updateRound = (turn: CoordinatorTurn, round: RoundState): void => turn.enter({ name: 'training', round });

/** Still active members of the round. */
export const livingMembers = (state: CoordinatorState, round: RoundState): MemberRecord[] =>
  round.members
    .map((peer) => state.members[peer])
    .filter((member): member is MemberRecord => member?.status === 'active');

export function progressTraining(turn: CoordinatorTurn): void {
  const round = trainingRound(turn.state);
  if (round === null) return;
  const living = livingMembers(turn.state, round);
  if (living.length === 0) return abandon(turn, 'all its members are gone');
  const refused = refusedContributors(
    round,
    living.map(({ peerId }) => peerId),
  );
  if (refused.length > 0) return condemn(turn, refused, 'DATA_REFUSED');
  if (brokenBy(turn.state, round)) return changeView(turn, round, living, 'a member is gone');
  const stage = stageOf(round);
  if (stage !== round.stage) return enterStage(turn, { ...round, stage, waitingSince: turn.at });
  if (round.waitingSince === null && halfCommitted(round))
    return updateRound(turn, { ...round, waitingSince: turn.at });
  if (stage === 'gathering') progressGathered(turn, round, living);
}

/** Whether the view can't be finished as it is. Once all is committed and reduced, only an owner's pushes are still needed. */
function brokenBy({ members }: CoordinatorState, round: RoundState): boolean {
  const isGone = (peer: PeerId): boolean => members[peer]?.status !== 'active';
  if (stageOf(round) !== 'gathering')
    return round.owners.some(isGone) || round.contributors.some(({ peerId }) => isGone(peerId));
  return (
    round.owners.some(isGone) &&
    !allGathered(
      round,
      round.members.filter((peer) => !isGone(peer)),
    )
  );
}

const allGathered = (round: RoundState, peers: readonly PeerId[]): boolean =>
  peers.length > 0 && peers.every((peer) => round.gathered[peer] !== undefined);

function stageOf(round: RoundState): RoundStage {
  if (round.contributors.some(({ peerId }) => round.commitments[peerId] === undefined)) return 'computing';
  return round.reduced.includes(null) ? 'reducing' : 'gathering';
}

const halfCommitted = ({ contributors, commitments }: RoundState): boolean =>
  contributors.filter(({ peerId }) => commitments[peerId] !== undefined).length * 2 >= contributors.length;

/**
 * Whoever is still waited for in the next stage will be named anew: who was late in this one need not be in that. What a
 * contributor did stays done until its data are needed no more.
 */
function enterStage(turn: CoordinatorTurn, round: RoundState): void {
  const accusations = round.stage === 'gathering' ? [] : round.accusations.filter(isOfADeed);
  updateRound(turn, { ...round, accusations });
  if (round.stage !== 'computing')
    turn.do({ type: 'setTimer', name: 'round', delay: transferTimeout(turn.state.config) });
}

function progressGathered(turn: CoordinatorTurn, round: RoundState, living: readonly MemberRecord[]): void {
  const peers = living.map(({ peerId }) => peerId);
  if (!allGathered(round, peers)) return;
  const verdict = judgeDigests(round, peers);
  if (verdict.kind === 'agreed') return seal(turn, round, living, verdict.digest);
  if (verdict.kind === 'disputed') return settleDispute(turn, round, verdict);
  for (const peerId of verdict.strays)
    loseByFault(turn, peerId, 'DIGEST_MISMATCH', `it gathered other buckets than the rest in round ${round.round}`);
}

/** What owners told of their buckets is not what most gathered. Known liars go; if there is none, one member reduces alone. */
function settleDispute(
  turn: CoordinatorTurn,
  before: RoundState,
  { liar, doubtful }: Extract<DigestVerdict, { kind: 'disputed' }>,
): void {
  const number = before.round;
  for (const peerId of doubtful)
    strike(turn, peerId, `it and one other say different things of the buckets of round ${number}`);
  if (liar !== null)
    loseByFault(turn, liar, 'DIGEST_MISMATCH', `it told of other buckets than it gave out in round ${number}`);
  const sole = soleOwnerOf(before);
  const round = { ...before, disputed: sole === null ? before.disputed : [...before.disputed, sole] };
  const living = livingMembers(turn.state, round);
  const reason = 'members gathered other buckets than their owners told of';
  if (liar !== null) return changeView(turn, round, living, reason);
  const next = nextSoleOwner(round, living);
  if (next === null) return abandon(turn, 'whoever reduced, members gathered other buckets than were told of');
  changeView(turn, { ...round, owners: round.owners.map(() => next) }, living, reason);
}

/** The same round without those who are gone: contributions made are kept, reductions begin anew. */
function changeView(turn: CoordinatorTurn, round: RoundState, living: readonly MemberRecord[], reason: string): void {
  const view = viewOf(turn.state.lastView + 1);
  const { contributors, returned } = divideLost(turn.state, round, living, view);
  const owners = replanOwners(round.owners, living);
  if (contributors.length === 0 || owners.length === 0)
    return abandon(turn, 'nobody is left to contribute or to reduce');
  const anew = contributors.filter(({ assignment }) => assignment === view);
  const next: RoundState = {
    ...round,
    view,
    contributors,
    owners,
    commitments: without(round.commitments, anew),
    shown: without(round.shown, anew),
    members: living.map(({ peerId }) => peerId),
    stage: 'computing',
    waitingSince: anew.length > 0 ? null : round.waitingSince,
    reduced: owners.map(() => null),
    gathered: {},
    accusations: round.accusations.filter(
      (accusation) => isOfADeed(accusation) && !anew.some(({ peerId }) => peerId === accusation.about),
    ),
  };
  turn.set({
    lastView: view,
    ledger: returnMicroBatches(turn.state.ledger, returned),
    phase: { name: 'training', round: next },
  });
  turn.send(next.members, viewMessage(next, infosOf(turn.state, next.members), reason));
  // All who still compute, for some of them may need longer than those who took work over.
  const computing = contributors.filter(({ peerId }) => next.commitments[peerId] === undefined);
  if (anew.length > 0)
    turn.do({ type: 'setTimer', name: 'round', delay: computeTimeout(turn.state, contributors, computing) });
  const reassigned = anew.map(({ peerId, microBatches }) => ({ peerId, microBatches }));
  turn.record({
    type: 'viewChanged',
    round: round.round,
    view,
    reason,
    returned,
    ...(reassigned.length > 0 && { reassigned }),
  });
  turn.because(`round ${round.round} goes on in view ${view} with ${contributors.length} contributors: ${reason}`);
}

/** The work of those who are gone goes to the living at once, or back into the queue, as the job says. */
function divideLost(
  { config }: CoordinatorState,
  { contributors, round }: RoundState,
  living: readonly MemberRecord[],
  view: View,
): Pick<RoundState, 'contributors'> & { readonly returned: readonly MicroBatch[] } {
  if (config.onLoss === 'recompute')
    return {
      contributors: takeOver({ contributors, living, assignment: config.assignment, round, view }),
      returned: [],
    };
  const isAlive = ({ peerId }: Contributor): boolean => living.some((member) => member.peerId === peerId);
  return {
    contributors: contributors.filter(isAlive),
    returned: contributors.filter((one) => !isAlive(one)).flatMap(({ microBatches }) => microBatches),
  };
}

/** What was committed to before no longer stands for those whose work was handed out anew. */
const without = <T>(commitments: Readonly<Record<PeerId, T>>, anew: readonly Contributor[]): Record<PeerId, T> => {
  const kept = { ...commitments };
  for (const { peerId } of anew) delete kept[peerId];
  return kept;
};

/** Gives the round up before its seal: all its micro-batches are queued again. */
export function abandon(turn: CoordinatorTurn, reason: string): void {
  const round = trainingRound(turn.state);
  if (round === null) return;
  turn.do({ type: 'cancelTimer', name: 'round' });
  for (const { peerId } of livingMembers(turn.state, round)) turn.setMember(peerId, { status: 'ready' });
  undoRound(turn, round, reason);
  turn.enter({ name: 'between' });
}

/** Every living member holds every reduced bucket: from here on nothing can be lost. */
function seal(turn: CoordinatorTurn, round: RoundState, living: readonly MemberRecord[], digest: Hash): void {
  const samples = round.contributors.reduce((sum, { peerId }) => sum + (round.commitments[peerId]?.samples ?? 0), 0);
  const holders = thoseToAsk(living)
    .map(({ peerId }) => peerId)
    .slice(0, MAX_HOLDERS);
  const snapshot = needsSnapshot(turn.state, round);
  const sealed: SealedRoundState = {
    ...round,
    members: living.map(({ peerId }) => peerId),
    waitingSince: turn.at,
    seal: { digest, hashes: round.reduced as readonly Hash[], samples, holders, snapshot },
  };
  turn.enter({ name: 'applying', round: sealed, patience: 'all' });
  turn.do(
    { type: 'cancelTimer', name: 'round' },
    { type: 'setTimer', name: 'apply', delay: joinerPatience(turn.state, sealed) },
  );
  turn.send(followers(turn.state), sealMessage(turn.state, sealed));
  turn.record({ type: 'roundSealed', round: round.round, view: round.view, digest, samples });
  turn.because(`round ${round.round} is sealed over ${samples} samples`);
}

/** Everyone who has the state or is getting it. */
const followers = (state: CoordinatorState): PeerId[] =>
  Object.values<MemberRecord>(state.members)
    .filter(({ status }) => status === 'active' || status === 'ready' || status === 'syncing')
    .map(({ peerId }) => peerId)
    .toSorted(comparePeerIds);

/** Members keep two snapshots; a third within the sealed window would take one away that somebody may be fetching. */
function needsSnapshot(state: CoordinatorState, round: RoundState): boolean {
  const next = round.round + 1;
  const { config } = state;
  const checkpointDue = next === config.rounds || (config.checkpointEvery > 0 && next % config.checkpointEvery === 0);
  return checkpointDue || anyoneWaits(state);
}
