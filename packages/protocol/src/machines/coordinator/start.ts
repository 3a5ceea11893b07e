/** The first state of a run, and the state of a run whose coordinator was restarted. */
import { milliseconds } from '../../core/units.ts';
import { round, view } from '../../core/ids.ts';
import { hashChain, chainLink } from './audits/chain.ts';
import { applyTimeout } from './deadlines.ts';
import type { CoordinatorConfig } from './config.ts';
import type { CoordinatorEventOf } from './events.ts';
import { emptyLedger } from './ledger.ts';
import { beginGathering, beginRegathering } from './phases/enter.ts';
import { isPresent, samePoint } from './select.ts';
import { defer } from './settlement/epochs.ts';
import type { CheckpointRecord, CoordinatorState, MemberRecord } from './state.ts';
import { CoordinatorTurn } from './turn.ts';
import { undoRound } from './undo-round.ts';

/** Links of the audits' hash chain; a longer run goes round it, with the round's number in every draw. */
const MAX_CHAIN = 65_536;

export function start({ config, auditSecret, at }: CoordinatorEventOf<'started'>): CoordinatorTurn {
  const chain = hashChain(auditSecret, Math.min(config.rounds + 1, MAX_CHAIN));
  const turn = new CoordinatorTurn(
    {
      config,
      phase: { name: 'gathering', regathering: false, due: false, blocked: 0 },
      members: {},
      refusalsNoted: 0,
      ledger: emptyLedger,
      committed: round(0),
      ...givenStart(config),
      lastView: view(0),
      snapshot: null,
      checkpointing: null,
      evaluations: 0,
      evaluatedAt: null,
      audits: { nextAudit: 0, open: [], ...chain },
      accounts: {},
      settlement: { nextEpoch: 0, closedRounds: 0, settledWei: '0', inFlight: null, deferred: null },
      draining: null,
    },
    at,
  );
  const anchor = chainLink(chain, 0);
  turn.do({ type: 'anchor', anchor, length: chain.length });
  turn.record({ type: 'runStarted', rounds: config.rounds, minMembers: config.minMembers, anchor });
  beginGathering(turn);
  return turn;
}

/** Given weights are a checkpoint at round 0 that nobody has to make. */
function givenStart({ startState = null }: CoordinatorConfig): Pick<CoordinatorState, 'stateHashes' | 'checkpoints'> {
  if (startState === null) return { stateHashes: [], checkpoints: [] };
  const point = { round: round(0), stateHash: startState };
  return { stateHashes: [point], checkpoints: [{ ...point, ledger: emptyLedger }] };
}

/** Every connection is gone. A sealed round is waited for; any other is handed out anew. A run that is done stays done. */
export function resume(
  turn: CoordinatorTurn,
  { checkpoint, self, waitForHolders }: CoordinatorEventOf<'resumed'>,
): void {
  const { state } = turn;
  if (state.phase.name === 'over' && state.phase.outcome === 'finished') return turn.because('the run is done');
  turn.record({ type: 'runResumed', round: state.committed, checkpointRound: checkpoint?.round ?? null });
  turn.because(`resumed at round ${state.committed}`);
  turn.set({
    config: { ...state.config, self },
    draining: null,
    snapshot: null,
    checkpointing: null,
    checkpoints: storedCheckpoints(state, checkpoint),
  });
  for (const { peerId } of Object.values<MemberRecord>(state.members).filter(isPresent))
    turn.setMember(peerId, { status: 'lost', welcomed: false });
  if (state.settlement.inFlight !== null) defer(turn, state.settlement.inFlight, 'the coordinator was restarted');
  if (turn.state.phase.name === 'applying') {
    turn.enter({ ...turn.state.phase, patience: 'members' });
    turn.do({
      type: 'setTimer',
      name: 'apply',
      delay: milliseconds(Math.max(waitForHolders, applyTimeout(state.config))),
    });
    return;
  }
  if (state.phase.name === 'training') undoRound(turn, state.phase.round, 'the coordinator was restarted');
  restartGathering(turn, state, waitForHolders);
}

/** Up to the one that the shell serves. It may have been stored just before the end, with no time to note it. */
function storedCheckpoints(
  { checkpoints, checkpointing }: CoordinatorState,
  newest: CoordinatorEventOf<'resumed'>['checkpoint'],
): CheckpointRecord[] {
  if (newest === null) return [];
  const earlier = checkpoints.filter(({ round }) => round < newest.round);
  return [
    ...earlier,
    ...[...checkpoints, checkpointing].filter((known) => known !== null && samePoint(known, newest)),
  ] as CheckpointRecord[];
}

function restartGathering(turn: CoordinatorTurn, { committed }: CoordinatorState, waitForHolders: number): void {
  turn.enter({ name: 'between' });
  if (committed === 0) return beginGathering(turn);
  beginRegathering(turn, 'the coordinator was restarted');
  turn.do({ type: 'setTimer', name: 'regather', delay: milliseconds(waitForHolders) });
}
