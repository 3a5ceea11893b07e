/**
 * A libp2p node as both sides of a run use it. It owns connections, streams of a protocol and the count of peers' faults;
 * it knows no message, and not where it runs.
 */
import type { Connection, Libp2p, PeerId as Libp2pPeerId, Secp256k1PrivateKey, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { PeerId } from '../core/ids.ts';
import type { Milliseconds } from '../core/units.ts';
import type { MemberInfo } from '../wire/control.ts';
import {
  BadAddressError,
  DialFailedError,
  ProtocolMismatchError,
  RelayRefusedError,
  type PeerFaultError,
} from './errors.ts';
import { textOf } from './libp2p-options.ts';
import { netTimeouts, type NetTimeouts } from './limits.ts';
import { isBetter, type MurmurationNode, type PathKind, type StreamListener } from './murmuration-node.ts';
import { pathsTo, type Path, type Standpoint } from './paths.ts';
import type { PeerFaults } from './peer-faults.ts';
import type { RelayClient } from './relay-client.ts';

export interface Libp2pNodeParts {
  readonly libp2p: Libp2p;
  readonly privateKey: Secp256k1PrivateKey;
  readonly timeouts: NetTimeouts;
  readonly faults: PeerFaults;
  readonly standpoint: Standpoint;
  /** Null: this node uses no relay. */
  readonly relay: RelayClient | null;
  /** What others are told to dial. */
  readonly addresses: () => string[];
}

export class Libp2pNode implements MurmurationNode {
  readonly peerId: PeerId;
  readonly #parts: Libp2pNodeParts;
  readonly #libp2p: Libp2p;
  readonly #faultListeners = new Set<(peer: PeerId, fault: PeerFaultError) => void>();
  /** Relayed connections for which better paths were tried. */
  readonly #improved = new WeakSet<Connection>();
  /** Connections on which no stream could be opened in time, and since when (milliseconds of `performance.now`). */
  readonly #silent = new WeakMap<Connection, number>();
  #timeouts: NetTimeouts;

  constructor(parts: Libp2pNodeParts) {
    this.#parts = parts;
    this.#libp2p = parts.libp2p;
    this.peerId = textOf(parts.libp2p.peerId);
    this.#timeouts = parts.timeouts;
    parts.relay?.watch(parts.libp2p);
  }

  get privateKey(): Secp256k1PrivateKey {
    return this.#parts.privateKey;
  }

  get faults(): PeerFaults {
    return this.#parts.faults;
  }

  get timeouts(): NetTimeouts {
    return this.#timeouts;
  }

  useFailureTimeout(failureTimeout: Milliseconds): void {
    this.#timeouts = netTimeouts(failureTimeout);
  }

  addresses(): string[] {
    return this.#parts.addresses();
  }

  async reserve(signal?: AbortSignal): Promise<void> {
    const { relay } = this.#parts;
    if (relay === null)
      throw new RelayRefusedError({ relay: 'nobody', cause: new Error('this node has no coordinator') });
    await relay.reserve(either(signal, this.timeouts.dial));
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
    const connection = this.#best(member.peerId) ?? (await this.#dial(member, options.signal));
    if (pathOf(connection) === 'relay') this.#improve(member, connection);
    const began = performance.now();
    try {
      const stream = await connection.newStream(protocol, { ...options, maxOutboundStreams: Infinity });
      this.#silent.delete(connection);
      return stream;
    } catch (cause) {
      if (options.signal.aborted && signal?.aborted !== true) this.#noteSilent(connection, began);
      const mismatch = cause instanceof Error && cause.name === 'UnsupportedProtocolError';
      throw mismatch
        ? new ProtocolMismatchError({ target: member.peerId, protocol, cause })
        : new DialFailedError({ target: member.peerId, cause });
    }
  }

  /** Once may be a busy peer; an attempt after that which fails too shows a connection that is dead, although nobody closed it. */
  #noteSilent(connection: Connection, began: number): void {
    const since = this.#silent.get(connection);
    if (since === undefined) this.#silent.set(connection, performance.now());
    else if (began >= since) connection.abort(new Error('no stream could be opened on it'));
  }

  path(peer: PeerId): PathKind | null {
    const connection = this.#best(peer);
    return connection === null ? null : pathOf(connection);
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
    return this.#best(peer) !== null;
  }

  async disconnect(peer: PeerId): Promise<void> {
    await this.#libp2p.hangUp(parsePeer(peer), { signal: AbortSignal.timeout(this.timeouts.close) });
  }

  async stop(): Promise<void> {
    await this.#libp2p.stop();
  }

  /** The newest of those on the best path: whoever connects anew may have lost the connections before, and not they their ends. */
  #best(peer: PeerId): Connection | null {
    const open = this.#libp2p.getConnections(parsePeer(peer)).filter(({ status }) => status === 'open');
    const newestFirst = open.toSorted((a, b) => b.timeline.open - a.timeline.open);
    return newestFirst.reduce<Connection | null>(
      (best, next) => (best === null || isBetter(pathOf(next), pathOf(best)) ? next : best),
      null,
    );
  }

  /** Whoever was reached first by the relay may be reached better: tried once a connection, behind what goes on already. */
  #improve(member: MemberInfo, relayed: Connection): void {
    if (this.#improved.has(relayed)) return;
    this.#improved.add(relayed);
    const better = pathsTo(member, this.#parts.standpoint).filter(({ kind }) => kind !== 'relay');
    // The relay serves meanwhile, and goes on to serve when nothing better is found.
    this.#try(better, AbortSignal.timeout(this.timeouts.dial)).catch(() => undefined);
  }

  async #dial(member: MemberInfo, signal: AbortSignal): Promise<Connection> {
    try {
      return await this.#try(pathsTo(member, this.#parts.standpoint), signal);
    } catch (cause) {
      throw new DialFailedError({ target: member.addresses[0] ?? member.peerId, cause });
    }
  }

  /** One kind of path after the other. Each but the last has part of the time, so that the next has its chance. */
  #try(paths: readonly Path[], signal: AbortSignal): Promise<Connection> {
    const attempts = paths.map(
      ({ addresses }) =>
        (within: AbortSignal) =>
          this.#dialEach(addresses, within),
    );
    return firstOf(attempts, signal, this.timeouts.dialPath);
  }

  #dialEach(addresses: readonly Multiaddr[], signal: AbortSignal): Promise<Connection> {
    const attempts = addresses.map(
      (address) => (within: AbortSignal) => this.#libp2p.dial(address, { signal: within }),
    );
    return firstOf(attempts, signal, this.timeouts.dialAddress);
  }
}

/** The first attempt that succeeds, made one after the other; each but the last has `patience` milliseconds. @throws what the last one threw */
async function firstOf<T>(
  attempts: readonly ((signal: AbortSignal) => Promise<T>)[],
  signal: AbortSignal,
  patience: number,
): Promise<T> {
  let failure: unknown = new Error('it has no address that can be dialled from here');
  for (const [index, attempt] of attempts.entries()) {
    try {
      return await attempt(index === attempts.length - 1 ? signal : either(signal, patience));
    } catch (cause) {
      failure = cause;
      if (signal.aborted) break;
    }
  }
  throw failure;
}

function pathOf({ remoteAddr }: Connection): PathKind {
  const names = remoteAddr.getComponents().map(({ name }) => name);
  if (names.includes('webrtc')) return 'webrtc';
  return names.includes('p2p-circuit') ? 'relay' : 'direct';
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
