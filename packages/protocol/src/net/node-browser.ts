/**
 * Nodes in a page: WebSocket to whoever can be dialled from there, WebRTC to other pages, and the coordinator's relay.
 * A page listens nowhere; `RTCPeerConnection` exists on a page's own thread only, not in its workers.
 */
import type { Transport } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { webRTC, type WebRTCTransportComponents } from '@libp2p/webrtc';
import { webSockets } from '@libp2p/websockets';
import { createLibp2p } from 'libp2p';
import type { AddressKind } from './address.ts';
import { Libp2pNode } from './libp2p-node.ts';
import { commonGater, commonOptions, commonServices } from './libp2p-options.ts';
import { netTimeouts, RTC_BUFFER, RTC_MESSAGE, RTC_READ_BUFFER } from './limits.ts';
import type { CommonNodeOptions, MurmurationNode } from './murmuration-node.ts';
import type { MemberInfo } from '../wire/control.ts';
import { nearestTo, relayed, type Standpoint } from './paths.ts';
import { PeerFaults } from './peer-faults.ts';
import { RelayClient } from './relay-client.ts';

export interface PageNodeOptions extends CommonNodeOptions {
  readonly coordinator: MemberInfo;
  /** False: no WebRTC; the page takes part as a client. Where there is none it is as if false. */
  readonly webrtc?: boolean;
  /** STUN and TURN servers. None unless given: a page speaks to its own origin and to members only. */
  readonly iceServers?: readonly RTCIceServer[];
}

/** @throws BadAddressError */
export async function createNode(options: PageNodeOptions): Promise<MurmurationNode> {
  const { privateKey, coordinator, webrtc = true } = options;
  const faults = new PeerFaults();
  const timeouts = netTimeouts(options.failureTimeout);
  const relay = new RelayClient(coordinator.peerId);
  const rtc = webrtc && 'RTCPeerConnection' in globalThis;
  const libp2p = await createLibp2p({
    ...commonOptions(options, timeouts),
    transports: [webSockets(), relay.transport, ...(rtc ? [webRtc(options)] : [])],
    connectionEncrypters: [noise()],
    services: commonServices,
    connectionGater: commonGater(options, faults),
  });
  await libp2p.start();
  const addresses = (): string[] =>
    rtc && relay.reserved ? [String(relayed(coordinator.peerId, `/webrtc/p2p/${libp2p.peerId.toString()}`))] : [];
  const standpoint = pageStandpoint(coordinator, { rtc, secure: globalThis.location?.protocol === 'https:' });
  return new Libp2pNode({ libp2p, privateKey, timeouts, faults, standpoint, relay, addresses });
}

/** Browsers refuse plain WebSockets to pages that came by https, but for the machine's own; ask people before a private network is touched. */
function pageStandpoint(coordinator: MemberInfo, { rtc, secure }: { rtc: boolean; secure: boolean }): Standpoint {
  const nearest = nearestTo(coordinator);
  const kinds: AddressKind[] = ['wss', 'relay'];
  if (!secure || nearest === 'loopback') kinds.push('ws');
  if (rtc) kinds.push('webrtc');
  return { kinds: new Set(kinds), nearest, coordinator };
}

/** WebRTC does not hold its sender back: what is read slowly waits in the reader's buffer, so that one is large. */
const dataChannel = {
  maxMessageSize: RTC_MESSAGE,
  maxBufferedAmount: RTC_BUFFER,
  maxReadBufferLength: RTC_READ_BUFFER,
};

const webRtc = ({ iceServers = [] }: PageNodeOptions): ((components: WebRTCTransportComponents) => Transport) =>
  webRTC({ rtcConfiguration: { iceServers: [...iceServers] }, dataChannel });
