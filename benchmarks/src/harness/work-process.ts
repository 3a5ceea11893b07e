/** The benchmark's end of a contender's process: starts it, asks it, and gives up on it when it does not answer. */
import { LineProcess } from './line-process.ts';
import type { LineProcessOptions } from './line-process.ts';
import type { ReadyReply, WorkReply, WorkRequest } from './serve-work.ts';
import type { Work } from '../work/work.ts';

/** Why a contender is not in a table. */
export class ContenderFailedError extends Error {
  readonly code = 'CONTENDER_FAILED';
}

/** How long an answer may take: a first run on a CPU that plays a GPU compiles for many seconds. */
const ANSWER_MILLIS = 240_000;
/** A process that fails so often is not started again. */
const MAX_FAILURES = 2;

export class WorkProcess {
  readonly #options: LineProcessOptions;
  #process: LineProcess | undefined;
  #failures = 0;
  version = '';
  adapter = '';
  /** Milliseconds from the start of the process until its library was open. */
  openMillis = Number.NaN;

  constructor(options: LineProcessOptions) {
    this.#options = options;
  }

  /** Starts the process where it does not run, and prepares `work`. @throws ContenderFailedError */
  async prepare(work: Work, leastMillis: number): Promise<ReadyReply> {
    if (this.#process === undefined) await this.#start();
    const reply = await this.#ask({ ask: 'prepare', work, leastMillis });
    if (reply.says === 'ready') return reply;
    throw this.#unexpected(reply);
  }

  /** Milliseconds of the prepared work, once. @throws ContenderFailedError */
  async run(): Promise<number> {
    const reply = await this.#ask({ ask: 'run' });
    if (reply.says === 'ran') return reply.millis;
    throw this.#unexpected(reply);
  }

  async release(): Promise<void> {
    if (this.#process !== undefined) await this.#ask({ ask: 'release' });
  }

  async close(): Promise<void> {
    await this.#process?.close();
    this.#process = undefined;
  }

  async #start(): Promise<void> {
    if (this.#failures >= MAX_FAILURES) throw new ContenderFailedError(`its process failed ${MAX_FAILURES} times`);
    this.#process = new LineProcess(this.#options);
    const reply = await this.#answer(() => this.#process!.next());
    if (reply.says !== 'hello') {
      // It has said why it cannot take part, and would say so again.
      this.#process = undefined;
      throw this.#unexpected(reply);
    }
    this.version = reply.version;
    this.adapter = reply.adapter;
    this.openMillis = reply.openMillis;
  }

  #ask(request: WorkRequest): Promise<WorkReply> {
    return this.#answer(() => this.#process!.ask(JSON.stringify(request)));
  }

  /** The next reply. A process that died or hangs is ended, and the next work starts a fresh one. */
  async #answer(next: () => Promise<string>): Promise<WorkReply> {
    const process = this.#process;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      process?.kill();
    }, ANSWER_MILLIS);
    try {
      return JSON.parse(await next()) as WorkReply;
    } catch (cause) {
      this.#process = undefined;
      this.#failures++;
      const how = late ? `gave no answer within ${ANSWER_MILLIS / 1000} s` : 'ended or answered nonsense';
      throw new ContenderFailedError(`its process ${how}`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  #unexpected(reply: WorkReply): ContenderFailedError {
    return new ContenderFailedError(reply.says === 'cannot' ? reply.reason : `it answered ${reply.says}`);
  }
}
