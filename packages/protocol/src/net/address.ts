/** Multiaddrs as text from people and peers: parsed here, once, before anything dials or listens on them. */
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { peerId as brandPeerId, type PeerId } from '../core/ids.ts';
import type { MemberInfo } from '../wire/control.ts';
import { BadAddressError } from './errors.ts';

/** An address to dial, with the peer that is expected there when the text names one. */
export interface ParsedAddress {
  readonly multiaddr: Multiaddr;
  readonly peerId: PeerId | null;
}

/** The transports that this node has, by the components of an address. */
const usable = (names: readonly string[]): boolean => names.includes('tcp') && !names.includes('quic-v1');

/** @throws BadAddressError when the text is no multiaddr, has no TCP part, or names a peer id that is none */
export function parseAddress(text: string): ParsedAddress {
  const parsed = parseMultiaddr(text);
  const components = parsed.getComponents();
  if (!usable(components.map(({ name }) => name)))
    throw new BadAddressError({ address: text, why: 'has no TCP or WebSocket part' });
  const expected = components.findLast(({ name }) => name === 'p2p')?.value;
  return { multiaddr: parsed, peerId: expected === undefined ? null : parsePeerId(text, expected) };
}

/** Like {@link parseAddress}, for the address of a coordinator or of any peer that must be the one meant. */
export function parsePeerAddress(text: string): { readonly multiaddr: Multiaddr; readonly peerId: PeerId } {
  const { multiaddr: parsed, peerId } = parseAddress(text);
  if (peerId === null) throw new BadAddressError({ address: text, why: 'names no peer (/p2p/… is missing)' });
  return { multiaddr: parsed, peerId };
}

/**
 * The addresses of a member that this node can dial, each ending in the member's peer id. Addresses come from other
 * peers: those that do not parse, or that name somebody else, are left out.
 */
export function dialable({ peerId, addresses }: MemberInfo): Multiaddr[] {
  return addresses.flatMap((text) => {
    try {
      const parsed = parseAddress(text);
      if (parsed.peerId === null) return [parsed.multiaddr.encapsulate(`/p2p/${peerId}`)];
      return parsed.peerId === peerId ? [parsed.multiaddr] : [];
    } catch {
      return [];
    }
  });
}

function parseMultiaddr(text: string): Multiaddr {
  try {
    return multiaddr(text);
  } catch (cause) {
    throw new BadAddressError({ address: text, why: 'is not a multiaddr', cause });
  }
}

function parsePeerId(address: string, text: string): PeerId {
  try {
    return brandPeerId(peerIdFromString(text).toString());
  } catch (cause) {
    throw new BadAddressError({ address, why: 'ends in something that is not a peer id', cause });
  }
}
