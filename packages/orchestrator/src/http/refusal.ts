/** Every way in which a request is refused: an HTTP status, a code for programs, a sentence for people. */
import type { ServerResponse } from 'node:http';
import type { ApiError } from '@murmuration/protocol/dashboard';

interface Kind {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const refusals = {
  badRequest: { status: 400, code: 'BAD_REQUEST', message: 'This is not an HTTP request that can be read.' },
  notFound: { status: 404, code: 'NOT_FOUND', message: 'There is nothing here. `/` is the run, `/join` takes part.' },
  noSuchMember: { status: 404, code: 'NO_SUCH_MEMBER', message: 'No member of that peer id was ever in this run.' },
  noSuchFile: { status: 404, code: 'NO_SUCH_FILE', message: 'The job names no data file of that hash.' },
  fileChanged: {
    status: 410,
    code: 'FILE_CHANGED',
    message: 'The data file is no longer what the job names. Tell the owner of the run.',
  },
  method: {
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    message: 'Only GET and HEAD are answered here.',
    headers: { allow: 'GET, HEAD' },
  },
  slow: { status: 408, code: 'TOO_SLOW', message: 'The request took too long to arrive. Send it again at once.' },
  body: { status: 413, code: 'BODY_REFUSED', message: 'No request here has a body. Send none.' },
  expectation: { status: 417, code: 'EXPECTATION_REFUSED', message: 'No request here has a body to wait for.' },
  longUrl: { status: 414, code: 'URL_TOO_LONG', message: 'The address is too long. Shorten it.' },
  largeHeaders: { status: 431, code: 'HEADERS_TOO_LARGE', message: 'The headers are too large. Send fewer.' },
  host: {
    status: 421,
    code: 'WRONG_HOST',
    message: 'This server does not go by that name. Use the address that it printed, or start it with --announce.',
  },
  origin: {
    status: 403,
    code: 'WRONG_ORIGIN',
    message: 'Pages of other sites may not connect here. Open /join instead.',
  },
  private: {
    status: 403,
    code: 'METRICS_PRIVATE',
    message: 'Metrics are answered to this machine and its private network, not through the public address.',
  },
  range: { status: 416, code: 'BAD_RANGE', message: 'The file has no such bytes.' },
  upgrade: {
    status: 426,
    code: 'UPGRADE_REFUSED',
    message: 'Only WebSocket connections of members lead on from here.',
  },
  noPeers: {
    status: 503,
    code: 'NO_COORDINATOR',
    message: 'Nobody coordinates this run now: there is nothing to join.',
  },
  rate: {
    status: 429,
    code: 'RATE_LIMITED',
    message: 'That was too many requests from one address. Wait, then go on.',
  },
  streams: {
    status: 429,
    code: 'TOO_MANY_STREAMS',
    message: 'Too many streams of events are open. Close some, then come back.',
    headers: { 'retry-after': '30' },
  },
  connections: {
    status: 429,
    code: 'TOO_MANY_CONNECTIONS',
    message: 'Too many connections are open from this address. Close some, then come back.',
    headers: { 'retry-after': '30' },
  },
  starting: {
    status: 503,
    code: 'STARTING',
    message: 'The run is being opened. Ask again in a moment.',
    headers: { 'retry-after': '1' },
  },
  unreadable: {
    status: 503,
    code: 'RUN_UNREADABLE',
    message: 'The run can not be read. The program that serves it says why.',
  },
  defect: {
    status: 500,
    code: 'DEFECT',
    message: 'The server failed at this. The run is not affected; please report it.',
  },
} as const satisfies Record<string, Kind>;

export type RefusalName = keyof typeof refusals;

/** A request that is not answered as asked. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  /** @param detail a sentence in place of the usual one */
  constructor(name: RefusalName, { detail, headers = {} }: { detail?: string; headers?: Record<string, string> } = {}) {
    const kind: Kind = refusals[name];
    super(detail ?? kind.message);
    this.status = kind.status;
    this.code = kind.code;
    this.headers = { ...kind.headers, ...headers };
  }

  get body(): string {
    const answer: ApiError = { error: { code: this.code, message: this.message } };
    return JSON.stringify(answer);
  }
}

/** A parameter of the query that makes no sense. */
export const badQuery = (detail: string): Refusal => new Refusal('badRequest', { detail });

const JSON_TYPE = 'application/json; charset=utf-8';

/** Answers with the refusal. `close`: the rest of the request is not wanted, so its connection goes with it. */
export function refuse(response: ServerResponse, refusal: Refusal, { close = false } = {}): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(refusal.body);
  response.writeHead(refusal.status, {
    ...refusal.headers,
    'content-type': JSON_TYPE,
    'content-length': body.length,
    'cache-control': 'no-store',
    ...(close ? { connection: 'close' } : {}),
  });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** The same as bytes, for a socket whose request could not even be read. */
export function rawRefusal(refusal: Refusal, headers: Readonly<Record<string, string>>): string {
  const body = refusal.body;
  const all = {
    ...headers,
    ...refusal.headers,
    'content-type': JSON_TYPE,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${refusal.status} Refused\r\n${lines.join('')}\r\n${body}`;
}
