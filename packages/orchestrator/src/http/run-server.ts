/**
 * The coordinator's end of the server: starts its thread, tells it what grew, answers for this thread's figures, and ends it.
 * A thread that breaks takes no run with it: it is started again.
 */
import { Worker } from 'node:worker_threads';
import type { HttpOptions } from './options.ts';
import { hostAndPort, publicOrigin } from './address.ts';
import type { HttpAddress } from './address.ts';
import { ServerFailedError } from './errors.ts';
import type { Coordination, FromServer, ThreadOptions, ToServer } from './messages.ts';

export interface RunServerOptions {
  readonly directory: string;
  readonly http: HttpOptions;
  /** Whether the run is trained by this process, whose rounds come first. */
  readonly besideRounds: boolean;
  /** This thread's own figures, Prometheus' text format. */
  readonly metrics: () => Promise<string>;
  readonly notice: (line: string) => void;
  /** The thread's program; only tests have another. */
  readonly entry?: URL;
}

/** Memory of the server's thread, in MiB: past it the thread ends, and is started again. */
const HEAP_MIB = 512;
/** Starts after one that held, a second apart. */
const MAX_RESTARTS = 5;
/** A thread that served so long held: what breaks it then has nothing to do with the times before. */
const HELD_MS = 10 * 60_000;
const RESTART_MS = 1000;
/** How long the thread may take to end by itself. */
const CLOSE_MS = 3000;

export class RunServer {
  readonly #options: RunServerOptions;
  #worker: Worker;
  #address: HttpAddress;
  /** What a thread that is started again must be told. */
  #opened: Extract<ToServer, { type: 'open' }> | null = null;
  #pages: Extract<ToServer, { type: 'pages' }> | null = null;
  #restarts = 0;
  #startedAt = 0;
  #restart: NodeJS.Timeout | null = null;
  #closing = false;

  private constructor(options: RunServerOptions) {
    this.#options = options;
    this.#address = options.http.address;
    this.#worker = this.#spawn();
  }

  /** Starts the thread; resolves when it listens. @throws ServerFailedError with the thread's own reason */
  static async start(options: RunServerOptions): Promise<RunServer> {
    const server = new RunServer(options);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const heard = (message: FromServer): void => {
      if (message.type === 'listening') resolve(message.port);
      else if (message.type === 'failed') reject(new ServerFailedError(message));
    };
    const ended = (): void => reject(new Error('The thread of the page server ended before it listened.'));
    server.#worker.on('message', heard).once('error', reject).once('exit', ended);
    try {
      server.#address = { ...server.#address, port: await promise };
      return server;
    } catch (error) {
      await server.close();
      throw error;
    } finally {
      server.#worker.off('message', heard).off('error', reject).off('exit', ended);
    }
  }

  /** What to open in a browser. */
  get origin(): string {
    const { tls, announce } = this.#options.http;
    return publicOrigin(this.#address, tls !== null, announce);
  }

  get port(): number {
    return this.#address.port;
  }

  /** Where it listens, `host:port`. */
  get listens(): string {
    return hostAndPort(this.#address);
  }

  /** The run's journal is there. @param coordination null where nobody coordinates it from here */
  open(coordination: Coordination | null): void {
    this.#opened = { type: 'open', coordination };
    this.#post(this.#opened);
  }

  /** The journal has a new entry. */
  grew(): void {
    this.#post({ type: 'grew' });
  }

  /** The pages are built; null when they could not be. */
  servePages(directory: string | null): void {
    this.#pages = { type: 'pages', directory };
    this.#post(this.#pages);
  }

  /** Ends the thread; its port is free when this resolves. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#restart !== null) clearTimeout(this.#restart);
    const ended = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    if (this.#worker.threadId === -1) return;
    this.#post({ type: 'close' });
    const force = setTimeout(() => void this.#worker.terminate(), CLOSE_MS);
    await ended;
    clearTimeout(force);
  }

  #post(message: ToServer): void {
    this.#worker.postMessage(message, []);
  }

  #spawn(): Worker {
    const { directory, http, besideRounds, entry = new URL('thread.ts', import.meta.url) } = this.#options;
    const workerData: ThreadOptions = {
      directory,
      address: this.#address,
      tls: http.tls,
      announce: http.announce?.origin ?? null,
      behindProxy: http.behindProxy,
      besideRounds,
    };
    this.#startedAt = performance.now();
    const worker = new Worker(entry, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    worker.on('message', (message: FromServer) => void this.#heard(worker, message));
    worker.on('error', (error) => this.#options.notice(`page server: ${error.message}`));
    worker.on('exit', () => this.#ended());
    return worker;
  }

  async #heard(worker: Worker, message: FromServer): Promise<void> {
    if (message.type === 'notice') this.#options.notice(message.line);
    if (message.type !== 'metricsWanted') return;
    const text = await this.#options.metrics().catch(() => '');
    worker.postMessage({ type: 'metrics', id: message.id, text } satisfies ToServer, []);
  }

  /** A thread that ended though nobody asked it to is started again, where it was. */
  #ended(): void {
    // Before it has listened once, its end is told to who started it.
    if (this.#closing || this.#address.port === 0) return;
    if (performance.now() - this.#startedAt >= HELD_MS) this.#restarts = 0;
    if (this.#restarts === MAX_RESTARTS) {
      this.#options.notice('page server: it broke too often and stays away; the run goes on');
      return;
    }
    this.#restarts += 1;
    this.#restart = setTimeout(() => {
      this.#options.notice('page server: started again');
      this.#worker = this.#spawn();
      for (const message of [this.#opened, this.#pages]) if (message !== null) this.#post(message);
    }, RESTART_MS);
  }
}
