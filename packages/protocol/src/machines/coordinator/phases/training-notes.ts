/** What members say while a round is computed and reduced, noted down; `progressTraining` decides on it. */
import type { PeerId } from '../../../core/ids.ts';
import type { WorkerMessageOf } from '../../../wire/control.ts';
import { accusedOf, isOfADeed } from '../blame.ts';
import { hasReported, isSameCommitment, knownCommitment } from '../evidence.ts';
import { expel } from '../membership.ts';
import { bucketsOf } from '../round-messages.ts';
import { credibleSpeed, smoothedSpeed } from '../speed.ts';
import { condemn } from '../strikes.ts';
import type { RoundState } from '../state.ts';
import type { CoordinatorTurn } from '../turn.ts';
import { livingMembers, trainingRound, updateRound } from './training.ts';

export function noteCommit(turn: CoordinatorTurn, from: PeerId, message: WorkerMessageOf<'commit'>): void {
  const round = trainingRound(turn.state);
  if (round === null || message.round !== round.round) return;
  const contributor = round.contributors.find(({ peerId }) => peerId === from);
  if (contributor === undefined || message.assignment !== contributor.assignment) return;
  const known = knownCommitment(round, from);
  if (known !== undefined && !isSameCommitment(known, message)) return expelEquivocator(turn, from, round);
  if (round.commitments[from] !== undefined) return;
  const samples = contributor.microBatches.length * turn.state.config.microBatchSize;
  const sameWork =
    contributor.microBatches.length === message.microBatches.length &&
    contributor.microBatches.every((number, i) => number === message.microBatches[i]);
  if (!sameWork || message.samples !== samples) {
    return expel(
      turn,
      from,
      'BAD_COMMITMENT',
      `it committed to ${message.samples} samples in round ${round.round} where ${samples} were assigned, or to other micro-batches`,
    );
  }
  const { root, lossSum, computeMs } = message;
  const session = turn.member(from)?.session ?? 0;
  const commitment = { root, session, samples, lossSum, computeMs };
  updateRound(turn, { ...round, commitments: { ...round.commitments, [from]: commitment } });
  turn.because(`${from} committed to round ${round.round}`);
  const before = turn.member(from)?.samplesPerSecond ?? 0;
  turn.setMember(from, { samplesPerSecond: smoothedSpeed(before, samples, computeMs) });
}

/** Both commitments bear its signature, so this is proof and needs no second witness. */
function expelEquivocator(turn: CoordinatorTurn, peerId: PeerId, { round }: RoundState): void {
  expel(turn, peerId, 'EQUIVOCATION', `it signed two commitments for round ${round}`);
}

export function noteReduced(turn: CoordinatorTurn, from: PeerId, message: WorkerMessageOf<'reduced'>): void {
  const round = trainingRound(turn.state);
  if (round === null || message.view !== round.view || hasReported(round, from)) return;
  const owned = new Set<number>(bucketsOf(round, from));
  const reported = new Set<number>(message.buckets.map(({ bucket }) => bucket));
  const exact =
    owned.size > 0 &&
    owned.size === reported.size &&
    message.buckets.length === reported.size &&
    [...reported].every((bucket) => owned.has(bucket));
  if (!exact || message.commitments.length !== round.contributors.length) {
    return expel(turn, from, 'BAD_REDUCTION', `it reported other buckets than its own in round ${round.round}`);
  }
  const seen = round.contributors.map(({ peerId }, i) => ({ peerId, ...message.commitments[i]! }));
  const equivocators = seen.filter((commitment) => {
    const known = knownCommitment(round, commitment.peerId);
    return known !== undefined && !isSameCommitment(known, commitment);
  });
  // What the owner reduced is not what was committed, though it could not know: the next view begins without the liar.
  if (equivocators.length > 0) {
    for (const { peerId } of equivocators) expelEquivocator(turn, peerId, round);
    return;
  }
  const shown = { ...round.shown };
  for (const { peerId, root, samples } of seen)
    if (round.commitments[peerId] === undefined) shown[peerId] = { root, samples };
  const reduced = [...round.reduced];
  for (const { bucket, hash } of message.buckets) reduced[bucket] = hash;
  updateRound(turn, { ...round, reduced, shown });
  turn.because(`${from} reduced ${owned.size} buckets of round ${round.round}`);
}

export function noteGathered(turn: CoordinatorTurn, from: PeerId, message: WorkerMessageOf<'gathered'>): void {
  const round = trainingRound(turn.state);
  if (
    round === null ||
    message.view !== round.view ||
    !round.members.includes(from) ||
    round.gathered[from] !== undefined
  )
    return;
  updateRound(turn, { ...round, gathered: { ...round.gathered, [from]: message.digest } });
  turn.because(`${from} gathered round ${round.round}`);
}

export function noteFault(turn: CoordinatorTurn, from: PeerId, message: WorkerMessageOf<'fault'>): void {
  const round = trainingRound(turn.state);
  if (
    round === null ||
    message.round !== round.round ||
    from === message.peerId ||
    round.unheard.includes(from) ||
    !round.members.includes(from) ||
    !round.members.includes(message.peerId)
  )
    return;
  const isKnown = round.accusations.some(
    (known) => known.by === from && known.about === message.peerId && isOfADeed(known) === isOfADeed(message),
  );
  if (isKnown) return;
  updateRound(turn, {
    ...round,
    accusations: [...round.accusations, { by: from, about: message.peerId, code: message.code }],
  });
  turn.because(`${from} says of ${message.peerId}: ${message.code}`);
}

/** `round`: somebody is over the deadline of the stage. */
export function roundTimedOut(turn: CoordinatorTurn): void {
  const round = trainingRound(turn.state);
  if (round === null) return;
  const late = accusedOf(
    round,
    livingMembers(turn.state, round).map(({ peerId }) => peerId),
  );
  if (round.stage === 'computing') for (const { peerId } of late) slowDown(turn, peerId);
  condemn(turn, late, 'ROUND_DEADLINE');
}

/** It may be slower than it said. By half at the most: one that hangs would be waited for ever longer. */
function slowDown(turn: CoordinatorTurn, peerId: PeerId): void {
  turn.setMember(peerId, { samplesPerSecond: credibleSpeed((turn.member(peerId)?.samplesPerSecond ?? 0) / 2) });
}
