/** A member's end of the coordinator's relay: the transport, and the reservation that lets others come in by it. */
import {
  circuitRelayTransport,
  RELAY_V2_STOP_CODEC,
  type CircuitRelayTransportComponents,
} from '@libp2p/circuit-relay-v2';
import type { Libp2p, Listener, StreamMiddleware, Transport } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { PeerId } from '../core/ids.ts';
import { RelayRefusedError } from './errors.ts';
import { MAX_RELAYED_BY_MEMBER } from './limits.ts';
import { relayed } from './paths.ts';

/** libp2p's tag on peers that it redials by itself. Who redials the coordinator, and when, is the member machine's decision. */
const KEEP_ALIVE = 'keep-alive-circuit-relay';

export class RelayClient {
  readonly #relay: PeerId;
  #components: CircuitRelayTransportComponents | null = null;
  #listener: Listener | null = null;
  #reserved = false;

  constructor(relay: PeerId) {
    this.#relay = relay;
  }

  /** What `createLibp2p` takes as a transport. */
  readonly transport = (components: CircuitRelayTransportComponents): Transport => {
    this.#components = components;
    return circuitRelayTransport({
      maxInboundStopStreams: MAX_RELAYED_BY_MEMBER,
      maxOutboundStopStreams: MAX_RELAYED_BY_MEMBER,
    })(components);
  };

  /** Whether others can come in by the relay now. */
  get reserved(): boolean {
    return this.#reserved;
  }

  /** Minds the connection to the relay: a reservation ends with it, and nobody else may bring relayed connections. */
  watch(libp2p: Libp2p): void {
    // libp2p would make a reservation at whoever pretends to relay, before it asks the gater.
    const guard: StreamMiddleware = (stream, connection, next) => {
      // With each stream that comes in libp2p adds the protocol's handler to the list that it was given, and would call
      // it twice for the second stream, three times for the third: each stream has a list of its own.
      libp2p.use(RELAY_V2_STOP_CODEC, [guard]);
      if (stream.direction === 'outbound' || connection.remotePeer.toString() === this.#relay) next(stream, connection);
      else stream.abort(new Error('this peer is not the relay'));
    };
    libp2p.use(RELAY_V2_STOP_CODEC, [guard]);
    libp2p.addEventListener('peer:disconnect', ({ detail }) => {
      if (detail.toString() === this.#relay) this.#reserved = false;
    });
  }

  /** Reserves a place, or renews it on a new connection. @throws RelayRefusedError */
  async reserve(signal: AbortSignal): Promise<void> {
    const { transportManager, peerStore } = this.#components!;
    await this.#listener?.close();
    const before = new Set(transportManager.getListeners());
    try {
      await within(signal, transportManager.listen([relayed(this.#relay, '')]));
      this.#reserved = true;
      await peerStore.merge(peerIdFromString(this.#relay), { tags: { [KEEP_ALIVE]: undefined } });
    } catch (cause) {
      throw new RelayRefusedError({ relay: this.#relay, cause });
    } finally {
      this.#listener = transportManager.getListeners().find((listener) => !before.has(listener)) ?? null;
    }
  }
}

/** The listener bounds its own time; this lets a caller that has given up go on at once. */
function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort));
}
