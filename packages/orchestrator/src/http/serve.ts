/** A server with its pages and its words for people: what `run`, `resume` and `dashboard` have in common. */
import type { Output } from '../cli/output.ts';
import { isLoopback } from './address.ts';
import { forgetHttpEndpoint, noteHttpEndpoint } from './endpoint-file.ts';
import { buildPages } from './build-pages.ts';
import type { Coordination } from './messages.ts';
import { adviceOn } from './options.ts';
import type { HttpOptions } from './options.ts';
import { qrLines } from './qr.ts';
import { RunServer } from './run-server.ts';

export interface ServeOptions {
  readonly directory: string;
  /** Where links to the pages are noted for other commands; null where this server is not the run's own. */
  readonly noted: string | null;
  readonly http: HttpOptions;
  readonly output: Output;
  /** A line for people that stays (a progress view may be in the way of plain output). */
  readonly say: (line: string) => void;
  readonly metrics?: () => Promise<string>;
}

export class ServedRun implements AsyncDisposable {
  readonly #server: RunServer;
  readonly #noted: string | null;
  readonly #building = new AbortController();
  readonly #built: Promise<void>;

  private constructor(server: RunServer, { noted, output, say }: ServeOptions) {
    this.#server = server;
    this.#noted = noted;
    if (noted !== null) noteHttpEndpoint(noted, { origin: server.origin, listens: server.listens });
    this.#built = buildPages(this.#building.signal).then(({ directory, problem }) => {
      if (this.#building.signal.aborted) return;
      if (problem !== null) {
        output.event({ event: 'http.pages.failed', problem });
        say(`the pages can't be shown: ${problem}`);
      } else output.event({ event: 'http.pages' });
      server.servePages(directory);
    });
  }

  /** Listens; pages follow when they are built. @throws ServerFailedError */
  static async start(options: ServeOptions): Promise<ServedRun> {
    const { directory, noted, http, output, say, metrics = () => Promise.resolve('') } = options;
    const notice = (line: string): void => {
      output.event({ event: 'notice', line });
      say(line);
    };
    const advice = adviceOn(http);
    if (advice !== null) notice(advice);
    const server = await RunServer.start({ directory, http, besideRounds: noted !== null, metrics, notice });
    const { origin } = server;
    output.event({ event: 'http.listening', url: origin, join: `${origin}/join`, listens: server.listens });
    // Only at the run's own coordinator can anybody join.
    const link = noted === null ? origin : `${origin}/join`;
    say(noted === null ? `watch at ${origin}` : `watch at ${origin}, join with a browser at ${link}`);
    if (isLoopback(http.address.host) && http.announce === null)
      say(`only this machine can open it (--http 0.0.0.0:${server.port} lets others)`);
    else if (process.stdout.isTTY && !output.json && !output.quiet) for (const line of qrLines(link)) say(line);
    return new ServedRun(server, options);
  }

  /** What to open in a browser. */
  get origin(): string {
    return this.#server.origin;
  }

  open(coordination: Coordination | null): void {
    this.#server.open(coordination);
  }

  grew(): void {
    this.#server.grew();
  }

  /** Port and threads are free, nothing is being built any more when this resolves. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#building.abort();
    if (this.#noted !== null) forgetHttpEndpoint(this.#noted);
    await Promise.all([this.#server.close(), this.#built]);
  }
}
