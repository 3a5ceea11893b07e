/** Questions about a coordinator's state that several rules ask. */
import type { Hash, PeerId, Round } from '../../core/ids.ts';
import type { MemberInfo } from '../../wire/control.ts';
import type { CoordinatorState, MemberRecord, MemberStatus } from './state.ts';
import type { StatePoint } from './events.ts';

const gone: ReadonlySet<MemberStatus> = new Set(['lost', 'left', 'expelled']);

/** Connected, whatever it is doing. */
export const isPresent = (member: MemberRecord | undefined): member is MemberRecord =>
  member !== undefined && !gone.has(member.status);
/** Holds the state and takes part in rounds, or could. */
const isCurrent = (member: MemberRecord): boolean => member.status === 'ready' || member.status === 'active';
export const isDialable = (member: MemberRecord): boolean => member.addresses.length > 0;

/** Who is asked for tensors: those that can be dialled, and where there are none the others, whom the relay reaches. */
export function thoseToAsk(members: readonly MemberRecord[]): readonly MemberRecord[] {
  const dialable = members.filter(isDialable);
  return dialable.length > 0 ? dialable : members;
}

/** One fixed order for everything that is decided over members. */
export const byPeerId = (a: { readonly peerId: PeerId }, b: { readonly peerId: PeerId }): number =>
  comparePeerIds(a.peerId, b.peerId);
export const comparePeerIds = (a: PeerId, b: PeerId): number => (a < b ? -1 : a > b ? 1 : 0);

/** Present members in peer id order. */
export const presentMembers = (state: CoordinatorState): MemberRecord[] =>
  Object.values<MemberRecord>(state.members).filter(isPresent).toSorted(byPeerId);

/** Present members that were told the run, in peer id order. */
export const welcomedMembers = (state: CoordinatorState): MemberRecord[] =>
  presentMembers(state).filter(({ welcomed }) => welcomed);

/** The state hash at a round, if the run remembers it. */
export const stateHashAt = (state: CoordinatorState, round: Round): Hash | null =>
  state.stateHashes.find((point) => point.round === round)?.stateHash ?? null;

export const samePoint = (a: StatePoint | null, b: StatePoint | null): boolean =>
  a !== null && b !== null && a.round === b.round && a.stateHash === b.stateHash;

/** The state that the next round starts from; null as long as nobody has told the hash of round 0. */
export function presentPoint(state: CoordinatorState): StatePoint | null {
  const stateHash = stateHashAt(state, state.committed);
  return stateHash === null ? null : { round: state.committed, stateHash };
}

/** Members that stand at the present state and can take part in a round, in peer id order. */
export function eligibleMembers(state: CoordinatorState): MemberRecord[] {
  const point = presentPoint(state);
  return presentMembers(state).filter((member) => isCurrent(member) && samePoint(member.held, point));
}

export const infoOf = ({ peerId, addresses }: MemberRecord): MemberInfo => ({ peerId, addresses: [...addresses] });

/** Addresses of those of the peers that are known, in the given order. */
export const infosOf = (state: CoordinatorState, peers: readonly PeerId[]): MemberInfo[] =>
  peers.flatMap((peer) => {
    const member = state.members[peer];
    return member === undefined ? [] : [infoOf(member)];
  });
