/** The host's end of the GPU's thread: calls become messages, replies settle them in order. */
import { tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';
import { DeviceLostError } from '../errors.ts';
import type { CompileProgress } from '../../backend/backend.ts';
import type { CallName, Calls, Reply, Request, Told } from './messages.ts';
import { reviveError } from './told-error.ts';

interface Pending {
  readonly onProgress: ((progress: CompileProgress) => void) | undefined;
  resolve(give: unknown): void;
  reject(error: Error): void;
}

export class GpuHost {
  readonly #worker: Worker;
  readonly #pending: Pending[] = [];
  #ended: Error | undefined;

  constructor() {
    // The Vulkan loader warns on stderr without it; a thread's own copy of the environment would not reach the loader.
    process.env['XDG_RUNTIME_DIR'] ??= tmpdir();
    // Flags of the host, `--input-type` for example, may not suit a thread.
    this.#worker = new Worker(new URL('gpu-thread.ts', import.meta.url), { name: 'gpu', execArgv: [] });
    // A backend that is merely open must not keep a finished program from exiting; a call under way does.
    this.#worker.unref();
    this.#worker.on('message', (told: Told) => {
      if ('progress' in told) this.#pending[0]?.onProgress?.(told.progress);
      else this.#settle(told);
    });
    this.#worker.on('error', (cause) => this.#end(new DeviceLostError({ reason: 'its thread failed', cause })));
    this.#worker.on('exit', () => this.#end(new DeviceLostError({ reason: 'its thread ended' })));
  }

  call<Name extends CallName>(
    call: Name,
    take: Calls[Name]['take'],
    onProgress?: (progress: CompileProgress) => void,
  ): Promise<Calls[Name]['give']> {
    if (this.#ended) return Promise.reject(this.#ended);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    // Posted first: what cannot be posted throws here and must not wait for a reply.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage({ call, take } satisfies Request<Name>);
    if (this.#pending.push({ resolve, reject, onProgress }) === 1) this.#worker.ref();
    return promise as Promise<Calls[Name]['give']>;
  }

  /** Whether calls still reach the thread. */
  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** Ends the thread after the calls before. Calls that come later are rejected with `reason`. */
  async close(reason: Error): Promise<void> {
    if (this.#ended) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#worker.once('exit', () => resolve());
    const closed = this.call('close', {});
    this.#ended = reason;
    this.#worker.ref();
    await closed.catch(() => undefined);
    await promise;
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.shift();
    if (this.#pending.length === 0 && this.#ended === undefined) this.#worker.unref();
    if ('failed' in reply) pending?.reject(reviveError(reply.failed));
    else pending?.resolve(reply.give);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }
}
