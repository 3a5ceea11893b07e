/** Where a page dials the coordinator. */
import type { MemberInfo } from '@murmuration/protocol';
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import { parsePeerAddress } from '@murmuration/protocol/net-core';
import { NoCoordinatorError } from './errors.ts';

/**
 * The coordinator of an offer: dialled first where the page came from, since that way is open already.
 * @throws NoCoordinatorError, BadAddressError
 */
export function coordinatorOf({ addresses, sameOrigin }: JoinOffer, origin: string): MemberInfo {
  const peers = addresses.map((address) => parsePeerAddress(address).peerId);
  const peerId = peers[0];
  if (peerId === undefined || peers.some((other) => other !== peerId)) throw new NoCoordinatorError({ addresses });
  return {
    peerId,
    addresses: [...new Set([...(sameOrigin ? [`${originAddress(origin)}/p2p/${peerId}`] : []), ...addresses])],
  };
}

/** `https://host:port` as a multiaddr of WebSockets. */
export function originAddress(origin: string): string {
  const { protocol, hostname, port } = new URL(origin);
  const secure = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/g, '');
  const kind = host.includes(':') ? 'ip6' : /^\d+\.\d+\.\d+\.\d+$/.test(host) ? 'ip4' : 'dns';
  return `/${kind}/${host}/tcp/${port || (secure ? 443 : 80)}/${secure ? 'wss' : 'ws'}`;
}
