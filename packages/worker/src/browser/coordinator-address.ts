/** Where a page dials the coordinator. */
import type { MemberInfo } from '@murmuration/protocol';
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import { originAddress, parsePeerAddress } from '@murmuration/protocol/net-core';
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
    addresses: [...new Set([...(sameOrigin ? [`${originAddress(new URL(origin))}/p2p/${peerId}`] : []), ...addresses])],
  };
}
