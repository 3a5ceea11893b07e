/**
 * Which paths to a member can be tried from here. A member's addresses come from strangers, so that this decides, too,
 * what a stranger can make this machine connect to: `docs/networking.md` says what and why.
 */
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import type { PeerId } from '../core/ids.ts';
import type { MemberInfo } from '../wire/control.ts';
import { parseAddress, type AddressKind, type ParsedAddress } from './address.ts';
import { isWithin, nearer, type Reach } from './host-reach.ts';
import { MAX_DIALLED_ADDRESSES } from './limits.ts';
import type { PathKind } from './murmuration-node.ts';

/** What can be dialled from where a node stands. */
export interface Standpoint {
  /** The kinds of address that the node has a transport for, and that its surroundings let it use. */
  readonly kinds: ReadonlySet<AddressKind>;
  /** Hosts nearer than this are not dialled. */
  readonly nearest: Reach;
  /** The coordinator: the one relay, and the one peer whose addresses are dialled as they are. */
  readonly coordinator: MemberInfo | null;
}

/** Addresses of one kind of path, tried one after the other. */
export interface Path {
  readonly kind: PathKind;
  readonly addresses: readonly Multiaddr[];
}

/** Below 1024 live other services than ours, but for those that a reverse proxy listens on. */
const isUsualPort = (port: number): boolean => port >= 1024 || port === 80 || port === 443;

/** The paths to a member, the best first; each address ends in the member's peer id. Addresses that are no good are left out. */
export function pathsTo({ peerId, addresses }: MemberInfo, from: Standpoint): Path[] {
  const trusted = from.coordinator?.peerId === peerId;
  const known = [...new Set(addresses)].flatMap((text) => parsed(text, peerId));
  const direct = known
    .filter(({ kind, host }) => from.kinds.has(kind) && host !== null && kind !== 'relay' && kind !== 'webrtc')
    .filter(({ host }) => trusted || (isWithin(host!.reach, from.nearest) && isUsualPort(host!.port)))
    .map(({ multiaddr: address }) => withPeer(address, peerId));
  const relay = trusted ? null : (from.coordinator?.peerId ?? null);
  const rtc =
    relay !== null &&
    from.kinds.has('webrtc') &&
    known.some(({ kind, relay: by }) => kind === 'webrtc' && by === relay);
  const paths: Path[] = [
    { kind: 'direct', addresses: direct.slice(0, trusted ? direct.length : MAX_DIALLED_ADDRESSES) },
    { kind: 'webrtc', addresses: rtc ? [relayed(relay, `/webrtc/p2p/${peerId}`)] : [] },
    // Whether or not the member names it: who is in the run has a place at the coordinator's relay, or else is not reached.
    { kind: 'relay', addresses: relay !== null && from.kinds.has('relay') ? [relayed(relay, `/p2p/${peerId}`)] : [] },
  ];
  return paths.filter((path) => path.addresses.length > 0);
}

/** How near the hosts are that a node may dial: as near as its coordinator, which a person named. */
export const nearestTo = (coordinator: MemberInfo): Reach =>
  coordinator.addresses
    .map((text) => parseAddress(text).host?.reach ?? 'public')
    .reduce((nearest, reach) => (reach === 'none' ? nearest : nearer(nearest, reach)), 'public' as Reach);

/** The relay is connected already: an address of it would only let a stranger choose where to dial it. */
export const relayed = (relay: PeerId, rest: string): Multiaddr => multiaddr(`/p2p/${relay}/p2p-circuit${rest}`);

/** What parses and names nobody else. */
function parsed(text: string, peerId: PeerId): ParsedAddress[] {
  try {
    const address = parseAddress(text);
    return address.peerId === null || address.peerId === peerId ? [address] : [];
  } catch {
    return [];
  }
}

const withPeer = (address: Multiaddr, peerId: PeerId): Multiaddr =>
  address.getComponents().at(-1)?.name === 'p2p' ? address : address.encapsulate(`/p2p/${peerId}`);
