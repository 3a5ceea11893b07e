/**
 * Reads a byte stream as sections: the consumer hands out the destination of the next section, and the bytes are copied
 * into it once, straight from the socket's chunks. Prefixes, headers and tensors are all sections.
 */
import type { Stream } from '@libp2p/interface';
import { StreamClosedError } from './errors.ts';

/** The minimum of a libp2p stream that reading needs; `@libp2p/utils`' in-memory pair has it too. */
export type ReadableStream = Pick<Stream, 'addEventListener' | 'pause' | 'resume' | 'readStatus' | 'status'>;

export interface SectionConsumer {
  /** Where the first section goes, and each section that begins a message; a stream may end only before one. */
  start(): Uint8Array;
  /**
   * Takes a filled section and returns the destination of the next one, or `null` when the next one begins a message.
   * While a promise is pending nothing more is read and the peer feels the back pressure. What it throws ends reading.
   */
  filled(section: Uint8Array): Uint8Array | null | Promise<Uint8Array | null>;
  /** Called once: without an error when the peer ended the stream in good order between two messages. */
  ended(error: Error | null): void;
}

export function readSections(stream: ReadableStream, peer: string, consumer: SectionConsumer): void {
  new SectionReader(stream, peer, consumer).begin();
}

class SectionReader {
  readonly #stream: ReadableStream;
  readonly #peer: string;
  readonly #consumer: SectionConsumer;
  readonly #queue: Uint8Array[] = [];
  #destination: Uint8Array;
  #filled = 0;
  #betweenMessages = true;
  #busy = false;
  #remoteEnded = false;
  #over = false;

  constructor(stream: ReadableStream, peer: string, consumer: SectionConsumer) {
    this.#stream = stream;
    this.#peer = peer;
    this.#consumer = consumer;
    this.#destination = consumer.start();
  }

  begin(): void {
    this.#stream.addEventListener('message', ({ data }) => {
      if (this.#over) return;
      this.#queue.push(...(data instanceof Uint8Array ? [data] : data));
      if (!this.#busy) void this.#drain();
    });
    const end = (): void => {
      // A reset emits `end` too, just before the `close` that carries its error.
      if (this.#stream.status === 'reset' || this.#stream.status === 'aborted') return;
      this.#remoteEnded = true;
      if (!this.#busy) this.#finishWhenEmpty();
    };
    this.#stream.addEventListener('end', end);
    this.#stream.addEventListener('close', ({ error }) => {
      if (error === undefined) end();
      else this.#end(new StreamClosedError({ peer: this.#peer, why: error.message, cause: error }));
    });
  }

  /** Works through the queue; only one call runs at a time, the stream is paused while the consumer is waited for. */
  async #drain(): Promise<void> {
    this.#busy = true;
    try {
      for (let chunk = this.#queue.shift(); chunk !== undefined; chunk = this.#queue.shift()) {
        const pending = this.#take(chunk);
        if (pending !== null) await this.#paused(pending);
        if (this.#over) return;
      }
      this.#finishWhenEmpty();
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#busy = false;
    }
  }

  /** Copies from one chunk until it is used up (null) or the consumer must be waited for (the rest is queued again). */
  #take(chunk: Uint8Array): Promise<Uint8Array | null> | null {
    let rest = chunk;
    while (rest.length > 0) {
      const part = rest.subarray(0, this.#destination.length - this.#filled);
      this.#destination.set(part, this.#filled);
      this.#filled += part.length;
      this.#betweenMessages = false;
      rest = rest.subarray(part.length);
      const pending = this.#advance();
      if (pending === null) continue;
      if (rest.length > 0) this.#queue.unshift(rest);
      return pending;
    }
    return null;
  }

  /** Hands over filled sections, also empty ones, until one has room. */
  #advance(): Promise<Uint8Array | null> | null {
    while (this.#filled === this.#destination.length) {
      const next = this.#consumer.filled(this.#destination);
      if (next instanceof Promise) return next;
      this.#next(next);
    }
    return null;
  }

  #next(destination: Uint8Array | null): void {
    this.#betweenMessages = destination === null;
    this.#destination = destination ?? this.#consumer.start();
    this.#filled = 0;
  }

  async #paused(first: Promise<Uint8Array | null>): Promise<void> {
    if (this.#stream.readStatus === 'readable') this.#stream.pause();
    let pending: Promise<Uint8Array | null> | null = first;
    while (pending !== null) {
      this.#next(await pending);
      pending = this.#advance();
    }
    if (this.#stream.readStatus === 'paused') this.#stream.resume();
  }

  #finishWhenEmpty(): void {
    if (!this.#remoteEnded || this.#queue.length > 0) return;
    this.#end(
      this.#betweenMessages
        ? null
        : // Not a fault: an honest peer that is killed while it sends ends so.
          new StreamClosedError({ peer: this.#peer, why: 'it ended in the middle of a message' }),
    );
  }

  #end(error: Error | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#queue.length = 0;
    this.#consumer.ended(error);
  }
}
