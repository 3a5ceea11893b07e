/**
 * What every request passes before anything looks at it: who asks, by which name, how often, with what. Here alone is
 * decided which address a request counts for.
 */
import type { IncomingMessage } from 'node:http';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { isLoopback, isOwnNetwork, plainAddress, rateKey } from './address.ts';
import { MAX_URL, REQUEST_WINDOW_SECONDS, REQUESTS_PER_WINDOW } from './limits.ts';
import { Refusal } from './refusal.ts';

export interface GateOptions {
  /** The host that the server is bound to. */
  readonly host: string;
  /** The public origin that a proxy or a name service gives it. */
  readonly announce: URL | null;
  /** A reverse proxy stands in front, on this machine or its private network, and says for whom it asks. */
  readonly behindProxy: boolean;
}

/** `name`, `name:port` or `[v6]:port` as its host name in lower case; null for anything else. */
function hostName(header: string | undefined): string | null {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]{1,253}))(?::\d{1,5})?$/i.exec(header ?? '') ?? [];
  return (bracketed ?? plain)?.toLowerCase() ?? null;
}

export class Gate {
  readonly #options: GateOptions;
  readonly #rate = new RateLimiterMemory({ points: REQUESTS_PER_WINDOW, duration: REQUEST_WINDOW_SECONDS });

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** The address that a request counts for: the caller's, or the one that its proxy names last. */
  #addressOf(request: IncomingMessage): string {
    const peer = plainAddress(request.socket.remoteAddress ?? '');
    const forwarded = request.headers['x-forwarded-for'];
    if (!this.#options.behindProxy || typeof forwarded !== 'string' || !isOwnNetwork(peer)) return peer;
    return plainAddress(forwarded.split(',').at(-1)?.trim() ?? peer);
  }

  /** What is counted together: an address, or the /64 that one IPv6 subscriber has. */
  keyOf(request: IncomingMessage): string {
    return rateKey(this.#addressOf(request));
  }

  /** Nobody's proxy stands between: the request comes from this machine or its private network itself. */
  isOwn(request: IncomingMessage): boolean {
    return request.headers['x-forwarded-for'] === undefined && isOwnNetwork(request.socket.remoteAddress ?? '');
  }

  /** Why the request is refused; null when it may go on. */
  async check(request: IncomingMessage): Promise<Refusal | null> {
    return (await this.#pace(request)) ?? this.#form(request) ?? this.#host(request);
  }

  /** As {@link check}, for a request that asks to become a WebSocket: browsers send those across sites. */
  async checkUpgrade(request: IncomingMessage): Promise<Refusal | null> {
    return (await this.check(request)) ?? this.#origin(request);
  }

  #form({ method, url = '', headers }: IncomingMessage): Refusal | null {
    if (method !== 'GET' && method !== 'HEAD') return new Refusal('method');
    if (url.length > MAX_URL) return new Refusal('longUrl');
    if (!/^\/[!-~]*$/.test(url)) return new Refusal('badRequest');
    if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0')
      return new Refusal('body');
    return null;
  }

  /** A page elsewhere whose name was made to point here (DNS rebinding) asks by its own name. */
  #host({ headers }: IncomingMessage): Refusal | null {
    const { host, announce } = this.#options;
    const name = hostName(headers.host);
    if (name === null) return new Refusal('badRequest', { detail: 'The request names no host.' });
    const known = !isLoopback(host) || isLoopback(name) || name === announce?.hostname.replaceAll(/[[\]]/g, '');
    return known ? null : new Refusal('host');
  }

  #origin({ headers }: IncomingMessage): Refusal | null {
    const { origin, host } = headers;
    if (origin === undefined || origin === this.#options.announce?.origin) return null;
    return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase() ? null : new Refusal('origin');
  }

  async #pace(request: IncomingMessage): Promise<Refusal | null> {
    try {
      await this.#rate.consume(this.keyOf(request));
      return null;
    } catch (spent) {
      if (!(spent instanceof RateLimiterRes)) throw spent;
      const seconds = Math.max(1, Math.ceil(spent.msBeforeNext / 1000));
      return new Refusal('rate', { headers: { 'retry-after': String(seconds) } });
    }
  }
}
