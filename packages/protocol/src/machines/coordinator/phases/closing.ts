/** The end of a run: open audits, the last checkpoint and the last epoch are waited for, then everybody is told. */
import { beginCheckpoint, isCheckpointed } from '../checkpoints.ts';
import { presentMembers, presentPoint } from '../select.ts';
import { forfeitUnproven } from '../settlement/accounts.ts';
import { closeEpoch, epochPending } from '../settlement/epochs.ts';
import type { ClosingState, CoordinatorState } from '../state.ts';
import type { CoordinatorTurn } from '../turn.ts';

const MAX_CHECKPOINT_FAILURES = 3;
const MAX_SETTLEMENT_FAILURES = 3;

/** What is waited for before the end; each `settle` starts what it can and says whether it is done. */
const tasks: readonly ((turn: CoordinatorTurn, closing: ClosingState) => boolean)[] = [
  (turn) => turn.state.audits.open.length === 0,
  settleCheckpoint,
  settleEpochs,
];

export function progressClosing(turn: CoordinatorTurn): void {
  const { phase } = turn.state;
  if (phase.name !== 'closing') return;
  if (tasks.map((task) => task(turn, phase)).every((done) => done)) endWith(turn);
}

function settleCheckpoint(turn: CoordinatorTurn, { checkpointFailures }: ClosingState): boolean {
  const { state } = turn;
  if (isCheckpointed(state) || state.committed === 0) return true;
  if (state.checkpointing !== null) return false;
  return checkpointFailures >= MAX_CHECKPOINT_FAILURES || !beginCheckpoint(turn, true);
}

/** Audits come first: a failed one changes what is paid. */
function settleEpochs(turn: CoordinatorTurn, { settlementFailures }: ClosingState): boolean {
  if (turn.state.settlement.inFlight !== null || turn.state.audits.open.length > 0) return false;
  if (settlementFailures >= MAX_SETTLEMENT_FAILURES || !epochPending(turn.state)) return true;
  closeEpoch(turn);
  return turn.state.settlement.inFlight === null;
}

type Ending = Pick<ClosingState, 'outcome' | 'code' | 'reason'>;

/** What is missing at the end. A drained run can do it when it is resumed; a finished one has failed by it. */
const shortcomings: readonly {
  readonly code: string;
  readonly text: string;
  readonly when: (state: CoordinatorState) => boolean;
}[] = [
  {
    code: 'CHECKPOINT_FAILED',
    text: 'the last state could not be stored',
    when: (state) => state.committed > 0 && !isCheckpointed(state),
  },
  { code: 'SETTLEMENT_FAILED', text: 'the last epoch could not be settled', when: epochPending },
];

function outcomeOf(state: CoordinatorState, { outcome, code, reason }: ClosingState): Ending {
  const short = outcome === 'failed' ? undefined : shortcomings.find(({ when }) => when(state));
  if (short === undefined) return { outcome, code, reason };
  const ending = { reason: `${reason}, but ${short.text}` };
  return outcome === 'drained' ? { outcome, code, ...ending } : { outcome: 'failed', code: short.code, ...ending };
}

function endWith(turn: CoordinatorTurn): void {
  const { phase } = turn.state;
  if (phase.name !== 'closing') return;
  const ending = outcomeOf(turn.state, phase);
  // A run that can go on may prove it yet.
  if (ending.outcome === 'finished') forfeitUnproven(turn);
  over(turn, ending);
}

const told = { finished: 'finished', failed: 'failed', drained: 'interrupted' } as const;

/** The last transition: members are told to stop, the shell is told that nothing follows. */
export function over(turn: CoordinatorTurn, { outcome, code, reason }: Ending): void {
  const { state } = turn;
  turn.send(
    presentMembers(state).map(({ peerId }) => peerId),
    { type: 'stop', outcome: told[outcome], reason },
  );
  for (const { peerId } of presentMembers(state)) turn.do({ type: 'cancelTimer', name: `silence/${peerId}` });
  for (const name of ['gather', 'regather', 'round', 'apply', 'evaluate', 'audits', 'attest', 'drain'] as const)
    turn.do({ type: 'cancelTimer', name });
  turn.enter({ name: 'over', outcome, code, reason });
  turn.record({
    type: 'runFinished',
    outcome,
    code,
    reason,
    rounds: state.committed,
    stateHash: presentPoint(state)?.stateHash ?? null,
  });
  turn.do({ type: 'finish', outcome, code, reason });
  turn.because(`the run is over: ${reason}`);
}

/** `audits`: those still open end undecided. */
export function closingAuditsTimedOut(turn: CoordinatorTurn): void {
  const { phase } = turn.state;
  if (phase.name === 'closing') turn.enter({ ...phase, auditsDue: true });
}
