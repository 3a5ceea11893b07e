/** Whose fault it is that a round does not go on. */
import type { PeerId } from '../../core/ids.ts';
import type { RoundState } from './state.ts';

export interface Blame {
  readonly peerId: PeerId;
  readonly reason: string;
}

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

/**
 * Who is over the deadline. While transferring, those who wait may themselves be waiting: a member named by most of
 * them is to blame, and only if there is none, they are.
 */
export function accusedOf(round: RoundState, living: readonly PeerId[]): Blame[] {
  const pending = pendingOf(round, living);
  if (round.stage !== 'computing') {
    const named = living.filter(
      (peer) =>
        round.accusations.filter(({ by, about }) => about === peer && pending.includes(by)).length * 2 >
        pending.filter((by) => by !== peer).length,
    );
    if (named.length > 0)
      return named.map((peerId) => ({ peerId, reason: `others waited in vain for its data in round ${round.round}` }));
  }
  return pending.map((peerId) => ({ peerId, reason: `${doing[round.stage]} in round ${round.round}` }));
}
