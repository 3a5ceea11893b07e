/** Whose fault it is that a round does not go on. */
import type { PeerId } from '../../core/ids.ts';
import { hasReported } from './evidence.ts';
import type { RoundState } from './state.ts';

export interface Blame {
  readonly peerId: PeerId;
  readonly reason: string;
  /** The only one of several possible witnesses that complains of it: then nobody can tell which of the two is at fault. */
  readonly loneAccuser: PeerId | null;
}

/** Complaints of what has not come: true only as long as it has not. All others are of what a member did. */
const complaintsOfWaiting: ReadonlySet<string> = new Set(['CONTRIBUTION_MISSING', 'REDUCED_MISSING']);

export const isOfADeed = ({ code }: { readonly code: string }): boolean => !complaintsOfWaiting.has(code);

/** Those whom a stage still waits for, among `living`. */
function pendingOf(round: RoundState, living: readonly PeerId[]): PeerId[] {
  const pending: Record<RoundState['stage'], (peer: PeerId) => boolean> = {
    computing: (peer) =>
      round.contributors.some(({ peerId }) => peerId === peer) && round.commitments[peer] === undefined,
    reducing: (peer) => round.owners.some((owner, bucket) => owner === peer && round.reduced[bucket] === null),
    gathering: (peer) => round.gathered[peer] === undefined,
  };
  return living.filter(pending[round.stage]);
}

const doing: Record<RoundState['stage'], string> = {
  computing: 'it did not commit in time',
  reducing: 'it did not reduce its buckets in time',
  gathering: 'it did not gather in time',
};

const ownersAmong = ({ owners }: RoundState, living: readonly PeerId[]): PeerId[] =>
  living.filter((peer) => owners.includes(peer));

/** `accused`, if more than half of `waiting` complain of it; `witnesses` would have noticed what they say. */
function named(
  accused: PeerId,
  accusers: readonly PeerId[],
  { waiting, witnesses }: { waiting: readonly PeerId[]; witnesses: readonly PeerId[] },
): Omit<Blame, 'reason'>[] {
  if (accusers.length * 2 <= waiting.filter((peer) => peer !== accused).length) return [];
  const isAlone = accusers.length === 1 && witnesses.some((peer) => peer !== accused && peer !== accusers[0]);
  return [{ peerId: accused, loneAccuser: isAlone ? accusers[0]! : null }];
}

/**
 * Who is over the deadline. While transferring, those who wait may themselves be waiting: a member named by most of
 * them is to blame, and only if there is none, they are.
 */
export function accusedOf(round: RoundState, living: readonly PeerId[]): Blame[] {
  const pending = pendingOf(round, living);
  if (round.stage !== 'computing') {
    const witnesses = round.stage === 'gathering' ? living : ownersAmong(round, living);
    const blamed = living.flatMap((peer) => {
      const accusers = round.accusations
        .filter(({ by, about }) => about === peer && pending.includes(by))
        .map(({ by }) => by);
      return accusers.length === 0 ? [] : named(peer, [...new Set(accusers)], { waiting: pending, witnesses });
    });
    if (blamed.length > 0)
      return blamed.map((each) => ({
        ...each,
        reason: `others waited in vain for its data in round ${round.round}`,
      }));
  }
  return pending.map((peerId) => ({
    peerId,
    reason: `${doing[round.stage]} in round ${round.round}`,
    loneAccuser: null,
  }));
}

/**
 * Contributors whose data most of the owners that still need it have refused. They will not send better, so the deadline
 * need not be waited for.
 */
export function refusedContributors(round: RoundState, living: readonly PeerId[]): Blame[] {
  const owners = ownersAmong(round, living);
  const waiting = owners.filter((owner) => !hasReported(round, owner));
  return living.flatMap((peerId) => {
    const others = waiting.filter((owner) => owner !== peerId);
    const deeds = round.accusations.filter(
      (accusation) => accusation.about === peerId && isOfADeed(accusation) && others.includes(accusation.by),
    );
    if (deeds.length === 0) return [];
    const accusers = deeds.map(({ by }) => by);
    const codes = [...new Set(deeds.map(({ code }) => code))].join(', ');
    return named(peerId, accusers, { waiting: others, witnesses: owners }).map((each) => ({
      ...each,
      reason: `its data in round ${round.round} were refused by ${accusers.length} of ${others.length} owners: ${codes}`,
    }));
  });
}
