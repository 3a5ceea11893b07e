/** Members by whose fault the others waited: what becomes of them. {@link Standing} says what that comes to. */
import type { PeerId } from '../../core/ids.ts';
import { round as roundOf } from '../../core/ids.ts';
import type { Blame } from './blame.ts';
import { lose } from './membership.ts';
import { isPresent } from './select.ts';
import { credited, struck } from './standing.ts';
import type { RoundState } from './state.ts';
import type { CoordinatorTurn } from './turn.ts';

/** Notes that others waited by its fault; it stays, and may have to sit out. */
export function strike(turn: CoordinatorTurn, peerId: PeerId, reason: string): void {
  const before = turn.member(peerId)?.standing;
  if (before === undefined) return;
  const { phase, committed } = turn.state;
  const coming = roundOf(phase.name === 'training' || phase.name === 'applying' ? committed + 1 : committed);
  const standing = struck(before, coming);
  const { strikes, suspendedUntil: until } = standing;
  turn.setMember(peerId, { standing });
  const sitsOut = until > coming;
  if (isPresent(turn.member(peerId))) turn.send([peerId], { type: 'blamed', reason, until: sitsOut ? until : null });
  if (!sitsOut) return;
  turn.record({ type: 'memberSuspended', peerId, round: coming, until, strikes, reason });
  turn.because(`${peerId} sits out until round ${until}`);
}

/** A strike, and the end of this stay. */
export function loseByFault(turn: CoordinatorTurn, peerId: PeerId, code: string, reason: string): void {
  strike(turn, peerId, reason);
  lose(turn, peerId, code, reason);
}

/** Believed once, and not again in this round. */
function doubt(turn: CoordinatorTurn, peerId: PeerId, reason: string): void {
  const { phase } = turn.state;
  if (phase.name === 'training') {
    const { round } = phase;
    const accusations = round.accusations.filter(({ by }) => by !== peerId);
    turn.enter({ ...phase, round: { ...round, accusations, unheard: [...round.unheard, peerId] } });
  }
  strike(turn, peerId, reason);
}

/** A strike. Whoever stands alone with its complaint may be the one that lies, so it counts against both. */
export function holdAgainst(turn: CoordinatorTurn, { peerId, reason, loneAccuser }: Blame): void {
  strike(turn, peerId, reason);
  if (loneAccuser !== null) doubt(turn, loneAccuser, `it alone complained of ${peerId}: ${reason}`);
}

/** Loses those who are to blame. */
export function condemn(turn: CoordinatorTurn, blames: readonly Blame[], code: string): void {
  for (const blame of blames) {
    holdAgainst(turn, blame);
    lose(turn, blame.peerId, code, blame.reason);
  }
}

/** A round is committed: those who took part in it to its end. A complaint alone counts for nothing: one that others shared was a strike. */
export function creditMembers(turn: CoordinatorTurn, { members }: RoundState): void {
  for (const peerId of members) {
    const member = turn.member(peerId);
    if (member?.status === 'ready') turn.setMember(peerId, { standing: credited(member.standing) });
  }
}
