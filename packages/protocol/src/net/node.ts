/** Nodes in Node: TCP and WebSocket, TLS between Node peers and noise for everyone, and the coordinator's relay. */
import type { Listener } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { tls } from '@libp2p/tls';
import { createLibp2p, type Libp2pOptions } from 'libp2p';
import { parseAddress } from './address.ts';
import type { Door } from './door.ts';
import { ListenFailedError, PortTakenError } from './errors.ts';
import { guardedWebSockets } from './guarded-web-sockets.ts';
import { Libp2pNode } from './libp2p-node.ts';
import { commonGater, commonOptions, commonServices } from './libp2p-options.ts';
import { netTimeouts } from './limits.ts';
import type { CommonNodeOptions, MurmurationNode } from './murmuration-node.ts';
import { nearestTo, type Standpoint } from './paths.ts';
import { PeerFaults } from './peer-faults.ts';
import { RelayClient } from './relay-client.ts';
import type { RelayRoster } from './relay-roster.ts';
import { RelayServer } from './relay-server.ts';

export interface NodeOptions extends CommonNodeOptions {
  /** Multiaddrs to listen on; empty for a node that only dials. */
  readonly listen: readonly string[];
  /** What others are told to dial in place of the addresses listened on (behind a NAT or a proxy). */
  readonly announce?: readonly string[];
  /** What others are told besides: addresses that lead here by another program, as a reverse proxy does. */
  readonly alsoAnnounce?: readonly string[];
  /** PEM texts for listeners on wss addresses. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Whom this node relays for; without it, for nobody. */
  readonly relay?: RelayRoster;
  /** A listener for this machine's programs beside `listen`, told to nobody. */
  readonly door?: Door;
  /** Where libp2p reports its figures, as made by `prometheusMetrics({ registry })`. */
  readonly metrics?: NonNullable<Libp2pOptions['metrics']>;
}

/** A node that listens. */
export interface ListeningNode extends MurmurationNode {
  /** Where it does listen, whatever is announced; each with `/p2p/<peerId>`. */
  listening(): string[];
}

/** @throws BadAddressError, PortTakenError, ListenFailedError */
export async function createNode(options: NodeOptions): Promise<ListeningNode> {
  const { privateKey, coordinator, listen, announce = [], alsoAnnounce = [], door, metrics } = options;
  for (const address of [...listen, ...announce, ...alsoAnnounce]) parseAddress(address);
  const faults = new PeerFaults();
  const timeouts = netTimeouts(options.failureTimeout);
  const relay = coordinator === undefined ? null : new RelayClient(coordinator.peerId);
  const server = options.relay === undefined ? null : new RelayServer(options.relay);
  const libp2p = await createLibp2p({
    ...commonOptions(options, timeouts),
    addresses: {
      listen: [...listen, ...(door?.extra(listen) ?? [])],
      announce: [...announce],
      appendAnnounce: [...alsoAnnounce],
    },
    transports: [
      tcp(),
      guardedWebSockets(options.tls === undefined ? {} : { https: options.tls }),
      ...(relay === null ? [] : [relay.transport]),
    ],
    connectionEncrypters: [tls(), noise()],
    services: { ...commonServices, ...(server === null ? {} : { relay: server.service }) },
    connectionGater: { ...commonGater(options, faults), ...server?.gater },
    ...(metrics === undefined ? {} : { metrics }),
  });
  server?.use(libp2p);
  door?.watch(libp2p);
  const listeners = new Set<Listener>();
  libp2p.addEventListener('transport:listening', ({ detail }) => listeners.add(detail));
  try {
    await libp2p.start();
  } catch (cause) {
    await libp2p.stop();
    throw listenError(listen, cause);
  }
  const isTold = (address: string): boolean => !address.includes('/p2p-circuit') && door?.hides(address) !== true;
  const addresses = (): string[] => libp2p.getMultiaddrs().map(String).filter(isTold);
  const listening = (): string[] =>
    [...listeners]
      .flatMap((listener) => listener.getAddrs().map((address) => `${address}/p2p/${libp2p.peerId}`))
      .filter(isTold);
  const standpoint = standpointOf(options);
  const node = new Libp2pNode({ libp2p, privateKey, timeouts, faults, standpoint, relay, addresses });
  return Object.assign(node, { listening });
}

/** A machine's own network is open to it as it is to its user; its loopback only when the coordinator is there too. */
function standpointOf({ coordinator }: NodeOptions): Standpoint {
  const near = coordinator === undefined ? 'loopback' : nearestTo(coordinator);
  return {
    kinds: new Set(['tcp', 'ws', 'wss', 'relay']),
    nearest: near === 'loopback' ? 'loopback' : 'private',
    coordinator: coordinator ?? null,
  };
}

/** libp2p reports every failed listener in one text, a line `  <address>: <system error>` each. */
function listenError(listen: readonly string[], cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  const failed = listen.find((address) => text.includes(`\n  ${address}:`)) ?? listen[0] ?? '(no address)';
  if (text.includes('EADDRINUSE')) return new PortTakenError({ address: failed, cause });
  return new ListenFailedError({ address: failed, cause });
}
