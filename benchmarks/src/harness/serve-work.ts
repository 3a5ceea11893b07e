/**
 * A contender's end of the benchmark: a process that is asked line by line to prepare a piece of work, do it, and let it
 * go. It times itself, so that the pipe between the processes is not in any figure.
 */
import { createInterface } from 'node:readline';
import { nameOf } from '../work/work.ts';
import type { AdapterWork, KernelWork, StepWork, Work } from '../work/work.ts';

/** A prepared piece of work. */
export interface Prepared {
  /** Does the work `times` times and resolves when all of it is done, on a GPU too. */
  run(times: number): Promise<void>;
  /** FLOPs or bytes of one run, where only the contender knows. */
  readonly amount?: number;
  close?(): Promise<void> | void;
}

export interface WorkServer {
  /** The library with its version, the adapter it computes on: said to whoever started the process. */
  readonly version: string;
  readonly adapter: string;
  /** @throws Error whose message says why this contender cannot do that work */
  kernel(work: KernelWork): Promise<Prepared> | Prepared;
  step(work: StepWork): Promise<Prepared> | Prepared;
  /** What only our own WebGPU backend is asked. */
  adapterWork?(work: AdapterWork): Promise<Prepared>;
}

export type WorkRequest =
  | { readonly ask: 'prepare'; readonly work: Work; readonly leastMillis: number }
  | { readonly ask: 'run' }
  | { readonly ask: 'release' };

export interface ReadyReply {
  readonly says: 'ready';
  /** Repetitions in one timed run. */
  readonly times: number;
  /** Milliseconds of the preparation, of the first run, and of a later one: many compile in the first run. */
  readonly prepareMillis: number;
  readonly firstMillis: number;
  readonly millis: number;
  readonly amount?: number;
}

export type WorkReply =
  | { readonly says: 'hello'; readonly version: string; readonly adapter: string; readonly openMillis: number }
  | ReadyReply
  | { readonly says: 'ran'; readonly millis: number }
  | { readonly says: 'released' }
  | { readonly says: 'cannot'; readonly reason: string };

/** Most repetitions in one timed run. */
const MAX_TIMES = 256;

async function timed(prepared: Prepared, times: number): Promise<number> {
  const started = performance.now();
  await prepared.run(times);
  return (performance.now() - started) / times;
}

/** One line of a failure: what a table can hold. */
const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]?.slice(0, 300) ?? 'unknown';

async function prepareWith(server: WorkServer, work: Work): Promise<Prepared> {
  if (work.kind === 'step') return server.step(work);
  if (work.kind !== 'ceiling' && work.kind !== 'pipelines') return server.kernel(work);
  if (server.adapterWork !== undefined) return server.adapterWork(work);
  throw new Error(`it knows nothing of ${nameOf(work)}`);
}

class Session {
  readonly #server: WorkServer;
  #prepared: Prepared | undefined;
  #times = 1;

  constructor(server: WorkServer) {
    this.#server = server;
  }

  async answer(request: WorkRequest): Promise<WorkReply> {
    if (request.ask === 'prepare') return this.#prepare(request.work, request.leastMillis);
    if (request.ask === 'run' && this.#prepared !== undefined)
      return { says: 'ran', millis: await timed(this.#prepared, this.#times) };
    await this.#release();
    return { says: 'released' };
  }

  /** The first run compiles; the second says how often short work is repeated, so that a timed run is long enough to time. */
  async #prepare(work: Work, leastMillis: number): Promise<WorkReply> {
    await this.#release();
    const started = performance.now();
    this.#prepared = await prepareWith(this.#server, work);
    const prepareMillis = performance.now() - started;
    const firstMillis = await timed(this.#prepared, 1);
    const once = await timed(this.#prepared, 1);
    this.#times = Math.max(1, Math.min(MAX_TIMES, Math.ceil(leastMillis / once)));
    const millis = await timed(this.#prepared, this.#times);
    const { amount } = this.#prepared;
    return {
      says: 'ready',
      times: this.#times,
      prepareMillis,
      firstMillis,
      millis,
      ...(amount !== undefined && { amount }),
    };
  }

  async #release(): Promise<void> {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    await prepared?.close?.();
  }
}

/** Serves standard input until it ends. `open` may throw: then the contender cannot take part, and says why. */
export async function serveWork(open: () => Promise<WorkServer>): Promise<void> {
  // Standard output belongs to the protocol; libraries like to greet on it.
  console.log = console.info = console.error;
  const say = (reply: WorkReply): void => void process.stdout.write(`${JSON.stringify(reply)}\n`);
  try {
    const server = await open();
    const session = new Session(server);
    // Counted from the start of the process.
    say({ says: 'hello', version: server.version, adapter: server.adapter, openMillis: performance.now() });
    for await (const line of createInterface({ input: process.stdin })) {
      say(await session.answer(JSON.parse(line) as WorkRequest).catch(cannot));
    }
  } catch (error) {
    say(cannot(error));
  }
  // Dawn and thread pools would keep the process alive.
  process.exit(0);
}

const cannot = (error: unknown): WorkReply => ({ says: 'cannot', reason: reasonOf(error) });
