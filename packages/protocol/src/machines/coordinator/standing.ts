/**
 * How a member stands with the run. Whoever makes the others wait is lost and may come back; that alone would let it cost
 * every round a deadline. So each time that a round was held up by its fault counts as a strike, and after the nth it
 * takes no part for 2ⁿ⁻¹ − 1 rounds: the first accident is free, and whoever goes on is soon hardly ever waited for. Rounds
 * without blame wear strikes off. A suspended member keeps its connection, its place and its pay; it follows the seals.
 */
import type { Round } from '../../core/ids.ts';
import { round as roundOf } from '../../core/ids.ts';
import { isDialable } from './select.ts';
import type { CoordinatorState, MemberRecord, Standing } from './state.ts';

/** Rounds without blame that wear off one strike. */
const FORGIVING_ROUNDS = 16;
/** Further strikes do not make suspensions longer: 2⁹ − 1 = 511 rounds. */
const MAX_STRIKES = 10;

export const goodStanding: Standing = { strikes: 0, suspendedUntil: roundOf(0), blameless: 0 };

/** Whether it takes no part in this round, unless it is recalled. */
export const isSuspended = ({ standing }: Pick<MemberRecord, 'standing'>, round: number): boolean =>
  standing.suspendedUntil > round;

/** After another strike. @param coming the first round that has not begun */
export function struck({ strikes: before }: Standing, coming: Round): Standing {
  const strikes = Math.min(MAX_STRIKES, before + 1);
  return { strikes, suspendedUntil: roundOf(coming + 2 ** (strikes - 1) - 1), blameless: 0 };
}

/** After another round in which nobody waited for it. */
export function credited(standing: Standing): Standing {
  const { strikes, blameless } = standing;
  if (strikes === 0) return standing;
  return blameless + 1 < FORGIVING_ROUNDS
    ? { ...standing, blameless: blameless + 1 }
    : { ...standing, strikes: strikes - 1, blameless: 0 };
}

/** A number of a round to come, where the run goes back from one round to an earlier one: as far ahead as it was. */
export const asFarAhead = (until: Round, from: Round, to: Round): Round => roundOf(to + Math.max(0, until - from));

/**
 * Those of the eligible members who are given work now. A run that would stand still without them recalls suspended
 * members, those first whose suspension ends first, and no more of them than it needs.
 */
export function takingPart(
  { config, committed }: CoordinatorState,
  eligible: readonly MemberRecord[],
): readonly MemberRecord[] {
  const chosen = eligible.filter((member) => !isSuspended(member, committed));
  const suspended = eligible
    .filter((member) => isSuspended(member, committed))
    .toSorted((a, b) => a.standing.suspendedUntil - b.standing.suspendedUntil || a.seniority - b.seniority);
  const owner = chosen.some(isDialable) ? -1 : suspended.findIndex(isDialable);
  if (owner >= 0) chosen.push(...suspended.splice(owner, 1));
  while (suspended.length > 0 && chosen.length < config.minMembers) chosen.push(suspended.shift()!);
  return eligible.filter((member) => chosen.includes(member));
}
