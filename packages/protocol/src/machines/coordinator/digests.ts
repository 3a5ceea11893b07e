/** Whether what the members gathered is what the owners told of, and whose fault it is where it is not. */
import type { Hash, PeerId } from '../../core/ids.ts';
import { tensorTreeOfHashes } from '../../merkle/tensor-tree.ts';
import { byPeerId, isDialable } from './select.ts';
import type { MemberRecord, RoundState } from './state.ts';

export type DigestVerdict =
  | { readonly kind: 'agreed'; readonly digest: Hash }
  /** What the owners told stands; these gathered something else. */
  | { readonly kind: 'strays'; readonly strays: readonly PeerId[] }
  /** What the owners told does not stand: `liar` told it, or one of `doubtful` lies, or any of the owners does. */
  | { readonly kind: 'disputed'; readonly liar: PeerId | null; readonly doubtful: readonly PeerId[] };

type Gathered = Pick<RoundState, 'owners' | 'reduced' | 'gathered'>;

/** Compares what `living`, who have all gathered, hold with what the owners told. */
export function judgeDigests(round: Gathered, living: readonly PeerId[]): DigestVerdict {
  const digest = tensorTreeOfHashes(round.reduced as readonly Hash[]).root;
  const differs = (peer: PeerId): boolean => (round.gathered[peer] ?? digest) !== digest;
  const strays = living.filter(differs);
  if (strays.length === 0) return { kind: 'agreed', digest };
  if (strays.length * 2 < living.length) return { kind: 'strays', strays };
  const owner = soleOwnerOf(round);
  const others = living.filter((peer) => peer !== owner);
  const unknown = { kind: 'disputed', liar: null, doubtful: [] } as const;
  if (owner === null) return unknown;
  if (differs(owner)) return { ...unknown, liar: owner };
  if (others.filter(differs).length * 2 <= others.length) return unknown;
  return others.length === 1 ? { ...unknown, doubtful: [owner, ...others] } : { ...unknown, liar: owner };
}

/** The owner of all buckets, if one owns them all. */
export const soleOwnerOf = ({ owners }: Pick<RoundState, 'owners'>): PeerId | null =>
  new Set(owners).size === 1 ? owners[0]! : null;

/**
 * Who reduces everything alone next, so that what is told can be one member's lie only. Each once a round, so that a
 * round has an end; rounds begin with different members, so that a liar's turn comes.
 */
export function nextSoleOwner(
  { round, disputed }: Pick<RoundState, 'round' | 'disputed'>,
  living: readonly MemberRecord[],
): PeerId | null {
  const dialable = living.filter(isDialable).toSorted(byPeerId);
  const first = dialable.length === 0 ? 0 : round % dialable.length;
  const inTurn = [...dialable.slice(first), ...dialable.slice(0, first)];
  return inTurn.find(({ peerId }) => !disputed.includes(peerId))?.peerId ?? null;
}
