/** Where those who wait for the state can get it: given whenever some source holds the present state and will go on holding it. */
import type { PeerId } from '../../core/ids.ts';
import { heartbeatInterval, silenceTimeout } from './deadlines.ts';
import type { Sync } from '../../wire/control.ts';
import {
  comparePeerIds,
  eligibleMembers,
  infosOf,
  isPresent,
  presentMembers,
  presentPoint,
  samePoint,
  thoseToAsk,
} from './select.ts';
import type { CoordinatorState, MemberRecord, PhaseName } from './state.ts';
import type { CoordinatorTurn } from './turn.ts';
import { sealMessage } from './seal.ts';
import { judgeState } from './membership.ts';

const MAX_SOURCES = 8;

/** Phases in which no member's state moves, so that its present state can be fetched. */
const quiet: ReadonlySet<PhaseName> = new Set(['gathering', 'auditing', 'evaluating', 'closing']);

/** Phases in which joiners are told where the state is. */
const open: ReadonlySet<PhaseName> = new Set([...quiet, 'training', 'applying']);

/** Welcomes or resyncs every waiting member for whom there is a source. */
export function serveWaiting(turn: CoordinatorTurn): void {
  if (!open.has(turn.state.phase.name)) return;
  for (const member of presentMembers(turn.state)) {
    if (member.status !== 'waiting' || isPaused(turn.state, member)) continue;
    const start = startFor(turn.state, member);
    if (start !== undefined) serve(turn, member, start);
  }
}

/** Waiting members for whom only a copy of the next state will do. */
export const anyoneWaits = (state: CoordinatorState): boolean =>
  presentMembers(state).some((member) => member.status === 'waiting' && !isPaused(state, member));

/** It failed to get the state too often, and rests while rounds go on; where nothing moves, a source costs nothing. */
const isPaused = ({ phase, committed }: CoordinatorState, { servedFrom }: MemberRecord): boolean =>
  !quiet.has(phase.name) && servedFrom > committed;

/** What a waiting member is told: a sync, null (make round 0 from the seed), or undefined (no source yet). */
function startFor(state: CoordinatorState, member: MemberRecord): Sync | null | undefined {
  const { held } = member;
  const point = presentPoint(state);
  if (held !== null && held.round >= state.committed && judgeState(state, held) === 'right')
    return { ...held, sources: [] };
  if (state.committed === 0 && (state.config.startState ?? null) === null) return null;
  if (point === null) return undefined;
  const sources = sourcesOf(state, member.peerId);
  return sources.length === 0 ? undefined : { ...point, sources };
}

function sourcesOf(state: CoordinatorState, except: PeerId): Sync['sources'] {
  const point = presentPoint(state);
  const holders = quiet.has(state.phase.name)
    ? eligibleMembers(state).map(({ peerId }) => peerId)
    : samePoint(state.snapshot, point)
      ? (state.snapshot?.holders ?? [])
      : [];
  const stored = state.checkpoints.some((checkpoint) => samePoint(checkpoint, point));
  return [...infosOf(state, servingPeers(state, holders, except)), ...(stored ? [state.config.self] : [])];
}

function servingPeers(state: CoordinatorState, peers: readonly PeerId[], except: PeerId): PeerId[] {
  const present = peers.flatMap((peer) => {
    const member = state.members[peer];
    return peer !== except && isPresent(member) ? [member] : [];
  });
  return thoseToAsk(present)
    .map(({ peerId }) => peerId)
    .toSorted(comparePeerIds)
    .slice(0, MAX_SOURCES);
}

function serve(turn: CoordinatorTurn, member: MemberRecord, sync: Sync | null): void {
  const { config, phase } = turn.state;
  const { peerId } = member;
  const message = member.welcomed
    ? ({ type: 'resync', reason: 'The state that you hold is not the run’s present one.', sync } as const)
    : ({
        type: 'welcome',
        runId: config.runId,
        job: config.job,
        heartbeatMs: heartbeatInterval(config),
        sync,
      } as const);
  turn.send([peerId], message);
  if (phase.name === 'applying') turn.send([peerId], sealMessage(turn.state, phase.round));
  turn.do({ type: 'setTimer', name: `silence/${peerId}`, delay: silenceTimeout(config) });
  turn.setMember(peerId, { status: 'syncing', welcomed: true });
  turn.because(`${peerId} may take the state at round ${sync?.round ?? 0}`);
}
