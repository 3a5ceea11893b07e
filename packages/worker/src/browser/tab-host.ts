/** A page as a worker's platform: WebSocket and WebRTC, a device in a Web Worker, data from the page's origin. */
import type { MemberInfo } from '@murmuration/protocol';
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import { parsePeerAddress } from '@murmuration/protocol/net-core';
import { createNode } from '@murmuration/protocol/net-browser';
import type { WorkerHost } from '../shell/host.ts';
import { VERSION } from '../shell/version.ts';
import type { WorkerClock } from './clock/worker-clock.ts';
import type { TabData } from './data/tab-data.ts';
import { openTabDevice } from './device/open-tab-device.ts';
import { NoCoordinatorError } from './errors.ts';
import type { TabBackend } from './face.ts';
import type { Pacer } from './pacer.ts';

export interface TabHostParts {
  readonly backend: TabBackend;
  readonly clock: WorkerClock;
  readonly pacer: Pacer;
  readonly data: TabData;
}

export const tabHost = ({ backend, clock, pacer, data }: TabHostParts): WorkerHost => ({
  agent: `murmuration-tab/${VERSION} ${navigator.userAgent}`,
  clock,
  canFallBack: true,
  createNode,
  openDevice: (wish) => openTabDevice({ ...wish, backend, threads: threadsHere() }),
  openData: (job) => data.open(job),
  rest: (workedMs, signal) => pacer.rest(workedMs, signal),
});

/** One is left for the page itself, which speaks with peers and shows what goes on. */
export const threadsHere = (): number => Math.max(1, navigator.hardwareConcurrency - 1);

/**
 * Where the coordinator is dialled: first where the page came from, since that way is open already.
 * @throws BadAddressError
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
