/**
 * One port for pages and peers: a WebSocket upgrade is passed on, byte for byte, to the coordinator's own listener on the
 * loopback interface, which answers it. Nothing of it is understood here but its request.
 */
import type { IncomingMessage } from 'node:http';
import { connect, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HttpAddress } from './address.ts';
import { OpenCounter } from './counter.ts';
import { securityHeaders } from './headers.ts';
import { IDLE_MS, MAX_UPGRADES, MAX_UPGRADES_PER_ADDRESS, UPGRADE_DIAL_MS } from './limits.ts';
import { rawRefusal, Refusal } from './refusal.ts';

export interface UpgradePorts {
  /** The coordinator's listener; null while there is none. */
  readonly target: () => HttpAddress | null;
  /** What connections are counted by. */
  readonly keyOf: (request: IncomingMessage) => string;
  /** Why a request may not pass; null when it may. */
  readonly check: (request: IncomingMessage) => Promise<Refusal | null>;
}

/** What the listener needs to see of the request. Whatever else a stranger sends stays here. */
const passedOn = [
  'upgrade',
  'connection',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
] as const;

/** The request as the listener gets it. */
function requestHead({ headers }: IncomingMessage, { host, port }: HttpAddress): string {
  const lines = passedOn.flatMap((name) =>
    typeof headers[name] === 'string' ? [`${name}: ${headers[name]}\r\n`] : [],
  );
  return `GET / HTTP/1.1\r\nhost: ${host}:${port}\r\n${lines.join('')}\r\n`;
}

const isWebSocket = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === 'websocket' && /^[\w+/]{22}==$/.test(headers['sec-websocket-key'] ?? '');

/** Answers in place of the listener, and closes. */
function turnAway(socket: Duplex, refusal: Refusal): void {
  socket.end(rawRefusal(refusal, securityHeaders));
}

/** Closes once what was said has gone out, and anyway when nobody takes it. */
function leave(socket: Duplex): void {
  if (!(socket instanceof Socket)) return void socket.destroy();
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  return socket.destroySoon();
}

export class Upgrades {
  readonly #ports: UpgradePorts;
  readonly #open = new OpenCounter({ limit: MAX_UPGRADES, perKey: MAX_UPGRADES_PER_ADDRESS });
  readonly #pairs = new Set<Duplex>();

  constructor(ports: UpgradePorts) {
    this.#ports = ports;
  }

  get open(): number {
    return this.#open.total;
  }

  /** Takes a socket whose request asked for an upgrade. @param head what came behind the request */
  async take(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // A stranger's socket may break at any moment; that ends it and nothing else.
    socket.on('error', () => socket.destroy());
    const refusal = isWebSocket(request) ? await this.#ports.check(request) : new Refusal('upgrade');
    if (refusal !== null) return turnAway(socket, refusal);
    const target = this.#ports.target();
    if (target === null) return turnAway(socket, new Refusal('noPeers'));
    const release = this.#open.take(this.#ports.keyOf(request));
    if (release === null) return turnAway(socket, new Refusal('connections'));
    this.#join(socket, connect(target), Buffer.concat([Buffer.from(requestHead(request, target)), head]), release);
  }

  /** Ends all connections. */
  close(): void {
    for (const socket of this.#pairs) socket.destroy();
  }

  #join(outside: Duplex, inside: Socket, first: Buffer, release: () => void): void {
    this.#pairs.add(outside);
    let reached = false;
    inside.setNoDelay(true).setTimeout(UPGRADE_DIAL_MS, () => inside.destroy());
    inside.once('connect', () => {
      reached = true;
      inside.setTimeout(0);
      inside.write(first);
      inside.pipe(outside).pipe(inside);
    });
    inside.on('error', () => inside.destroy());
    inside.once('close', () => {
      if (reached) leave(outside);
      else turnAway(outside, new Refusal('noPeers'));
    });
    outside.once('close', () => {
      release();
      this.#pairs.delete(outside);
      inside.destroy();
    });
  }
}
