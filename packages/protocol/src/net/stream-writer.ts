/** Writes whole messages to a libp2p stream, one after another, under its back pressure. */
import type { MessageStream } from '@libp2p/interface';
import type { Milliseconds } from '../core/units.ts';
import { StreamClosedError } from './errors.ts';
import { SEND_CHUNK } from './limits.ts';

export type WritableStream = Pick<
  MessageStream,
  'send' | 'abort' | 'status' | 'writableNeedsDrain' | 'addEventListener' | 'removeEventListener'
>;

export interface StreamWriterOptions {
  /** Named in errors. */
  readonly peer: string;
  /** How long a send may make no progress at all. */
  readonly stall: Milliseconds;
}

export class StreamWriter {
  readonly #stream: WritableStream;
  readonly #options: StreamWriterOptions;
  #tail: Promise<void> = Promise.resolve();
  #queuedBytes = 0;

  constructor(stream: WritableStream, options: StreamWriterOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  /** Bytes accepted by {@link write} that the stream has not taken yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Resolves when every message accepted so far is with the stream, or has failed. */
  async flushed(): Promise<void> {
    await this.#tail;
  }

  /**
   * Sends the parts as one message; messages never interleave. Resolves when the stream has taken the last byte, which
   * is before the peer has it. The stream keeps references: **the bytes must not change** until the peer has answered
   * in some way that proves receipt.
   * @throws StreamClosedError when the stream closes or makes no progress for `stall`; it is aborted then, for what would
   * follow half a message is none
   */
  write(...parts: readonly Uint8Array[]): Promise<void> {
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    this.#queuedBytes += size;
    const sent = this.#tail.then(() => this.#send(parts)).finally(() => (this.#queuedBytes -= size));
    // A failed message fails its own caller; those behind it find the stream closed themselves.
    this.#tail = sent.catch((error: Error) => this.#stream.abort(error));
    return sent;
  }

  async #send(parts: readonly Uint8Array[]): Promise<void> {
    for (const part of parts) {
      for (let from = 0; from < part.length; from += SEND_CHUNK) {
        if (this.#stream.writableNeedsDrain) await this.#drained();
        this.#sendChunk(part.subarray(from, from + SEND_CHUNK));
      }
    }
    if (this.#stream.status !== 'open') throw this.#closed('it closed while sending');
  }

  #sendChunk(chunk: Uint8Array): void {
    try {
      this.#stream.send(chunk);
    } catch (cause) {
      throw this.#closed('it takes no more', cause);
    }
  }

  /**
   * Waits for a drain event, then looks again. (The stream's own `onDrain()` keeps one promise for its life, so after
   * the first drain it resolves at once and nothing holds the sender back.)
   */
  async #drained(): Promise<void> {
    while (this.#stream.writableNeedsDrain) await this.#nextDrain();
  }

  #nextDrain(): Promise<void> {
    const { stall } = this.#options;
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null): void => {
        clearTimeout(timer);
        this.#stream.removeEventListener('drain', drained);
        this.#stream.removeEventListener('close', closed);
        if (error === null) resolve();
        else reject(error);
      };
      const drained = (): void => settle(null);
      const closed = (): void => settle(this.#closed('it closed while sending'));
      const timer = setTimeout(() => settle(this.#closed(`it took nothing for ${stall} ms`)), stall);
      this.#stream.addEventListener('drain', drained);
      this.#stream.addEventListener('close', closed);
      if (this.#stream.status !== 'open') closed();
    });
  }

  #closed(why: string, cause?: unknown): StreamClosedError {
    return new StreamClosedError({ peer: this.#options.peer, why, cause });
  }
}
