/** What nodes have in common wherever they run: yamux, identify, ping, the limits, and who is refused. */
import { identify } from '@libp2p/identify';
import type { ConnectionGater, PeerId as Libp2pPeerId } from '@libp2p/interface';
import { ping } from '@libp2p/ping';
import { yamux } from '@libp2p/yamux';
import type { Libp2pOptions } from 'libp2p';
import { peerId as brandPeerId, type PeerId } from '../core/ids.ts';
import {
  MAX_CONNECTIONS,
  MAX_CONNECTIONS_PER_HOST_SECOND,
  MAX_PENDING_CONNECTIONS,
  STREAM_WINDOW,
  type NetTimeouts,
} from './limits.ts';
import type { CommonNodeOptions } from './murmuration-node.ts';
import type { PeerFaults } from './peer-faults.ts';

export const textOf = (peer: Libp2pPeerId): PeerId => brandPeerId(peer.toString());

export const commonServices = { identify: identify(), ping: ping() };

/** The part of libp2p's options that does not depend on where the node runs. */
export function commonOptions(
  { privateKey }: CommonNodeOptions,
  timeouts: NetTimeouts,
): Pick<Libp2pOptions, 'privateKey' | 'streamMuxers' | 'connectionManager' | 'connectionMonitor'> & { start: false } {
  return {
    start: false,
    privateKey,
    streamMuxers: [
      yamux({
        streamOptions: {
          initialStreamWindowSize: STREAM_WINDOW,
          maxStreamWindowSize: STREAM_WINDOW,
          maxReadBufferLength: 2 * STREAM_WINDOW,
        },
      }),
    ],
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      inboundConnectionThreshold: MAX_CONNECTIONS_PER_HOST_SECOND,
      maxIncomingPendingConnections: MAX_PENDING_CONNECTIONS,
      dialTimeout: timeouts.dial,
      addressDialTimeout: timeouts.dial,
      inboundUpgradeTimeout: timeouts.dial,
      outboundStreamProtocolNegotiationTimeout: timeouts.negotiate,
      inboundStreamProtocolNegotiationTimeout: timeouts.negotiate,
      connectionCloseTimeout: timeouts.close,
    },
    // Who is lost is decided by heartbeats, once, with a reason; a ping late behind a busy event loop must not decide it too.
    connectionMonitor: { abortConnectionOnPingFailure: false },
  };
}

/**
 * Refuses peers that have used up their faults, and relays other than the coordinator. `paths.ts` has chosen the addresses
 * by the time that libp2p asks, so none is refused here.
 */
export function commonGater({ coordinator }: CommonNodeOptions, faults: PeerFaults): ConnectionGater {
  const refused = (peer: Libp2pPeerId): boolean => faults.refused(textOf(peer));
  return {
    denyDialMultiaddr: () => false,
    denyInboundEncryptedConnection: refused,
    denyDialPeer: refused,
    denyInboundRelayedConnection: (relay, peer) => textOf(relay) !== coordinator?.peerId || refused(peer),
  };
}
