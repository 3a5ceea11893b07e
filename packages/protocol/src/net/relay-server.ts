/** The coordinator's end of the relay: libp2p's circuit relay, without its limits for members and closed to strangers. */
import {
  circuitRelayServer,
  RELAY_V2_HOP_CODEC,
  RELAY_V2_STOP_CODEC,
  type CircuitRelayServerComponents,
  type CircuitRelayService,
} from '@libp2p/circuit-relay-v2';
import type { Connection, ConnectionGater, Libp2p, PeerId as Libp2pPeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { PeerId } from '../core/ids.ts';
import { textOf } from './libp2p-options.ts';
import { MAX_CONNECTIONS, MAX_RELAYED, MAX_RELAYED_BY_MEMBER } from './limits.ts';
import type { RelayRoster } from './relay-roster.ts';

const relayProtocols: readonly (string | undefined)[] = [RELAY_V2_HOP_CODEC, RELAY_V2_STOP_CODEC];

export class RelayServer {
  readonly #roster: RelayRoster;
  #service: CircuitRelayService | null = null;
  #libp2p: Libp2p | null = null;

  constructor(roster: RelayRoster) {
    this.#roster = roster;
    roster.onLeave((peer) => this.#drop(peer));
  }

  /** What `createLibp2p` takes as a service. */
  readonly service = (components: CircuitRelayServerComponents): CircuitRelayService => {
    this.#service = circuitRelayServer({
      maxInboundHopStreams: MAX_RELAYED_BY_MEMBER,
      maxOutboundStopStreams: MAX_RELAYED_BY_MEMBER,
      reservations: { maxReservations: MAX_CONNECTIONS, applyDefaultLimit: false },
    })(components);
    return this.#service;
  };

  readonly gater: ConnectionGater = {
    denyInboundRelayReservation: (peer) => !this.#roster.mayReserve(textOf(peer)),
    denyOutboundRelayedConnection: (from: Libp2pPeerId, to: Libp2pPeerId) =>
      this.#relayed() > MAX_RELAYED || !this.#roster.mayConnect(textOf(from), textOf(to)),
  };

  use(libp2p: Libp2p): void {
    this.#libp2p = libp2p;
  }

  /** Relayed connections at this moment, the one asked for included. */
  #relayed(): number {
    return this.#streams(this.#libp2p?.getConnections() ?? []).filter(
      ({ protocol, direction }) => protocol === RELAY_V2_HOP_CODEC && direction === 'inbound',
    ).length;
  }

  #drop(peer: PeerId): void {
    const id = peerIdFromString(peer);
    this.#service?.reservations.delete(id);
    const gone = new Error('the peer has left the run');
    for (const stream of this.#streams(this.#libp2p?.getConnections(id) ?? []))
      if (relayProtocols.includes(stream.protocol)) stream.abort(gone);
  }

  #streams(connections: readonly Connection[]): Connection['streams'] {
    return connections.flatMap(({ streams }) => streams);
  }
}
