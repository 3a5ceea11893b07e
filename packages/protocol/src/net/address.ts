/** Multiaddrs as text from people and peers: parsed here, once, before anything dials or listens on them. */
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { peerId as brandPeerId, type PeerId } from '../core/ids.ts';
import { BadAddressError } from './errors.ts';
import { nearer, reachOfIp4, reachOfIp6, reachOfName, type Reach } from './host-reach.ts';

/** What an address needs of whoever dials it. */
export type AddressKind = 'tcp' | 'ws' | 'wss' | 'relay' | 'webrtc';

/** An address to dial, with the peer that is expected there when the text names one. */
export interface ParsedAddress {
  readonly multiaddr: Multiaddr;
  readonly kind: AddressKind;
  readonly peerId: PeerId | null;
  /** The peer that relays, of the kinds `relay` and `webrtc`. */
  readonly relay: PeerId | null;
  /** Of the first host that is dialled; null when the address names none (`/p2p/<relay>/p2p-circuit…`). */
  readonly host: { readonly reach: Reach; readonly port: number } | null;
}

const host = '(?:ip4|ip6|dns|dns4|dns6)';
const circuit = `(?:${host},tcp(?:,tls(?:,sni)?)?(?:,wss?)?,)?p2p,p2p-circuit`;

/** The components' names, in order, of each kind of address that this program knows. */
const kinds: readonly (readonly [AddressKind, RegExp])[] = [
  ['tcp', new RegExp(`^${host},tcp(?:,p2p)?$`)],
  ['ws', new RegExp(`^${host},tcp,ws(?:,p2p)?$`)],
  ['wss', new RegExp(`^${host},tcp,(?:wss|tls,ws|tls,sni,ws)(?:,p2p)?$`)],
  ['relay', new RegExp(`^${circuit}(?:,p2p)?$`)],
  ['webrtc', new RegExp(`^${circuit},webrtc(?:,p2p)?$`)],
];

/** @throws BadAddressError when the text is no multiaddr, of no kind that this program can use, or names a peer id that is none */
export function parseAddress(text: string): ParsedAddress {
  const parsed = parseMultiaddr(text);
  const components = parsed.getComponents();
  const shape = components.map(({ name }) => name).join(',');
  const kind = kinds.find(([, pattern]) => pattern.test(shape))?.[0];
  if (kind === undefined)
    throw new BadAddressError({ address: text, why: 'is no TCP, WebSocket, relay or WebRTC address' });
  const at = components.findIndex(({ name }) => name === 'p2p-circuit');
  const peerIn = (from: number, to: number): PeerId | null => {
    const value = components.slice(from, to).find(({ name }) => name === 'p2p')?.value;
    return value === undefined ? null : parsePeerId(text, value);
  };
  return {
    multiaddr: parsed,
    kind,
    peerId: peerIn(at + 1, components.length),
    relay: at < 0 ? null : peerIn(0, at),
    host: hostOf(components),
  };
}

/** Like {@link parseAddress}, for the address of a coordinator or of any peer that must be the one meant. */
export function parsePeerAddress(text: string): { readonly multiaddr: Multiaddr; readonly peerId: PeerId } {
  const { multiaddr: parsed, peerId } = parseAddress(text);
  if (peerId === null) throw new BadAddressError({ address: text, why: 'names no peer (/p2p/… is missing)' });
  return { multiaddr: parsed, peerId };
}

/** The origin of pages as the multiaddr of the WebSockets that its port takes: `https://host:port` → `/dns4/host/tcp/port/wss`. */
export function originAddress({ protocol, hostname, port }: URL): string {
  const secure = protocol === 'https:';
  const host = hostname.replaceAll(/[[\]]/g, '');
  const kind = host.includes(':') ? 'ip6' : /^\d+\.\d+\.\d+\.\d+$/.test(host) ? 'ip4' : 'dns4';
  return `/${kind}/${host}/tcp/${port || (secure ? 443 : 80)}/${secure ? 'wss' : 'ws'}`;
}

function hostOf(components: ReturnType<Multiaddr['getComponents']>): ParsedAddress['host'] {
  const [first, second] = components;
  if (first?.value === undefined || second?.name !== 'tcp') return null;
  const reaches: Record<string, (text: string) => Reach> = { ip4: reachOfIp4, ip6: reachOfIp6 };
  const reach = (reaches[first.name] ?? reachOfName)(first.value);
  // A secure WebSocket goes to the name that its certificate is asked for, not to the host before it.
  const sni = components.slice(0, 4).find(({ name }) => name === 'sni')?.value;
  return { reach: sni === undefined ? reach : nearer(reach, reachOfName(sni)), port: Number(second.value) };
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
    throw new BadAddressError({ address, why: 'names something that is not a peer id', cause });
  }
}
