/**
 * A libp2p node as both sides of a run use it: TCP and WebSocket, TLS between Node peers and noise for everyone, yamux,
 * identify, ping. It owns connections, streams of a protocol and the count of peers' faults; it knows no message.
 */
import { identify } from '@libp2p/identify';
import type { Connection, Libp2p, PeerId as Libp2pPeerId, Secp256k1PrivateKey, Stream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { peerIdFromString } from '@libp2p/peer-id';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { tls } from '@libp2p/tls';
import { webSockets } from '@libp2p/websockets';
import { yamux } from '@libp2p/yamux';
import { createLibp2p, type Libp2pOptions } from 'libp2p';
import { peerId as brandPeerId, type PeerId } from '../core/ids.ts';
import type { Milliseconds } from '../core/units.ts';
import type { MemberInfo } from '../wire/control.ts';
import { dialable, parseAddress } from './address.ts';
import {
  BadAddressError,
  DialFailedError,
  ListenFailedError,
  type PeerFaultError,
  PortTakenError,
  ProtocolMismatchError,
} from './errors.ts';
import {
  MAX_CONNECTIONS,
  MAX_CONNECTIONS_PER_HOST_SECOND,
  MAX_PENDING_CONNECTIONS,
  netTimeouts,
  STREAM_WINDOW,
  type NetTimeouts,
} from './limits.ts';
import { PeerFaults } from './peer-faults.ts';

export interface NodeOptions {
  readonly privateKey: Secp256k1PrivateKey;
  /** Multiaddrs to listen on; empty for a node that only dials. */
  readonly listen: readonly string[];
  /** What others are told to dial in place of the addresses listened on (behind a NAT or a proxy). */
  readonly announce?: readonly string[];
  readonly failureTimeout: Milliseconds;
}

/** Called for each inbound stream of a protocol. What it throws or rejects with resets the stream. */
export type StreamListener = (stream: Stream, peer: PeerId) => void | Promise<void>;

export interface MurmurationNode {
  readonly peerId: PeerId;
  readonly privateKey: Secp256k1PrivateKey;
  /** Time-outs of new dials, streams and sends. */
  readonly timeouts: NetTimeouts;
  readonly faults: PeerFaults;
  /** Derives the time-outs anew: a worker learns the job's `failureTimeout` when its node is up already. */
  useFailureTimeout(failureTimeout: Milliseconds): void;
  /** Where others can dial this node, each with `/p2p/<peerId>`. */
  addresses(): string[];
  /** Serves a protocol. `maxStreams` bounds the inbound streams of one connection. */
  serve(protocol: string, maxStreams: number, listener: StreamListener): Promise<void>;
  /**
   * Opens a stream to a member over the connection that there is, or a new one.
   * @throws DialFailedError, ProtocolMismatchError
   */
  open(member: MemberInfo, protocol: string, signal?: AbortSignal): Promise<Stream>;
  /** Calls back when the last connection with a peer has closed. Returns what stops that. */
  onDisconnect(listener: (peer: PeerId) => void): () => void;
  /** Counts a fault, tells the listeners of {@link onFault}, and disconnects the peer. */
  fault(peer: PeerId, fault: PeerFaultError): void;
  onFault(listener: (peer: PeerId, fault: PeerFaultError) => void): () => void;
  isConnected(peer: PeerId): boolean;
  disconnect(peer: PeerId): Promise<void>;
  stop(): Promise<void>;
}

/** @throws BadAddressError, PortTakenError, ListenFailedError */
export async function createNode(options: NodeOptions): Promise<MurmurationNode> {
  for (const address of [...options.listen, ...(options.announce ?? [])]) parseAddress(address);
  const faults = new PeerFaults();
  const timeouts = netTimeouts(options.failureTimeout);
  const libp2p = await createLibp2p(libp2pOptions(options, timeouts, faults));
  try {
    await libp2p.start();
  } catch (cause) {
    await libp2p.stop();
    throw listenError(options.listen, cause);
  }
  return new Libp2pNode(libp2p, options.privateKey, timeouts, faults);
}

function libp2pOptions(
  options: NodeOptions,
  timeouts: NetTimeouts,
  faults: PeerFaults,
): Libp2pOptions & { start: false } {
  const refuse = (peer: Libp2pPeerId): boolean => faults.refused(textOf(peer));
  return {
    start: false,
    privateKey: options.privateKey,
    addresses: { listen: [...options.listen], announce: [...(options.announce ?? [])] },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [tls(), noise()],
    streamMuxers: [
      yamux({
        streamOptions: {
          initialStreamWindowSize: STREAM_WINDOW,
          maxStreamWindowSize: STREAM_WINDOW,
          maxReadBufferLength: 2 * STREAM_WINDOW,
        },
      }),
    ],
    services: { identify: identify(), ping: ping() },
    connectionGater: { denyDialMultiaddr: () => false, denyInboundEncryptedConnection: refuse, denyDialPeer: refuse },
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      inboundConnectionThreshold: MAX_CONNECTIONS_PER_HOST_SECOND,
      maxIncomingPendingConnections: MAX_PENDING_CONNECTIONS,
      dialTimeout: timeouts.dial,
      addressDialTimeout: timeouts.dialAddress,
      inboundUpgradeTimeout: timeouts.dial,
      outboundStreamProtocolNegotiationTimeout: timeouts.negotiate,
      inboundStreamProtocolNegotiationTimeout: timeouts.negotiate,
      connectionCloseTimeout: timeouts.close,
    },
    // Who is lost is decided by heartbeats, once, with a reason; a ping late behind a busy event loop must not decide it too.
    connectionMonitor: { abortConnectionOnPingFailure: false },
  };
}

/** libp2p reports every failed listener in one text, a line `  <address>: <system error>` each. */
function listenError(listen: readonly string[], cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  const failed = listen.find((address) => text.includes(`\n  ${address}:`)) ?? listen[0] ?? '(no address)';
  if (text.includes('EADDRINUSE')) return new PortTakenError({ address: failed, cause });
  return new ListenFailedError({ address: failed, cause });
}

const textOf = (peer: Libp2pPeerId): PeerId => brandPeerId(peer.toString());

class Libp2pNode implements MurmurationNode {
  readonly peerId: PeerId;
  readonly privateKey: Secp256k1PrivateKey;
  readonly faults: PeerFaults;
  #timeouts: NetTimeouts;
  readonly #libp2p: Libp2p;
  readonly #faultListeners = new Set<(peer: PeerId, fault: PeerFaultError) => void>();

  constructor(libp2p: Libp2p, privateKey: Secp256k1PrivateKey, timeouts: NetTimeouts, faults: PeerFaults) {
    this.#libp2p = libp2p;
    this.peerId = textOf(libp2p.peerId);
    this.privateKey = privateKey;
    this.#timeouts = timeouts;
    this.faults = faults;
  }

  get timeouts(): NetTimeouts {
    return this.#timeouts;
  }

  useFailureTimeout(failureTimeout: Milliseconds): void {
    this.#timeouts = netTimeouts(failureTimeout);
  }

  addresses(): string[] {
    return this.#libp2p.getMultiaddrs().map(String);
  }

  async serve(protocol: string, maxStreams: number, listener: StreamListener): Promise<void> {
    const handler = async (stream: Stream, connection: Connection): Promise<void> => {
      try {
        await listener(stream, textOf(connection.remotePeer));
      } catch (thrown) {
        stream.abort(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    };
    await this.#libp2p.handle(protocol, handler, { maxInboundStreams: maxStreams });
  }

  async open(member: MemberInfo, protocol: string, signal?: AbortSignal): Promise<Stream> {
    const options = { signal: either(signal, this.timeouts.dial) };
    const connection = await this.#connection(member, options.signal);
    try {
      return await connection.newStream(protocol, { ...options, maxOutboundStreams: Infinity });
    } catch (cause) {
      const mismatch = cause instanceof Error && cause.name === 'UnsupportedProtocolError';
      throw mismatch
        ? new ProtocolMismatchError({ target: member.peerId, protocol, cause })
        : new DialFailedError({ target: member.peerId, cause });
    }
  }

  async #connection(member: MemberInfo, signal: AbortSignal): Promise<Connection> {
    const peer = parsePeer(member.peerId);
    const open = this.#libp2p.getConnections(peer).find(({ status }) => status === 'open');
    if (open !== undefined) return open;
    const target = member.addresses[0] ?? member.peerId;
    const addresses = dialable(member);
    if (addresses.length === 0)
      throw new DialFailedError({ target, cause: new Error('it has no address that can be dialled') });
    try {
      return await this.#libp2p.dial(addresses, { signal });
    } catch (cause) {
      throw new DialFailedError({ target, cause });
    }
  }

  onDisconnect(listener: (peer: PeerId) => void): () => void {
    const handler = ({ detail }: CustomEvent<Libp2pPeerId>): void => listener(textOf(detail));
    this.#libp2p.addEventListener('peer:disconnect', handler);
    return () => this.#libp2p.removeEventListener('peer:disconnect', handler);
  }

  fault(peer: PeerId, fault: PeerFaultError): void {
    this.faults.record(peer, fault);
    for (const connection of this.#libp2p.getConnections(parsePeer(peer))) connection.abort(fault);
    for (const listener of this.#faultListeners) listener(peer, fault);
  }

  onFault(listener: (peer: PeerId, fault: PeerFaultError) => void): () => void {
    this.#faultListeners.add(listener);
    return () => this.#faultListeners.delete(listener);
  }

  isConnected(peer: PeerId): boolean {
    return this.#libp2p.getConnections(parsePeer(peer)).some(({ status }) => status === 'open');
  }

  async disconnect(peer: PeerId): Promise<void> {
    await this.#libp2p.hangUp(parsePeer(peer), { signal: AbortSignal.timeout(this.timeouts.close) });
  }

  async stop(): Promise<void> {
    await this.#libp2p.stop();
  }
}

const either = (signal: AbortSignal | undefined, timeout: number): AbortSignal =>
  signal === undefined ? AbortSignal.timeout(timeout) : AbortSignal.any([signal, AbortSignal.timeout(timeout)]);

function parsePeer(peer: PeerId): Libp2pPeerId {
  try {
    return peerIdFromString(peer);
  } catch (cause) {
    throw new BadAddressError({ address: peer, why: 'is not a peer id', cause });
  }
}
