/** A server of pages in the test's own process, over a run that the test makes up, and sockets that say anything. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { runId } from '@murmuration/protocol';
import type { PeerId } from '@murmuration/protocol';
import type { ApiError, MemberDetail, MemberRow, Page, RunChange, RunSnapshot } from '@murmuration/protocol/dashboard';
import type { Coordination, FromServer, ThreadOptions } from './messages.ts';
import { PageService } from './page-service.ts';
import { usualPatience } from './server.ts';
import type { Patience } from './server.ts';
import type { RunView } from './run-view.ts';

export const aPeer = '16Uiu2HAmJ5qxMNJZJPWewKggeLyw9BPZJTc37LU1cDrrCv8K4LE7' as PeerId;

const page = <Row>(rows: readonly Row[]): Page<Row> => ({ rows, total: rows.length, next: null });

/** A run of as many rounds as the test says. It keeps the last few changes, as the real one does. */
export class FakeRun implements RunView {
  #round = 0;
  closed = false;
  /** Changes further back than so many are forgotten. */
  kept = 2000;
  live = true;
  /** Rounds that have happened and were not read. */
  waiting = 0;
  /** Filler of every change, in characters. */
  weight = 0;

  get sequence(): number {
    return this.#round;
  }

  get standing(): string {
    return `${this.live}`;
  }

  snapshot(): RunSnapshot {
    return {
      head: {
        runId: runId('test-20260101-00000000'),
        name: 'test',
        model: 'mlp',
        parameters: 10,
        targetRounds: 100,
        microBatch: 4,
        microBatches: 2,
        numerics: 'exact',
        payment: null,
        startedAt: 0,
      },
      figures: this.#figures(),
      members: [],
      memberCount: 0,
      rounds: [],
      log: [],
      live: this.live,
      read: 1,
      fault: null,
      sequence: this.#round,
    };
  }

  changesSince(sequence: number): RunChange | null {
    if (sequence > this.#round || this.#round - sequence > this.kept) return null;
    return {
      figures: this.#figures(),
      members: [],
      memberCount: 0,
      rounds: [],
      log: [],
      points: [],
      cut: [],
      live: this.live,
      read: 1,
      fault: null,
      sequence: this.#round,
    };
  }

  advance(): boolean {
    this.#round += this.waiting;
    this.waiting = 0;
    return false;
  }

  member(peer: PeerId): MemberDetail | null {
    return peer === aPeer ? ({ peerId: aPeer } as MemberDetail) : null;
  }

  curve: RunView['curve'] = ({ curve, x = 'round' }) => ({ curve, axis: x, x: [], y: [], low: [], high: [] });
  members: RunView['members'] = () => page<MemberRow>([]);
  work: RunView['work'] = () => page([]);
  rounds: RunView['rounds'] = () => page([]);
  log: RunView['log'] = () => page([]);

  close(): void {
    this.closed = true;
  }

  #figures(): RunSnapshot['figures'] {
    return {
      phase: 'training',
      reason: 'x'.repeat(this.weight),
      round: this.#round,
      samples: 0,
      trainLoss: null,
      evaluation: null,
      stateHash: null,
      members: 0,
      samplesPerSecond: null,
      utilisation: null,
      bytesPerRound: null,
      roundMs: null,
      secondsLeft: null,
      spentWei: '0',
      committedWei: '0',
      restarts: 0,
      lastAt: 0,
      outcome: null,
    };
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An address of this machine to ask from. */
  readonly from?: string;
}

/** The code of a refusal; undefined where the answer is none. */
export const codeOf = ({ body }: Answer): string | undefined =>
  (JSON.parse(body.toString()) as Partial<ApiError>).error?.code;

/** A service that listens on a port of its own until it is disposed of. */
export class TestServer implements AsyncDisposable {
  readonly run = new FakeRun();
  readonly told: FromServer[] = [];
  readonly service: PageService;
  port = 0;

  private constructor(options: Partial<ThreadOptions>, patience: Patience) {
    this.service = new PageService(
      {
        directory: '/nowhere',
        address: { host: '127.0.0.1', port: 0 },
        tls: null,
        announce: null,
        behindProxy: false,
        besideRounds: false,
        ...options,
      },
      { openView: () => this.run, post: (message) => this.#hear(message), patience },
    );
  }

  static async start(
    options: Partial<ThreadOptions> = {},
    coordination: Coordination | null = null,
    patience: Patience = usualPatience,
  ): Promise<TestServer> {
    const server = new TestServer(options, patience);
    await server.service.start();
    server.service.handle({ type: 'open', coordination });
    return server;
  }

  /** Lets a round happen. */
  grow(): void {
    this.run.waiting += 1;
    this.service.handle({ type: 'grew' });
  }

  async ask(path: string, { method = 'GET', headers = {}, from = '127.0.0.1' }: Asked = {}): Promise<Answer> {
    const request = httpRequest({ port: this.port, host: '127.0.0.1', localAddress: from, path, method, headers });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
  }

  /** Sends bytes as they are; resolves with everything that comes back until the server closes. */
  async say(bytes: string | Uint8Array): Promise<string> {
    const socket = connect(this.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(bytes);
    return text(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.close();
  }

  #hear(message: FromServer): void {
    this.told.push(message);
    if (message.type === 'listening') this.port = message.port;
    if (message.type === 'metricsWanted') this.service.handle({ type: 'metrics', id: message.id, text: 'own 1\n' });
  }
}
