/** Members that go while the others have waited for them: else going just before each deadline would cost as much, and nothing. */
import type { PeerId } from '../../core/ids.ts';
import { accusedOf, type Blame } from './blame.ts';
import { livingMembers } from './phases/training.ts';
import type { CoordinatorState, MemberStatus, RoundState } from './state.ts';
import { holdAgainst } from './strikes.ts';
import type { CoordinatorTurn } from './turn.ts';

/** Expelled is another matter. `waiting`: it has opened a new connection, or has lost the state. */
const gone: ReadonlySet<MemberStatus> = new Set(['lost', 'left', 'waiting']);

const openRound = ({ phase }: CoordinatorState): RoundState | null =>
  phase.name === 'training' || phase.name === 'applying' ? phase.round : null;

/**
 * After an event, by which members may have gone; `before` is the state before it. Whoever would be blamed at the deadline
 * and has been waited for as long as silence may last gets its strike now. Going in the middle of ordinary work is free.
 */
export function strikeDeserters(turn: CoordinatorTurn, before: CoordinatorState): void {
  const round = openRound(before);
  if (round === null || round.waitingSince === null || openRound(turn.state)?.view !== round.view) return;
  if (turn.at - round.waitingSince < before.config.failureTimeout) return;
  for (const blame of awaitedIn(before, round)) {
    const member = turn.member(blame.peerId);
    const wasStruck = member?.standing !== before.members[blame.peerId]?.standing;
    if (member === undefined || !gone.has(member.status) || wasStruck) continue;
    holdAgainst(turn, { ...blame, reason: `it went when it had been waited for: ${blame.reason}` });
  }
}

function awaitedIn(state: CoordinatorState, round: RoundState): Blame[] {
  const living: readonly PeerId[] = livingMembers(state, round).map(({ peerId }) => peerId);
  if (state.phase.name === 'training') return accusedOf(round, living);
  return living
    .filter((peerId) => round.applied[peerId] === undefined)
    .map((peerId) => ({ peerId, reason: `it did not apply round ${round.round} in time`, loneAccuser: null }));
}
