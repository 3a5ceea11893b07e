/**
 * The coordinator: every decision of a run. Pure; the journal is the list of its events.
 *
 * Events only note facts; then `advance` applies the rules of the phase, of the audits, of the epochs and of those who
 * wait for the state, until nothing changes any more. So it does not matter in which order facts came.
 */
import type { PeerId } from '../../core/ids.ts';
import type { WorkerMessage } from '../../wire/control.ts';
import { MurmurationError } from '../../core/errors.ts';
import { auditTimedOut, noteVerdict, tendAudits } from './audits/tend.ts';
import { noteCheckpointed, noteCheckpointFailed } from './checkpoints.ts';
import { drainTimeout, silenceTimeout } from './deadlines.ts';
import { strikeDeserters } from './deserters.ts';
import type { CoordinatorDecision, TimerName } from './effects.ts';
import type { CoordinatorEvent, CoordinatorEventOf, CoordinatorEventType } from './events.ts';
import { admit, becomeReady, leave, lose, noteUnsynced } from './membership.ts';
import { applyTimedOut, noteApplied, progressApplying } from './phases/applying.ts';
import { progressBetween } from './phases/between.ts';
import { progressAuditing } from './phases/auditing.ts';
import { closingAuditsTimedOut, over, progressClosing } from './phases/closing.ts';
import { evaluationTimedOut, noteEvaluated, progressEvaluating } from './phases/evaluating.ts';
import { gatherTimedOut, progressGathering, regatherTimedOut } from './phases/gathering.ts';
import { noteCommit, noteFault, noteGathered, noteReduced, roundTimedOut } from './phases/training-notes.ts';
import { abandon, progressTraining } from './phases/training.ts';
import { isPresent } from './select.ts';
import {
  attestTimedOut,
  noteAttestation,
  noteRooted,
  noteSettled,
  noteSettleFailed,
  tendEpochs,
} from './settlement/epochs.ts';
import { resume, start } from './start.ts';
import { loseByFault } from './strikes.ts';
import type { CoordinatorState, PhaseName } from './state.ts';
import { serveWaiting } from './sync.ts';
import { CoordinatorTurn } from './turn.ts';
import { undoRound } from './undo-round.ts';

/** Rounds of rules after one event; far more than any event needs. */
const MAX_PASSES = 64;

/** The first event is not `started`, or a rule undoes what another does. Cause: a defect, or a journal from elsewhere. */
export class CoordinatorStateError extends MurmurationError {
  readonly code = 'COORDINATOR_STATE';

  constructor({ event, why, cause }: { event: string; why: string; cause?: unknown }) {
    super({
      message: `The coordinator cannot take the event ${event}: ${why}.`,
      mend: 'Report it with the run’s journal.',
      cause,
    });
  }
}

type MessageRules = {
  readonly [T in WorkerMessage['type']]: (
    turn: CoordinatorTurn,
    from: PeerId,
    message: Extract<WorkerMessage, { type: T }>,
  ) => void;
};
type EventRules = {
  readonly [T in CoordinatorEventType]: (turn: CoordinatorTurn, event: CoordinatorEventOf<T>) => void;
};

const messageRules: MessageRules = {
  hello: admit,
  ready: becomeReady,
  heartbeat: (turn, from) =>
    turn.do({ type: 'setTimer', name: `silence/${from}`, delay: silenceTimeout(turn.state.config) }),
  commit: noteCommit,
  reduced: noteReduced,
  gathered: noteGathered,
  applied: noteApplied,
  unsynced: (turn, from, { reason }) => noteUnsynced(turn, from, reason),
  evaluated: noteEvaluated,
  verdict: noteVerdict,
  attestation: noteAttestation,
  fault: noteFault,
  leave: (turn, from, { reason }) => leave(turn, from, reason),
};

const progress: Readonly<Record<PhaseName, (turn: CoordinatorTurn) => void>> = {
  between: progressBetween,
  gathering: progressGathering,
  training: progressTraining,
  applying: progressApplying,
  auditing: progressAuditing,
  evaluating: progressEvaluating,
  closing: progressClosing,
  over: () => {},
};

const timerRules: Readonly<Record<string, (turn: CoordinatorTurn) => void>> = {
  gather: gatherTimedOut,
  regather: regatherTimedOut,
  round: roundTimedOut,
  apply: applyTimedOut,
  evaluate: evaluationTimedOut,
  audits: closingAuditsTimedOut,
  attest: attestTimedOut,
  drain: (turn) => abandon(turn, 'the run is interrupted'),
};

const eventRules: EventRules = {
  started: (turn) => turn.because('the run has started already'),
  resumed: resume,
  message: takeMessage,
  disconnected: (turn, { peerId, reason }) =>
    isPresent(turn.member(peerId)) ? lose(turn, peerId, 'DISCONNECTED', reason) : undefined,
  faulted: (turn, { peerId, code, reason }) =>
    isPresent(turn.member(peerId)) ? loseByFault(turn, peerId, code, reason) : undefined,
  timer: (turn, { name }) => fire(turn, name),
  checkpointed: noteCheckpointed,
  checkpointFailed: noteCheckpointFailed,
  epochRooted: noteRooted,
  settled: noteSettled,
  settleFailed: noteSettleFailed,
  interrupted: interrupt,
};

/** @throws CoordinatorStateError when the first event is not `started` */
export function coordinatorTransition(state: CoordinatorState | null, event: CoordinatorEvent): CoordinatorDecision {
  const turn = state === null ? begin(event) : new CoordinatorTurn(state, event.at);
  if (state !== null && !isDeaf(state, event)) {
    (eventRules[event.type] as (turn: CoordinatorTurn, event: CoordinatorEvent) => void)(turn, event);
    // Whom the coordinator's own end cut off is not to blame.
    if (event.type !== 'resumed') strikeDeserters(turn, state);
  }
  advance(turn, event);
  return turn.decision();
}

function begin(event: CoordinatorEvent): CoordinatorTurn {
  if (event.type !== 'started') throw new CoordinatorStateError({ event: event.type, why: 'the run has not started' });
  return start(event);
}

/** A run that is over takes nothing in but a restart, and a late hello, which is refused. */
const isDeaf = ({ phase }: CoordinatorState, event: CoordinatorEvent): boolean =>
  phase.name === 'over' && event.type !== 'resumed' && !(event.type === 'message' && event.message.type === 'hello');

/** Applies every rule until nothing changes. */
function advance(turn: CoordinatorTurn, event: CoordinatorEvent): void {
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const before = turn.state;
    progress[before.phase.name](turn);
    // The next round's work is handed out before anything else, so that audits don't delay it.
    progress[turn.state.phase.name](turn);
    tendAudits(turn);
    tendEpochs(turn);
    serveWaiting(turn);
    if (turn.state === before) return;
  }
  throw new CoordinatorStateError({ event: event.type, why: 'its rules come to no end' });
}

function takeMessage(turn: CoordinatorTurn, { from, message }: CoordinatorEventOf<'message'>): void {
  if (message.type !== 'hello' && !isPresent(turn.member(from))) return;
  (messageRules[message.type] as (turn: CoordinatorTurn, from: PeerId, message: WorkerMessage) => void)(
    turn,
    from,
    message,
  );
}

/** Timers with a peer in their name, then those of the table. */
function fire(turn: CoordinatorTurn, name: TimerName): void {
  const [kind, first, second] = name.split('/') as [string, string | undefined, string | undefined];
  if (kind === 'silence' && isPresent(turn.member(first as PeerId)))
    return lose(turn, first as PeerId, 'SILENT', `it was silent for ${turn.state.config.failureTimeout} ms`);
  if (kind === 'audit') return auditTimedOut(turn, Number(first), second as PeerId);
  timerRules[kind]?.(turn);
}

/** Once: finish the round, store, stop. Twice: stop. */
function interrupt(turn: CoordinatorTurn, { reason }: CoordinatorEventOf<'interrupted'>): void {
  const { phase } = turn.state;
  if (turn.state.draining !== null || phase.name === 'closing') {
    if (phase.name === 'training' || phase.name === 'applying') undoRound(turn, phase.round, reason);
    return over(turn, { outcome: 'drained', code: 'INTERRUPTED', reason: `${reason}; stopped at once` });
  }
  turn.set({ draining: reason });
  turn.do({ type: 'setTimer', name: 'drain', delay: drainTimeout(turn.state.config) });
  turn.record({ type: 'draining', reason });
  turn.because(`draining: ${reason}`);
}
