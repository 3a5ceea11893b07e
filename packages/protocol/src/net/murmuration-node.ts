/** What the rest of the program knows of a libp2p node: the same face in Node and in a page. */
import type { Secp256k1PrivateKey, Stream } from '@libp2p/interface';
import type { PeerId } from '../core/ids.ts';
import type { Milliseconds } from '../core/units.ts';
import type { MemberInfo } from '../wire/control.ts';
import type { PeerFaultError } from './errors.ts';
import type { NetTimeouts } from './limits.ts';
import type { PeerFaults } from './peer-faults.ts';

/** What every node is made of, wherever it runs. */
export interface CommonNodeOptions {
  readonly privateKey: Secp256k1PrivateKey;
  /**
   * The coordinator of the run that this node joins: dialled at exactly these addresses, and the one relay that is used.
   * Without one there is no relayed path.
   */
  readonly coordinator?: MemberInfo;
  readonly failureTimeout: Milliseconds;
}

/** Called for each inbound stream of a protocol. What it throws or rejects with resets the stream. */
export type StreamListener = (stream: Stream, peer: PeerId) => void | Promise<void>;

/** How a connection goes, the best first. */
export type PathKind = 'direct' | 'webrtc' | 'relay';

const ranks: readonly (PathKind | null)[] = ['direct', 'webrtc', 'relay', null];

/** Whether one path is to be preferred to another; null is none at all. */
export const isBetter = (path: PathKind | null, than: PathKind | null): boolean =>
  ranks.indexOf(path) < ranks.indexOf(than);

export interface MurmurationNode {
  readonly peerId: PeerId;
  readonly privateKey: Secp256k1PrivateKey;
  /** Time-outs of new dials, streams and sends. */
  readonly timeouts: NetTimeouts;
  readonly faults: PeerFaults;
  /** Derives the time-outs anew: a worker learns the job's `failureTimeout` when its node is up already. */
  useFailureTimeout(failureTimeout: Milliseconds): void;
  /** Where others can dial this node, each with `/p2p/<peerId>`; empty for one that can only be reached by what it opened. */
  addresses(): string[];
  /**
   * Reserves a place at the coordinator's relay, so that members who cannot dial this node reach it all the same. Call it
   * on each new connection to the coordinator; a page's `addresses()` are empty before.
   * @throws RelayRefusedError
   */
  reserve(signal?: AbortSignal): Promise<void>;
  /** Serves a protocol. `maxStreams` bounds the inbound streams of one connection. */
  serve(protocol: string, maxStreams: number, listener: StreamListener): Promise<void>;
  /**
   * Opens a stream to a member over the best connection that there is, or a new one.
   * @throws DialFailedError, ProtocolMismatchError
   */
  open(member: MemberInfo, protocol: string, signal?: AbortSignal): Promise<Stream>;
  /** The best path that is open to the peer now; null: none. */
  path(peer: PeerId): PathKind | null;
  /** Calls back when the last connection with a peer has closed. Returns what stops that. */
  onDisconnect(listener: (peer: PeerId) => void): () => void;
  /** Counts a fault, tells the listeners of {@link onFault}, and disconnects the peer. */
  fault(peer: PeerId, fault: PeerFaultError): void;
  onFault(listener: (peer: PeerId, fault: PeerFaultError) => void): () => void;
  isConnected(peer: PeerId): boolean;
  disconnect(peer: PeerId): Promise<void>;
  stop(): Promise<void>;
}
