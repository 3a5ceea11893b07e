/** A member: what a worker does in a run. Pure; takes messages in any order, twice, or too late. */
import { round as roundOf } from '../../core/ids.ts';
import type { CoordinatorMessage } from '../../wire/control.ts';
import { noteComputed, takeAssignment, takeView, tellStalled } from './collective.ts';
import { noteContribution, noteReducedReceived } from './contributions.ts';
import type { MemberConfig } from './config.ts';
import {
  noteAttested,
  noteAudited,
  noteEvaluated,
  noteBlamed,
  notePay,
  takeAttest,
  takeAudit,
  takeEvaluation,
} from './duties.ts';
import type { MemberDecision, MemberTimerName } from './effects.ts';
import type { MemberEvent, MemberEventOf, MemberEventType } from './events.ts';
import {
  beat,
  depart,
  end,
  enterRun,
  goOffline,
  greet,
  notePrepared,
  noteStateHeld,
  reconnect,
  resync,
  unsynced,
} from './lifecycle.ts';
import { noteReduced } from './reductions.ts';
import { noteApplied, noteFetched, takeSeal } from './sealing.ts';
import type { MemberState } from './state.ts';
import { MemberTurn } from './turn.ts';

/** Failed reductions between two applied rounds. */
const MAX_REDUCE_FAILURES = 64;

type MessageRules = {
  readonly [T in CoordinatorMessage['type']]: (
    turn: MemberTurn,
    message: Extract<CoordinatorMessage, { type: T }>,
  ) => void;
};
type EventRules = { readonly [T in MemberEventType]: (turn: MemberTurn, event: MemberEventOf<T>) => void };

const messageRules: MessageRules = {
  welcome: enterRun,
  refuse: (turn, { code, reason }) => end(turn, 'refused', code, reason),
  assign: takeAssignment,
  view: takeView,
  seal: takeSeal,
  audit: takeAudit,
  evaluate: takeEvaluation,
  attest: takeAttest,
  resync,
  blamed: noteBlamed,
  pay: notePay,
  stop: (turn, { outcome, reason }) => end(turn, outcome, outcome.toUpperCase(), reason),
};

const timerRules: Readonly<Record<MemberTimerName, (turn: MemberTurn) => void>> = {
  heartbeat: beat,
  reconnect,
  stalled: tellStalled,
};

/** What becomes of a member when an effect fails: no state can be had elsewhere; anything else it cannot mend. */
const failureRules: Readonly<Record<MemberEventOf<'failed'>['effect'], (turn: MemberTurn, reason: string) => void>> = {
  fetchState: (turn, reason) => unsynced(turn, turn.state.wanted?.sync?.round ?? 0, reason),
  fetchReduced: (turn, reason) => unsynced(turn, turn.state.held?.round ?? 0, reason),
  prepare: (turn, reason) => depart(turn, 'failed', 'PREPARE_FAILED', reason),
  initialise: (turn, reason) => depart(turn, 'failed', 'INITIALISE_FAILED', reason),
  compute: (turn, reason) => depart(turn, 'failed', 'COMPUTE_FAILED', reason),
  reduce: noteReduceFailed,
  apply: (turn, reason) => depart(turn, 'failed', 'APPLY_FAILED', reason),
};

const eventRules: EventRules = {
  connected: greet,
  disconnected: goOffline,
  message: (turn, { message }) =>
    (messageRules[message.type] as (turn: MemberTurn, message: CoordinatorMessage) => void)(turn, message),
  timer: (turn, { name }) => timerRules[name](turn),
  prepared: notePrepared,
  stateHeld: noteStateHeld,
  computed: noteComputed,
  contributionReceived: noteContribution,
  reduced: noteReduced,
  reducedReceived: noteReducedReceived,
  reducedFetched: noteFetched,
  applied: noteApplied,
  evaluated: noteEvaluated,
  audited: noteAudited,
  attested: noteAttested,
  failed: (turn, { effect, reason }) => failureRules[effect](turn, reason),
  faultSeen: (turn, { round, peerId, code, reason }) => turn.send({ type: 'fault', round, peerId, code, reason }),
  interrupted: (turn, { reason }) => depart(turn, 'interrupted', 'INTERRUPTED', reason),
};

/** One may be for a view that is gone, and the coordinator moves a bucket whose owner does not answer; several in a row are not. */
function noteReduceFailed(turn: MemberTurn, reason: string): void {
  const reduceFailures = turn.state.reduceFailures + 1;
  turn.set({ reduceFailures });
  turn.because(`a reduction failed: ${reason}`);
  if (reduceFailures > MAX_REDUCE_FAILURES) depart(turn, 'failed', 'REDUCE_FAILED', reason);
}

/** A worker before it has a connection: the shell performs `connect` itself for the first time, or feeds `timer reconnect`. */
export function initialMember(config: MemberConfig): MemberState {
  return {
    config,
    phase: 'offline',
    run: null,
    prepared: null,
    held: null,
    wanted: null,
    collective: null,
    early: { contributions: [], reduced: [] },
    known: [],
    seals: [],
    lastApplied: null,
    parameters: [],
    auditing: [],
    snapshots: [],
    earnedWei: '0',
    reduceFailures: 0,
    reconnects: 0,
  };
}

export function memberTransition(state: MemberState, event: MemberEvent): MemberDecision {
  const turn = new MemberTurn(state);
  if (state.phase !== 'over') (eventRules[event.type] as (turn: MemberTurn, event: MemberEvent) => void)(turn, event);
  return turn.decision();
}

/** The round at which a member stands, for shells and displays. */
export const roundHeld = (state: MemberState): number => state.held?.round ?? roundOf(0);
