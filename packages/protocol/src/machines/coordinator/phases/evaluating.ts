/** Held-out evaluation between rounds, split over the members by speed. */
import type { PeerId } from '../../../core/ids.ts';
import type { WorkerMessageOf } from '../../../wire/control.ts';
import { milliseconds } from '../../../core/units.ts';
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
      const part = { start, end: start + share, assignee: null, sums: null };
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
  const orphan = parts.findIndex(
    ({ assignee, sums }) => sums === null && (assignee === null || !isPresent(turn.member(assignee))),
  );
  if (orphan >= 0) assign(turn, phase.evaluation, orphan);
}

/** To the member with the fewest open parts. */
function assign(turn: CoordinatorTurn, evaluation: EvaluationState, index: number): void {
  const load = (peer: PeerId): number =>
    evaluation.parts.filter(({ assignee, sums }) => assignee === peer && sums === null).length;
  const [assignee] = takingPart(turn.state, eligibleMembers(turn.state)).toSorted(
    (a, b) => load(a.peerId) - load(b.peerId),
  );
  if (assignee === undefined) {
    turn.do({ type: 'cancelTimer', name: 'evaluate' });
    return beginRegathering(turn, 'nobody is left to evaluate');
  }
  const part = evaluation.parts[index]!;
  const { start, end } = part;
  setPart(turn, evaluation, index, { ...part, assignee: assignee.peerId });
  turn.send([assignee.peerId], {
    type: 'evaluate',
    evaluation: evaluation.evaluation,
    round: evaluation.round,
    part: index,
    start,
    end,
  });
  const share = evaluateTimeout(turn.state.config, assignee, turn.state.config.evaluation?.samples ?? 0);
  turn.do({ type: 'setTimer', name: 'evaluate', delay: milliseconds(share) });
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
