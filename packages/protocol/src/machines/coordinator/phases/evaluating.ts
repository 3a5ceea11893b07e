/** Held-out evaluation between rounds, split over the members by speed. */
import type { PeerId } from '../../../core/ids.ts';
import type { WorkerMessageOf } from '../../../wire/control.ts';
import { evaluateTimeout } from '../deadlines.ts';
import { expel } from '../membership.ts';
import { largestRemainder } from '../plan.ts';
import { eligibleMembers, isPresent } from '../select.ts';
import { takingPart } from '../standing.ts';
import { loseByFault } from '../strikes.ts';
import type { EvaluationPart, EvaluationState } from '../state.ts';
import type { CoordinatorTurn } from '../turn.ts';
import { beginRegathering } from './enter.ts';
import { phaseWords } from './words.ts';

export function beginEvaluation(turn: CoordinatorTurn, final: boolean): void {
  const { config, evaluations, committed } = turn.state;
  const members = takingPart(turn.state, eligibleMembers(turn.state));
  let start = 0;
  const parts = largestRemainder(
    members.map(({ samplesPerSecond }) => samplesPerSecond),
    config.evaluation?.samples ?? 0,
  )
    .filter((share) => share > 0)
    .map((share): EvaluationPart => {
      const part = { start, end: start + share, assignee: null, sums: null, dropped: {} };
      start += share;
      return part;
    });
  turn.set({
    evaluations: evaluations + 1,
    phase: { name: 'evaluating', evaluation: { evaluation: evaluations, round: committed, final, parts } },
  });
  turn.because(`${phaseWords.evaluating}${evaluations} at round ${committed}`);
}

export function noteEvaluated(turn: CoordinatorTurn, from: PeerId, message: WorkerMessageOf<'evaluated'>): void {
  const { phase } = turn.state;
  if (phase.name !== 'evaluating' || phase.evaluation.evaluation !== message.evaluation) return;
  const part = phase.evaluation.parts[message.part];
  if (part === undefined || part.assignee !== from || part.sums !== null) return;
  const { lossSum, correct, predictions } = message;
  if (correct > predictions || predictions < part.end - part.start)
    return expel(
      turn,
      from,
      'BAD_EVALUATION',
      `it evaluated ${predictions} predictions for ${part.end - part.start} samples, ${correct} of them correct`,
    );
  setPart(turn, phase.evaluation, message.part, { ...part, sums: { lossSum, correct, predictions } });
  turn.because(`${from} evaluated part ${message.part}`);
}

export function progressEvaluating(turn: CoordinatorTurn): void {
  const { phase } = turn.state;
  if (phase.name !== 'evaluating') return;
  if (turn.state.draining !== null) return finish(turn);
  const { parts } = phase.evaluation;
  if (parts.every(({ sums }) => sums !== null)) return conclude(turn, phase.evaluation);
  const orphans = parts.flatMap(({ assignee, sums }, index) =>
    sums === null && (assignee === null || !isPresent(turn.member(assignee))) ? [index] : [],
  );
  if (orphans.length > 0) assign(turn, phase.evaluation, orphans);
}

/**
 * All at once, for there may be thousands: each to one of those that dropped it least often, of these to the one with the
 * fewest open parts. Else two that come and go in turn could hand a part to each other for ever.
 */
function assign(turn: CoordinatorTurn, evaluation: EvaluationState, orphans: readonly number[]): void {
  const members = takingPart(turn.state, eligibleMembers(turn.state));
  if (members.length === 0) {
    turn.do({ type: 'cancelTimer', name: 'evaluate' });
    return beginRegathering(turn, 'nobody is left to evaluate');
  }
  const parts = [...evaluation.parts];
  const load = openParts(turn, parts);
  for (const index of orphans) {
    const { start, end, sums, assignee, dropped: before } = parts[index]!;
    const dropped = assignee === null ? before : { ...before, [assignee]: (before[assignee] ?? 0) + 1 };
    const drops = (peer: PeerId): number => dropped[peer] ?? 0;
    const held = (peer: PeerId): number => load.get(peer) ?? 0;
    const { peerId } = members.reduce((best, each) =>
      (drops(each.peerId) - drops(best.peerId) || held(each.peerId) - held(best.peerId)) < 0 ? each : best,
    );
    load.set(peerId, held(peerId) + 1);
    parts[index] = { start, end, sums, assignee: peerId, dropped };
    const { evaluation: number, round } = evaluation;
    turn.send([peerId], { type: 'evaluate', evaluation: number, round, part: index, start, end });
  }
  turn.enter({ name: 'evaluating', evaluation: { ...evaluation, parts } });
  const samples = turn.state.config.evaluation?.samples ?? 0;
  // For all that are waited for: some of them may need longer than those who got a part now.
  const evaluators = [...load.keys()].map((peer) => turn.member(peer));
  turn.do({ type: 'setTimer', name: 'evaluate', delay: evaluateTimeout(turn.state, evaluators, samples) });
}

/** How many parts each of those that are waited for has still to evaluate. */
function openParts(turn: CoordinatorTurn, parts: readonly EvaluationPart[]): Map<PeerId, number> {
  const open = new Map<PeerId, number>();
  for (const { assignee, sums } of parts)
    if (assignee !== null && sums === null && isPresent(turn.member(assignee)))
      open.set(assignee, (open.get(assignee) ?? 0) + 1);
  return open;
}

function setPart(turn: CoordinatorTurn, evaluation: EvaluationState, index: number, part: EvaluationPart): void {
  turn.enter({ name: 'evaluating', evaluation: { ...evaluation, parts: evaluation.parts.with(index, part) } });
}

function conclude(turn: CoordinatorTurn, { evaluation, round, final, parts }: EvaluationState): void {
  const sum = (key: 'lossSum' | 'correct' | 'predictions'): number =>
    parts.reduce((total, { sums }) => total + (sums?.[key] ?? 0), 0);
  const predictions = sum('predictions');
  const samples = parts.reduce((total, { start, end }) => total + end - start, 0);
  const loss = sum('lossSum') / samples;
  const accuracy = sum('correct') / predictions;
  turn.record({ type: 'evaluated', evaluation, round, loss, accuracy, correct: sum('correct'), predictions, final });
  turn.because(`held-out loss ${loss.toPrecision(4)}, accuracy ${(accuracy * 100).toFixed(2)} %`);
  turn.set({ evaluatedAt: round });
  finish(turn);
}

function finish(turn: CoordinatorTurn): void {
  turn.do({ type: 'cancelTimer', name: 'evaluate' });
  turn.enter({ name: 'between' });
}

/** `evaluate`: whoever has not answered is lost; others get its parts. */
export function evaluationTimedOut(turn: CoordinatorTurn): void {
  const { phase } = turn.state;
  if (phase.name !== 'evaluating') return;
  for (const { assignee, sums } of phase.evaluation.parts)
    if (assignee !== null && sums === null)
      loseByFault(turn, assignee, 'EVALUATION_DEADLINE', 'it did not evaluate its part in time');
}
