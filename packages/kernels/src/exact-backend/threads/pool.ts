/**
 * The threads that run programs. The thread that calls never computes and never blocks: it may be a page's own. Where no
 * memory can be shared there is one thread, the caller's, and calls take as long as they take.
 */
import { ExactThreadError } from '../errors.ts';
import type { ThreadProgram, ThreadReply, ThreadRequest } from './messages.ts';
import { threadServer } from './serve.ts';

/** A thread under way, however the platform makes one. */
export interface ThreadPort {
  post(request: ThreadRequest): void;
  /** Whether a reply is awaited: an idle thread must not keep a finished process alive. */
  expectReply(awaited: boolean): void;
  end(): Promise<void>;
}

export interface ThreadEvents {
  onReply(reply: ThreadReply): void;
  /** The thread failed or ended of itself. */
  onEnd(cause: unknown): void;
}

export type SpawnThread = (events: ThreadEvents) => ThreadPort;

/** Whether memory can be shared with other threads here. In a page that needs the isolation headers (COOP and COEP). */
export const canShareMemory = (): boolean =>
  typeof SharedArrayBuffer === 'function' &&
  (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated !== false;

export interface ThreadPool {
  readonly threads: number;
  /** Whether memories of programs must be shared. */
  readonly shared: boolean;
  /** Makes a program known to all threads; gives its number. */
  open(program: ThreadProgram): Promise<number>;
  /** Runs a list of the program's stages on all threads. @throws ExactThreadError */
  run(id: number, list: string): Promise<void>;
  /** Forgets a program. */
  release(id: number): void;
  close(): Promise<void>;
}

/** @param spawn how a thread is made; null where there are none */
export function openThreadPool(threads: number, spawn: SpawnThread | null): ThreadPool {
  return spawn !== null && canShareMemory() ? new SpawnedPool(threads, spawn) : new CallerPool();
}

class SpawnedPool implements ThreadPool {
  readonly shared = true;
  readonly #ports: readonly ThreadPort[];
  /** Of each thread the replies that it owes, in order. */
  readonly #awaited: PromiseWithResolvers<ThreadReply>[][];
  #next = 0;
  #tail: Promise<unknown> = Promise.resolve();
  #ended: ExactThreadError | undefined;

  constructor(threads: number, spawn: SpawnThread) {
    this.#awaited = Array.from({ length: threads }, () => []);
    this.#ports = this.#awaited.map((awaited) =>
      spawn({
        onReply: (reply) => awaited.shift()?.resolve(reply),
        onEnd: (cause) => this.#fail(cause),
      }),
    );
    for (const port of this.#ports) port.expectReply(false);
  }

  get threads(): number {
    return this.#ports.length;
  }

  async open(program: ThreadProgram): Promise<number> {
    const id = this.#next++;
    await this.#ask((thread) => ({ kind: 'open', id, thread, program }));
    return id;
  }

  run(id: number, list: string): Promise<void> {
    return this.#ask(() => ({ kind: 'run', id, list }));
  }

  release(id: number): void {
    if (this.#ended === undefined) for (const port of this.#ports) port.post({ kind: 'close', id });
  }

  async close(): Promise<void> {
    this.#ended ??= new ExactThreadError({ reason: 'the backend was closed' });
    await this.#tail;
    await Promise.all(this.#ports.map((port) => port.end()));
  }

  /** Requests are answered one after the other: threads that were in two programs at once would wait for each other for ever. */
  #ask(request: (thread: number) => ThreadRequest): Promise<void> {
    if (this.#ended) return Promise.reject(this.#ended);
    const answered = this.#tail.then(() => this.#askNow(request));
    this.#tail = answered.catch(() => undefined);
    return answered;
  }

  async #askNow(request: (thread: number) => ThreadRequest): Promise<void> {
    const replies = this.#ports.map((port, thread) => {
      const reply = Promise.withResolvers<ThreadReply>();
      this.#awaited[thread]!.push(reply);
      port.expectReply(true);
      port.post(request(thread));
      return reply.promise;
    });
    const answers = await Promise.all(replies);
    for (const port of this.#ports) port.expectReply(false);
    const failed = answers.find((answer) => answer.failed !== undefined);
    if (failed) throw new ExactThreadError({ reason: failed.failed ?? '' });
  }

  #fail(cause: unknown): void {
    this.#ended ??= new ExactThreadError({ reason: 'a thread ended', cause });
    for (const awaited of this.#awaited) for (const { reject } of awaited.splice(0)) reject(this.#ended);
  }
}

/** The caller's own thread. */
class CallerPool implements ThreadPool {
  readonly threads = 1;
  readonly shared = false;
  readonly #serve = threadServer();
  #next = 0;

  async open(program: ThreadProgram): Promise<number> {
    const id = this.#next++;
    this.#expect(this.#serve({ kind: 'open', id, thread: 0, program }));
    return id;
  }

  async run(id: number, list: string): Promise<void> {
    this.#expect(this.#serve({ kind: 'run', id, list }));
  }

  release(id: number): void {
    this.#serve({ kind: 'close', id });
  }

  async close(): Promise<void> {
    // Nothing was opened that outlives the programs.
  }

  #expect(reply: ThreadReply | null): void {
    if (reply?.failed !== undefined) throw new ExactThreadError({ reason: reply.failed });
  }
}
