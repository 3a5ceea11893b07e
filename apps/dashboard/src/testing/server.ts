/**
 * Serves the built pages with a made-up run behind them, under the same security headers as a coordinator: what the pages
 * are developed, tested and photographed with.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { ApiError, RunChange } from '@murmuration/protocol/dashboard';
import type { MockRun } from './mock-run.ts';

const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'x-content-type-options': 'nosniff',
} as const;

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

export interface MockServerOptions {
  readonly run: MockRun;
  /** The folder that `buildPages` answers. */
  readonly pages: string;
  readonly port?: number;
}

export class MockServer implements AsyncDisposable {
  readonly run: MockRun;
  /** Set, every question about the run is refused with it. */
  refusal: { readonly status: number; readonly body: ApiError } | null = null;
  /** Every path that was asked for. */
  readonly asked: string[] = [];
  readonly #pages: string;
  readonly #server: Server;
  readonly #streams = new Set<ServerResponse>();
  readonly #ended = new AbortController();

  private constructor({ run, pages }: MockServerOptions) {
    this.run = run;
    this.#pages = pages;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(options: MockServerOptions): Promise<MockServer> {
    const server = new MockServer(options);
    await new Promise<void>((resolve) => void server.#server.listen(options.port ?? 0, '127.0.0.1', resolve));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Streams that pages hold open. */
  get watchers(): number {
    return this.#streams.size;
  }

  /** Tells every page what changed. */
  send(change: RunChange): void {
    for (const stream of this.#streams) writeEvent(stream, 'change', change, change.sequence);
  }

  /** Commits rounds and tells the pages, so many times a second, until the server is closed. */
  async keepGoing(perSecond: number): Promise<void> {
    while (!this.#ended.signal.aborted) {
      this.send(this.run.advance());
      await sleep(1000 / perSecond, undefined, { signal: this.#ended.signal }).catch(() => undefined);
    }
  }

  /** Cuts all streams, as a network does. */
  cutStreams(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    this.#server.closeAllConnections();
    await new Promise((resolve) => void this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin);
    this.asked.push(url.pathname);
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    if (url.pathname.startsWith('/api/')) return this.#answerApi(url, response);
    const file =
      url.pathname === '/' || url.pathname.startsWith('/members/')
        ? '/index.html'
        : url.pathname.replace(/^\/join\/?$/, '/join/index.html');
    const bytes = await readFile(join(this.#pages, normalize(file))).catch(() => null);
    if (bytes === null) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' }).end(bytes);
  }

  #answerApi(url: URL, response: ServerResponse): void {
    if (this.refusal !== null) return json(response, this.refusal.body, this.refusal.status);
    if (url.pathname === apiPaths.events) return this.#stream(response);
    const answer = this.#find(url);
    if (answer !== null) return json(response, answer);
    json(
      response,
      { error: { code: 'NOT_FOUND', message: 'The run has nothing of that name. Check the address.' } },
      404,
    );
  }

  #find({ pathname, searchParams, origin }: URL): unknown {
    const { run } = this;
    const [, peerId, work] = /^\/api\/members\/([^/]+)(\/work)?$/.exec(pathname) ?? [];
    if (peerId !== undefined) return work === undefined ? run.member(peerId) : run.work(peerId, searchParams);
    const answers: Readonly<Record<string, () => unknown>> = {
      [apiPaths.run]: () => run.snapshot(),
      [apiPaths.curve]: () => run.curve(searchParams),
      [apiPaths.members]: () => run.members(searchParams),
      [apiPaths.rounds]: () => run.rounds(searchParams),
      [apiPaths.log]: () => run.log(searchParams),
      [apiPaths.join]: () => run.joinOffer(origin),
    };
    return answers[pathname]?.() ?? null;
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    writeEvent(response, 'snapshot', this.run.snapshot(), this.run.snapshot().sequence);
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
  }
}

function json(response: ServerResponse, body: unknown, status = 200): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(body));
}

const writeEvent = (stream: ServerResponse, event: string, data: unknown, id: number): boolean =>
  stream.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
