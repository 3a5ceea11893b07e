/** A member's way into a run, back into it, and out of it. */
import { milliseconds } from '../../core/units.ts';
import type { CoordinatorMessageOf, Sync } from '../../wire/control.ts';
import type { MemberEffectOf } from './effects.ts';
import type { MemberEventOf } from './events.ts';
import { cancelWork, dropCollective } from './collective.ts';
import { continueSeals } from './sealing.ts';
import type { MemberTurn } from './turn.ts';

const MAX_BACKOFF = 16;

export function greet(turn: MemberTurn): void {
  const { config, run, held, lastApplied } = turn.state;
  turn.set({ phase: 'greeting' });
  turn.do({ type: 'cancelTimer', name: 'reconnect' });
  const view = lastApplied !== null && held?.round === lastApplied.round + 1 ? lastApplied.view : null;
  const holds = run !== null && held !== null ? { runId: run.runId, ...held, view } : null;
  turn.send({ type: 'hello', ...config.identity, token: null, holds });
  turn.because('greeting the coordinator');
}

/** The state and all tensors are kept: the coordinator may be back soon, and then they count. */
export function goOffline(turn: MemberTurn, { reason }: MemberEventOf<'disconnected'>): void {
  if (turn.state.phase === 'over') return;
  const { collective, reconnects, config } = turn.state;
  if (collective !== null) cancelWork(turn, collective);
  turn.set({ phase: 'offline', reconnects: reconnects + 1 });
  turn.do({ type: 'cancelTimer', name: 'heartbeat' }, { type: 'cancelTimer', name: 'stalled' });
  turn.do({
    type: 'setTimer',
    name: 'reconnect',
    delay: milliseconds(config.reconnectDelay * Math.min(MAX_BACKOFF, 2 ** reconnects)),
  });
  turn.because(`the coordinator is gone: ${reason}`);
}

export function reconnect(turn: MemberTurn): void {
  if (turn.state.phase === 'offline') turn.do({ type: 'connect' });
}

export function enterRun(turn: MemberTurn, { runId, job, heartbeatMs, sync }: CoordinatorMessageOf<'welcome'>): void {
  if (turn.state.phase !== 'greeting') return;
  const known = turn.state.run?.runId === runId;
  if (!known)
    turn.set({
      prepared: null,
      held: null,
      parameters: [],
      snapshots: [],
      lastApplied: null,
      auditing: [],
      earnedWei: '0',
      collective: null,
    });
  turn.set({ run: { runId, heartbeat: milliseconds(heartbeatMs) }, seals: [], reconnects: 0 });
  turn.do({ type: 'notice', notice: { kind: 'admitted', runId } });
  beat(turn);
  if (turn.state.prepared !== null) return want(turn, sync);
  turn.set({ phase: 'preparing', wanted: { sync, fetching: false } });
  turn.do({ type: 'prepare', runId, job });
  turn.because(`admitted to run ${runId}`);
}

export function notePrepared(turn: MemberTurn, { buckets, samplesPerSecond }: MemberEventOf<'prepared'>): void {
  turn.set({ prepared: { buckets, samplesPerSecond } });
  const { phase, wanted } = turn.state;
  if (phase === 'preparing' && wanted !== null) want(turn, wanted.sync);
}

export function resync(turn: MemberTurn, { sync, reason }: CoordinatorMessageOf<'resync'>): void {
  const { phase } = turn.state;
  if (phase !== 'syncing' && phase !== 'following' && phase !== 'preparing') return;
  turn.because(`resync: ${reason}`);
  turn.set({ seals: [], held: sync !== null && isHeld(turn, sync) ? turn.state.held : null });
  dropCollective(turn);
  if (phase === 'preparing') turn.set({ wanted: { sync, fetching: false } });
  else want(turn, sync);
}

const isHeld = (turn: MemberTurn, sync: Sync | null): boolean => {
  const { held } = turn.state;
  return (
    held !== null && (sync === null ? held.round === 0 : held.round === sync.round && held.stateHash === sync.stateHash)
  );
};

/** Comes to the named state, then to whatever was sealed since. */
function want(turn: MemberTurn, sync: Sync | null): void {
  if (isHeld(turn, sync)) {
    turn.set({ phase: 'syncing', wanted: null });
    return continueSeals(turn);
  }
  turn.set({ phase: 'syncing', wanted: { sync, fetching: true }, held: null });
  turn.do(sync === null ? { type: 'initialise' } : { type: 'fetchState', ...sync });
  turn.because(
    sync === null
      ? 'making the first state from the seed'
      : `fetching the state at round ${sync.round} from ${sync.sources.length} sources`,
  );
}

export function noteStateHeld(turn: MemberTurn, { round, stateHash }: MemberEventOf<'stateHeld'>): void {
  const { wanted, seals, snapshots } = turn.state;
  if (wanted === null || round !== (wanted.sync?.round ?? 0)) return;
  if (wanted.sync !== null && wanted.sync.stateHash !== stateHash)
    return unsynced(turn, round, 'the state fetched has another hash');
  turn.set({
    wanted: null,
    held: { round, stateHash },
    parameters: [],
    // The shell forgets what it kept from this round on: the run may have gone another way from here.
    snapshots: snapshots.filter((kept) => kept < round),
    seals: seals.filter(({ seal }) => seal.round >= round),
  });
  turn.because(`holding the state at round ${round}`);
  if (turn.state.phase === 'syncing') continueSeals(turn);
}

/** The coordinator finds another source. */
export function unsynced(turn: MemberTurn, round: number, reason: string): void {
  turn.set({ wanted: null, held: null, seals: [], phase: turn.isOnline ? 'syncing' : turn.state.phase });
  turn.send({ type: 'unsynced', round: round as never, reason: reason.slice(0, 1000) });
  turn.because(`no state: ${reason}`);
}

export function beat(turn: MemberTurn): void {
  const { run, held, phase } = turn.state;
  if (run === null || !turn.isOnline) return;
  turn.send({ type: 'heartbeat', round: held?.round ?? (0 as never), phase });
  turn.do({ type: 'setTimer', name: 'heartbeat', delay: run.heartbeat });
}

type Outcome = MemberEffectOf<'exit'>['outcome'];

export function end(turn: MemberTurn, outcome: Outcome, code: string, reason: string): void {
  if (turn.state.phase === 'over') return;
  for (const name of ['heartbeat', 'stalled', 'reconnect'] as const) turn.do({ type: 'cancelTimer', name });
  turn.set({ phase: 'over' });
  turn.do({ type: 'exit', outcome, code, reason });
  turn.because(`over: ${reason}`);
}

/** Leaves in good order. */
export function depart(turn: MemberTurn, outcome: Outcome, code: string, reason: string): void {
  turn.send({ type: 'leave', reason: reason.slice(0, 1000) });
  end(turn, outcome, code, reason);
}
