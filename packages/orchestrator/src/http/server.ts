/**
 * The HTTP server itself: its socket, its limits on connections and slow requests, and the order in which a request passes
 * gate, routes or upgrade. It holds nothing of a run.
 */
import { getRequestListener } from '@hono/node-server';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerOptions, ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Hono } from 'hono';
import type { HttpBindings } from '@hono/node-server';
import { hostAndPort, rateKey } from './address.ts';
import type { HttpAddress } from './address.ts';
import { OpenCounter } from './counter.ts';
import { HttpListenError, HttpPortTakenError } from './errors.ts';
import type { Gate } from './gate.ts';
import { securityHeaders } from './headers.ts';
import {
  HANDSHAKE_MS,
  HEADERS_TIMEOUT_MS,
  IDLE_MS,
  KEEP_ALIVE_MS,
  MAX_CONNECTIONS,
  MAX_CONNECTIONS_PER_ADDRESS,
  MAX_HEADER_BYTES,
  MAX_HEADERS,
  REQUEST_TIMEOUT_MS,
  SLOW_CHECK_MS,
} from './limits.ts';
import { rawRefusal, Refusal, refuse } from './refusal.ts';
import type { RefusalName } from './refusal.ts';
import type { Upgrades } from './upgrade.ts';

/** A certificate with its key, PEM. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

export interface ServerParts {
  readonly address: HttpAddress;
  readonly patience: Patience;
  readonly tls: TlsPair | null;
  readonly gate: Gate;
  readonly app: Hono<{ Bindings: HttpBindings }>;
  readonly upgrades: Upgrades;
  /** Behind a proxy all connections come from one address. */
  readonly behindProxy: boolean;
  /** Told of each request, and of the status of each refusal, for the metrics. */
  readonly requested: () => void;
  readonly refused: (status: number) => void;
  readonly defect: (error: unknown) => void;
}

/** How long a request may take to arrive, and how often that is looked at. */
export interface Patience {
  readonly headersMs: number;
  readonly requestMs: number;
  readonly checkMs: number;
}

export const usualPatience: Patience = {
  headersMs: HEADERS_TIMEOUT_MS,
  requestMs: REQUEST_TIMEOUT_MS,
  checkMs: SLOW_CHECK_MS,
};

const serverOptions = ({ headersMs, requestMs, checkMs }: Patience): ServerOptions => ({
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: headersMs,
  requestTimeout: requestMs,
  connectionsCheckingInterval: checkMs,
  keepAliveTimeout: KEEP_ALIVE_MS,
  insecureHTTPParser: false,
  joinDuplicateHeaders: false,
});

/** What the parser found wrong, as a refusal. */
const parserRefusals: Readonly<Record<string, RefusalName>> = {
  HPE_HEADER_OVERFLOW: 'largeHeaders',
  ERR_HTTP_REQUEST_TIMEOUT: 'slow',
};

export class PageServer {
  readonly #parts: ServerParts;
  readonly #server: Server;
  readonly #connections: OpenCounter;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    const perKey = parts.behindProxy ? MAX_CONNECTIONS : MAX_CONNECTIONS_PER_ADDRESS;
    this.#connections = new OpenCounter({ limit: MAX_CONNECTIONS, perKey });
    const routes = getRequestListener(parts.app.fetch, { overrideGlobalObjects: false });
    this.#server = this.#create((request, response) => {
      this.#answer(request, response, routes).catch((error: unknown) => {
        parts.defect(error);
        refuse(response, new Refusal('defect'), { close: true });
      });
    });
    this.#guard();
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#connections.total;
  }

  /** Begins to listen; resolves with the port. @throws HttpPortTakenError, HttpListenError */
  listen(): Promise<number> {
    const { address } = this.#parts;
    return new Promise((resolve, reject) => {
      const failed = (cause: NodeJS.ErrnoException): void => {
        const text = hostAndPort(address);
        reject(
          cause.code === 'EADDRINUSE'
            ? new HttpPortTakenError({ address: text, cause })
            : new HttpListenError({ address: text, why: cause.message, cause }),
        );
      };
      this.#server.once('error', failed);
      this.#server.listen({ ...address, backlog: 1024 }, () => {
        this.#server.off('error', failed);
        this.#server.on('error', this.#parts.defect);
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Stops listening and ends every connection; answers under way get a moment. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    this.#parts.upgrades.close();
    const force = setTimeout(() => this.#server.closeAllConnections(), 500);
    await closed;
    clearTimeout(force);
  }

  #create(listener: RequestListener): Server {
    const { tls, patience } = this.#parts;
    const options = serverOptions(patience);
    const server =
      tls === null
        ? createHttpServer(options, listener)
        : createHttpsServer(
            {
              ...options,
              ...tls,
              minVersion: 'TLSv1.2',
              handshakeTimeout: HANDSHAKE_MS,
              ALPNProtocols: ['http/1.1'],
            },
            listener,
          );
    server.maxHeadersCount = MAX_HEADERS;
    return server.setTimeout(IDLE_MS);
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    routes: ReturnType<typeof getRequestListener>,
  ): Promise<void> {
    const { gate, requested, refused } = this.#parts;
    requested();
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    // Who goes away in the middle of an answer ends that answer and nothing else.
    response.on('error', () => response.destroy());
    response.once('finish', () => {
      if (response.statusCode >= 400) refused(response.statusCode);
    });
    const refusal = await gate.check(request);
    if (refusal === null) return routes(request, response);
    refuse(response, refusal, { close: true });
  }

  /** Sockets that never become a request, or become something else. */
  #guard(): void {
    const { upgrades, refused } = this.#parts;
    const turnAway = (socket: Duplex, name: RefusalName): void => {
      // Node has let go of some of these sockets; one that breaks unheard would end the whole thread.
      socket.on('error', () => socket.destroy());
      const refusal = new Refusal(name);
      refused(refusal.status);
      if (socket.writable) socket.end(rawRefusal(refusal, securityHeaders));
      else socket.destroy();
    };
    this.#server.on('connection', (socket: Socket) => {
      const release = this.#connections.take(rateKey(socket.remoteAddress ?? ''));
      if (release !== null) {
        socket.once('close', release);
        return;
      }
      socket.on('error', () => socket.destroy());
      if (this.#parts.tls === null) turnAway(socket, 'connections');
      socket.destroySoon();
    });
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
      if (error.code === 'ECONNRESET') socket.destroy();
      else turnAway(socket, parserRefusals[error.code ?? ''] ?? 'badRequest');
    });
    this.#server.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#server.on('checkContinue', (_request, response) => refuse(response, new Refusal('body'), { close: true }));
    this.#server.on('checkExpectation', (_request, response) =>
      refuse(response, new Refusal('expectation'), { close: true }),
    );
    this.#server.on('connect', (_request, socket) => turnAway(socket, 'method'));
    this.#server.on('upgrade', (request, socket, head) => {
      upgrades.take(request, socket, head).catch((error: unknown) => {
        this.#parts.defect(error);
        socket.destroy();
      });
    });
  }
}
