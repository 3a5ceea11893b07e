/**
 * Everything that the server's thread holds: the run that it reads, the pages, the streams, the socket. It knows no thread;
 * whoever has it passes messages in and out.
 */
import type { IncomingMessage } from 'node:http';
import { MurmurationError } from '@murmuration/protocol';
import type { TokenState } from '@murmuration/protocol/dashboard';
import { publicOrigin } from './address.ts';
import { createApp } from './app.ts';
import { DataFiles } from './data-files.ts';
import { EventStreams } from './events.ts';
import { Gate } from './gate.ts';
import { LAST_READ_MS, POLL_MS, READ_INTERVAL_MS, READ_SLICE_MS } from './limits.ts';
import { memberFigures } from './member-figures.ts';
import type { Coordination, FromServer, ThreadOptions, ToServer } from './messages.ts';
import { ServerMetrics } from './metrics.ts';
import { buildingPage, missingPage, readPages } from './pages.ts';
import type { PageFile, Pages } from './pages.ts';
import { RunNotBegunError } from '../dashboard/errors.ts';
import type { RunView } from './run-view.ts';
import { redactor } from './redact.ts';
import { TokenStore } from '../tokens/token-store.ts';
import { refusalSentence } from '../tokens/refusal-sentence.ts';
import type { Patience } from './server.ts';
import { PageServer, usualPatience } from './server.ts';
import { Snapshots } from './snapshots.ts';
import { Upgrades } from './upgrade.ts';

/** How long the coordinator's thread may take to say its own figures. */
const METRICS_PATIENCE_MS = 2000;

export interface ServicePorts {
  /** Opens the run in a directory for reading. */
  readonly openView: (directory: string) => RunView;
  readonly post: (message: FromServer) => void;
  readonly patience?: Patience;
}

const only = (page: PageFile): Pages => new Map([['/', page]]);

export class PageService {
  readonly #options: ThreadOptions;
  readonly #ports: ServicePorts;
  readonly #gate: Gate;
  readonly #events: EventStreams;
  readonly #metrics: ServerMetrics;
  readonly #upgrades: Upgrades;
  readonly #server: PageServer;
  /** Questions to the coordinator's thread that wait for their answer. */
  readonly #asked = new Map<number, (text: string) => void>();
  #questions = 0;
  #pages: Pages = only(buildingPage);
  #view: RunView | null = null;
  #tokens: TokenStore | null = null;
  #coordination: Coordination | null = null;
  #data = new DataFiles([]);
  #port = 0;
  #poll: NodeJS.Timeout | null = null;
  #reading: NodeJS.Immediate | null = null;
  /** The next look at the journal, when one is due. */
  #next: NodeJS.Timeout | null = null;
  #readAt = -Infinity;
  #standing = '';
  /** The run can't be opened. */
  #broken = false;
  /** What was said to be wrong: once is enough. */
  readonly #complaints = new Set<string>();

  constructor(options: ThreadOptions, ports: ServicePorts) {
    this.#options = options;
    this.#ports = ports;
    const announce = options.announce === null ? null : new URL(options.announce);
    const { behindProxy, address, tls } = options;
    this.#gate = new Gate({ host: address.host, announce, behindProxy });
    const redact = redactor(options.directory);
    const snapshots = new Snapshots(() => this.#view, redact);
    this.#events = new EventStreams(() => this.#view, snapshots, redact);
    this.#metrics = new ServerMetrics({
      run: () => snapshots.value(),
      members: () => (this.#view === null ? null : memberFigures(this.#view)),
      server: () => ({
        connections: this.#server.connections,
        streams: this.#events.clients,
        droppedStreams: this.#events.dropped,
        upgrades: this.#upgrades.open,
      }),
    });
    const keyOf = (request: IncomingMessage): string => this.#gate.keyOf(request);
    this.#upgrades = new Upgrades({
      target: () => this.#coordination?.peers ?? null,
      keyOf,
      check: (request) => this.#gate.checkUpgrade(request),
    });
    const defect = (error: unknown): void =>
      ports.post({ type: 'notice', line: `page server: ${error instanceof Error ? error.stack : String(error)}` });
    const app = createApp({
      snapshots,
      broken: () => this.#broken,
      view: () => this.#view,
      pages: () => this.#pages,
      events: this.#events,
      data: () => this.#data,
      joinFacts: () => this.#coordination?.facts ?? null,
      originOf: (request) => this.#originOf(request),
      keyOf,
      tokenState: (token) => this.#tokenState(token),
      redact,
      isOwn: (request) => this.#gate.isOwn(request),
      metrics: () => this.#metricsText(),
      defect,
    });
    this.#server = new PageServer({
      address,
      patience: ports.patience ?? usualPatience,
      tls,
      gate: this.#gate,
      app,
      upgrades: this.#upgrades,
      behindProxy,
      requested: () => this.#metrics.requested(),
      refused: (status) => this.#metrics.refused(status),
      defect,
    });
  }

  /** Begins to listen, and says where; what keeps it from that is said too. */
  async start(): Promise<void> {
    try {
      this.#port = await this.#server.listen();
      this.#ports.post({ type: 'listening', port: this.#port });
    } catch (error) {
      if (!(error instanceof MurmurationError)) throw error;
      const { code, mend, message } = error;
      this.#ports.post({ type: 'failed', code, message: message.slice(0, -mend.length).trimEnd(), mend });
    }
  }

  handle(message: Exclude<ToServer, { type: 'close' }>): void {
    if (message.type === 'open') this.#open(message.coordination);
    else if (message.type === 'grew') this.#readSoon();
    else if (message.type === 'pages') this.#pages = this.#pagesIn(message.directory);
    else this.#asked.get(message.id)?.(message.text);
  }

  /** Tells clients the rest, then ends everything. */
  async close(): Promise<void> {
    if (this.#poll !== null) clearInterval(this.#poll);
    if (this.#reading !== null) clearImmediate(this.#reading);
    if (this.#next !== null) clearTimeout(this.#next);
    this.#view?.advance(LAST_READ_MS);
    this.#events.changed();
    this.#events.close();
    await this.#server.close();
    this.#view?.close();
    this.#tokens?.[Symbol.dispose]();
  }

  #open(coordination: Coordination | null): void {
    this.#coordination = coordination;
    this.#data = new DataFiles(coordination?.files ?? []);
    this.#poll ??= setInterval(() => this.#read(), POLL_MS);
    this.#read();
  }

  /** The run, as soon as its first entry is there. */
  #opened(): RunView | null {
    try {
      this.#view ??= this.#ports.openView(this.#options.directory);
    } catch (error) {
      this.#broken = !(error instanceof RunNotBegunError);
      if (this.#broken) this.#complain(error);
    }
    return this.#view;
  }

  #pagesIn(directory: string | null): Pages {
    try {
      return directory === null ? only(missingPage) : readPages(directory);
    } catch (error) {
      this.#complain(error);
      return only(missingPage);
    }
  }

  #complain(error: unknown): void {
    const line = `page server: ${error instanceof Error ? error.message : String(error)}`;
    if (this.#complaints.has(line)) return;
    this.#complaints.add(line);
    this.#ports.post({ type: 'notice', line });
  }

  #readSoon(): void {
    const wait = this.#readAt + READ_INTERVAL_MS - performance.now();
    if (wait <= 0) this.#read();
    else
      this.#next ??= setTimeout(() => {
        this.#next = null;
        this.#read();
      }, wait);
  }

  /** Reads what is new in slices, with requests between them. */
  #read(): void {
    if (this.#reading !== null || this.#poll === null) return;
    const view = this.#opened();
    if (view === null) return;
    this.#readAt = performance.now();
    const { sequence } = view;
    const more = view.advance(READ_SLICE_MS);
    if (view.sequence !== sequence || view.standing !== this.#standing) this.#events.changed();
    this.#standing = view.standing;
    if (!more) return;
    this.#reading = setImmediate(() => {
      this.#reading = null;
      this.#read();
    });
  }

  #tokenState(token: string | null): TokenState {
    if (this.#coordination?.facts.tokenRequired !== true) return { good: true, reason: 'No token is asked for here.' };
    this.#tokens ??= TokenStore.find(this.#options.directory);
    const verdict = this.#tokens?.look(token, Date.now());
    if (verdict?.admitted === true) return { good: true, reason: 'The token lets you in.' };
    return {
      good: false,
      reason: verdict === undefined ? 'The tokens of this run are gone.' : refusalSentence(verdict.reason),
    };
  }

  #originOf({ headers }: IncomingMessage): URL {
    const { announce, tls, address } = this.#options;
    if (announce !== null) return new URL(announce);
    const scheme = tls === null ? 'http' : 'https';
    const named = `${scheme}://${headers.host}`;
    return new URL(URL.canParse(named) ? named : publicOrigin({ ...address, port: this.#port }, tls !== null, null));
  }

  async #metricsText(): Promise<{ type: string; text: string }> {
    const [own, coordinator] = await Promise.all([this.#metrics.text(), this.#ask()]);
    return { type: this.#metrics.type, text: `${own}${coordinator}` };
  }

  /** The figures of the coordinator's thread; nothing when it is busy for too long. */
  #ask(): Promise<string> {
    const id = ++this.#questions;
    const { promise, resolve } = Promise.withResolvers<string>();
    const late = setTimeout(() => resolve(''), METRICS_PATIENCE_MS);
    this.#asked.set(id, resolve);
    this.#ports.post({ type: 'metricsWanted', id });
    return promise.finally(() => {
      clearTimeout(late);
      this.#asked.delete(id);
    });
  }
}
