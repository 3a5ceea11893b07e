/** Who is in the run: admitted, ready, lost, left, expelled. */
import type { PeerId, Round } from '../../core/ids.ts';
import { round as roundOf } from '../../core/ids.ts';
import type { WorkerMessageOf } from '../../wire/control.ts';
import { speaksOurVersion } from '../../wire/version.ts';
import { PROTOCOL_VERSION } from '../../wire/names.ts';
import type { StatePoint } from './events.ts';
import { isPresent, presentMembers, stateHashAt } from './select.ts';
import { goodStanding } from './standing.ts';
import { credibleSpeed } from './speed.ts';
import type { CoordinatorState, MemberRecord } from './state.ts';
import type { CoordinatorTurn } from './turn.ts';

type Hello = WorkerMessageOf<'hello'>;

interface Refusal {
  readonly code: string;
  readonly reason: string;
}

/** Reasons for not admitting a worker, first match wins. */
const refusals: readonly ((
  state: CoordinatorState,
  hello: Hello,
  known: MemberRecord | undefined,
) => Refusal | null)[] = [
  (_state, hello) =>
    speaksOurVersion(hello.protocolVersion)
      ? null
      : {
          code: 'PROTOCOL_VERSION',
          reason: `The worker speaks protocol ${hello.protocolVersion}, the run ${PROTOCOL_VERSION}. Install the same version on both sides.`,
        },
  ({ config }, { adapter }) =>
    config.numerics === 'exact' && adapter.class !== 'exact'
      ? {
          code: 'NOT_EXACT',
          reason: `The run has exact numerics, and ${adapter.name} computes other bits than the rest. Join with the backend exact, which needs only a CPU.`,
        }
      : null,
  (_state, _hello, known) =>
    known?.status === 'expelled'
      ? { code: 'EXPELLED', reason: 'This worker was expelled from the run and cannot come back.' }
      : null,
  // One that has worked for the run may come back to its end: it can still audit, sign, and give the last state.
  (state, _hello, known) =>
    state.phase.name === 'over' || (state.phase.name === 'closing' && known === undefined)
      ? { code: 'RUN_OVER', reason: 'The run is ending and takes nobody in. Join the next one.' }
      : null,
  (state) =>
    presentMembers(state).length >= state.config.maxMembers
      ? { code: 'RUN_FULL', reason: `The run has its ${state.config.maxMembers} members. Try again when one has left.` }
      : null,
];

/** A worker's first message. A member that says it anew has lost its connection and come back. */
export function admit(turn: CoordinatorTurn, from: PeerId, hello: Hello): void {
  if (isPresent(turn.member(from)))
    depart(turn, from, 'lost', 'RECONNECTED', 'it opened a new connection', { disconnect: false });
  const known = turn.member(from);
  for (const rule of refusals) {
    const refusal = rule(turn.state, hello, known);
    if (refusal !== null) return refuse(turn, from, refusal);
  }
  enrol(turn, from, hello, known);
}

/** So many refusals are noted at first, and one more for each committed round: keys cost nothing, and entries stay for ever. */
const NOTED_REFUSALS = 64;

function refuse(turn: CoordinatorTurn, peerId: PeerId, refusal: Refusal): void {
  turn.send([peerId], { type: 'refuse', ...refusal });
  turn.do({ type: 'disconnect', peerId, reason: refusal.reason });
  turn.because(`refused ${peerId}: ${refusal.code}`);
  const { phase, refusalsNoted, committed } = turn.state;
  if (phase.name === 'over' || refusalsNoted >= NOTED_REFUSALS + committed) return;
  turn.set({ refusalsNoted: refusalsNoted + 1 });
  turn.record({ type: 'memberRefused', peerId, ...refusal });
}

function enrol(turn: CoordinatorTurn, peerId: PeerId, hello: Hello, known: MemberRecord | undefined): void {
  const { address, payout, agent, backend, adapter, addresses, holds } = hello;
  const member: MemberRecord = {
    wrongStates: 0,
    auditsPassed: 0,
    contradicted: 0,
    standing: goodStanding,
    failedSyncs: 0,
    servedFrom: roundOf(0),
    samplesPerSecond: 0,
    seniority: Object.keys(turn.state.members).length,
    ...known,
    peerId,
    address,
    payout,
    agent,
    backend,
    adapter,
    addresses,
    status: 'waiting',
    welcomed: false,
    session: (known?.session ?? 0) + 1,
    held: credible(turn.state, holds),
  };
  turn.set({ members: { ...turn.state.members, [peerId]: member } });
  turn.record({
    type: 'memberJoined',
    peerId,
    address,
    payout,
    backend,
    adapter,
    agent,
    dialable: addresses.length > 0,
    returning: known !== undefined,
  });
  turn.because(`${peerId} ${known === undefined ? 'joins' : 'returns'}`);
}

/** A state ahead of the committed ones counts only if this round's seal led to it, not one that was given up. */
function credible({ config, phase, committed }: CoordinatorState, holds: Hello['holds']): StatePoint | null {
  if (holds === null || holds.runId !== config.runId) return null;
  const { round, stateHash, view } = holds;
  if (round <= committed) return { round, stateHash };
  return phase.name === 'applying' && round === phase.round.round + 1 && view === phase.round.view
    ? { round, stateHash }
    : null;
}

/** The worker says that it has a state. Only the run's own state makes it ready. */
export function becomeReady(
  turn: CoordinatorTurn,
  from: PeerId,
  { round, stateHash, samplesPerSecond }: WorkerMessageOf<'ready'>,
): void {
  const member = turn.member(from);
  if (!isPresent(member) || !member.welcomed) return;
  // Said again, or of a state before the one that it has: nothing new, however often it comes.
  if (member.status === 'ready' && member.held !== null && round <= member.held.round) return;
  const claim: StatePoint = { round, stateHash };
  const verdict = judgeState(turn.state, claim);
  if (verdict === 'wrong') return flagWrongState(turn, from, round);
  if (verdict === 'unknown') return noteUnsynced(turn, from, `its state is of round ${round}`);
  const speed = member.samplesPerSecond > 0 ? member.samplesPerSecond : credibleSpeed(samplesPerSecond);
  if (member.status !== 'active') {
    const failedSyncs = hasFailedNow(turn.state, member) ? member.failedSyncs : 0;
    turn.setMember(from, { status: 'ready', held: claim, samplesPerSecond: speed, failedSyncs });
    turn.record({ type: 'memberReady', peerId: from, round, samplesPerSecond: speed });
    turn.because(`${from} is ready at round ${round}`);
  }
}

/** Whether a state can be the run's: that of a remembered round, or the outcome of the round being applied. */
export function judgeState(state: CoordinatorState, { round, stateHash }: StatePoint): 'right' | 'wrong' | 'unknown' {
  const known = stateHashAt(state, round);
  if (known !== null) return known === stateHash ? 'right' : 'wrong';
  const open =
    round === 0 ? state.committed === 0 : state.phase.name === 'applying' && round === state.phase.round.round + 1;
  return open ? 'right' : 'unknown';
}

/** Its state is not the run's, through no fault that we know of: it fetches the right one. */
export function sendBack(turn: CoordinatorTurn, peerId: PeerId, why: string): void {
  turn.setMember(peerId, { status: 'waiting', held: null });
  turn.because(`${peerId} waits for the state: ${why}`);
}

/** After so many failures in a row the pauses of a member that comes to no state grow no longer: 511 rounds. */
const MAX_FAILED_SYNCS = 10;

/** Rounds that a member rests after so many failures in a row. */
const restAfter = (failedSyncs: number): number => 2 ** (failedSyncs - 1) - 1;

/** It came to no state since the last round was committed: being ready in between does not end the row of its failures. */
const hasFailedNow = ({ committed }: CoordinatorState, { failedSyncs, servedFrom }: MemberRecord): boolean =>
  failedSyncs > 0 && servedFrom - restAfter(failedSyncs) >= committed;

/**
 * It could not have the state: it tries again, after the nth time in a row not before 2ⁿ⁻¹ − 1 further rounds. For each
 * attempt members keep a copy of a state, which one whom nobody serves must not cost them in every round. Where no round is
 * committed in between it may try so often and no more: it comes back by a new connection. Nobody waited for it, so that is
 * no strike.
 */
export function noteUnsynced(turn: CoordinatorTurn, from: PeerId, reason: string): void {
  const member = turn.member(from);
  if (member === undefined) return;
  if (member.failedSyncs >= MAX_FAILED_SYNCS && hasFailedNow(turn.state, member))
    return lose(turn, from, 'UNSYNCED', `it came to no state more than ${MAX_FAILED_SYNCS} times in a row`);
  const failedSyncs = Math.min(MAX_FAILED_SYNCS, member.failedSyncs + 1);
  turn.setMember(from, { failedSyncs, servedFrom: roundOf(turn.state.committed + restAfter(failedSyncs)) });
  sendBack(turn, from, reason);
}

/** A state hash that others don't share: once is bad luck, twice is a broken or lying machine. */
export function flagWrongState(turn: CoordinatorTurn, peerId: PeerId, round: Round): void {
  const wrongStates = (turn.member(peerId)?.wrongStates ?? 0) + 1;
  turn.setMember(peerId, { wrongStates });
  turn.record({
    type: 'memberFlagged',
    peerId,
    round,
    code: 'WRONG_STATE',
    reason: `its state hash at round ${round} differs from the others' (${wrongStates} so far)`,
  });
  if (wrongStates >= 2)
    expel(turn, peerId, 'WRONG_STATE', `its state differed from the others' twice, last at round ${round}`);
  else sendBack(turn, peerId, `its state at round ${round} is wrong`);
}

export function lose(turn: CoordinatorTurn, peerId: PeerId, code: string, reason: string): void {
  depart(turn, peerId, 'lost', code, reason, { disconnect: true });
}

export function leave(turn: CoordinatorTurn, peerId: PeerId, reason: string): void {
  depart(turn, peerId, 'left', 'LEFT', reason, { disconnect: true });
}

/** For good: it is told why, and is not taken in again. */
export function expel(turn: CoordinatorTurn, peerId: PeerId, code: string, reason: string): void {
  const member = turn.member(peerId);
  if (member === undefined || member.status === 'expelled') return;
  if (isPresent(member)) turn.send([peerId], { type: 'stop', outcome: 'expelled', reason });
  depart(turn, peerId, 'expelled', code, reason, { disconnect: true });
}

/** The phases' own `progress` rules see that it is gone; nothing else has to be told. */
function depart(
  turn: CoordinatorTurn,
  peerId: PeerId,
  how: 'lost' | 'left' | 'expelled',
  code: string,
  reason: string,
  { disconnect }: { disconnect: boolean },
): void {
  const member = turn.member(peerId);
  if (member === undefined || member.status === how || (!isPresent(member) && how !== 'expelled')) return;
  if (isPresent(member)) {
    turn.do({ type: 'cancelTimer', name: `silence/${peerId}` });
    if (disconnect) turn.do({ type: 'disconnect', peerId, reason });
  }
  turn.setMember(peerId, { status: how, welcomed: false });
  turn.record({
    type: 'memberGone',
    peerId,
    how,
    round: roundOf(turn.state.committed),
    phase: turn.state.phase.name,
    code,
    reason,
  });
  turn.because(`${peerId} is ${how}: ${reason}`);
}
