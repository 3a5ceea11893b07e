/**
 * One outgoing stream of buckets. The receiver answers each frame with a byte once it has dealt with it, and the sender
 * runs at most `MAX_AHEAD` bytes ahead of that: WebRTC does not hold a sender back by itself, and a page that computes
 * would drown.
 */
import type { Stream } from '@libp2p/interface';
import type { PeerId } from '../core/ids.ts';
import type { Milliseconds } from '../core/units.ts';
import { StreamClosedError } from './errors.ts';
import { MAX_AHEAD } from './limits.ts';
import type { PathKind } from './murmuration-node.ts';
import { StreamWriter } from './stream-writer.ts';

export interface BucketLinkOptions {
  readonly peer: PeerId;
  /** How the stream goes. */
  readonly path: PathKind | null;
  /** How long the receiver may take to deal with anything at all while it is waited for. */
  readonly stall: Milliseconds;
}

export class BucketLink {
  readonly path: PathKind | null;
  readonly #stream: Stream;
  readonly #options: BucketLinkOptions;
  readonly #writer: StreamWriter;
  /** Body lengths of the frames that are not answered yet. */
  readonly #unanswered: number[] = [];
  #ahead = 0;
  #tail: Promise<void> = Promise.resolve();
  #wake: (() => void) | null = null;
  /** Set while the receiver is behind its time: what ends the stream if it stays so. */
  #lastWait: ReturnType<typeof setTimeout> | null = null;

  constructor(stream: Stream, options: BucketLinkOptions) {
    this.path = options.path;
    this.#stream = stream;
    this.#options = options;
    this.#writer = new StreamWriter(stream, options);
    stream.addEventListener('message', ({ data }) => this.#answered(data.byteLength));
    stream.addEventListener('close', () => {
      this.#endLastWait();
      this.#wake?.();
    });
  }

  /** Sends a frame behind those before it; resolves when the stream has taken it. @throws StreamClosedError */
  push(head: Uint8Array, body: Uint8Array): Promise<void> {
    const sent = this.#tail.then(() => this.#send(head, body));
    // A frame that fails fails its own caller; those behind it find the stream closed themselves.
    this.#tail = sent.catch(() => undefined);
    return sent;
  }

  /** Ends the stream in good order when all that was pushed is on its way. */
  async close(): Promise<void> {
    await this.#tail;
    closeQuietly(this.#stream);
  }

  async #send(head: Uint8Array, body: Uint8Array): Promise<void> {
    while (this.#ahead > 0 && this.#ahead + body.length > MAX_AHEAD) await this.#nextAnswer();
    this.#unanswered.push(body.length);
    this.#ahead += body.length;
    await this.#writer.write(head, body);
  }

  #nextAnswer(): Promise<void> {
    const { peer, stall } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (why: string): void => reject(new StreamClosedError({ peer, why }));
    const late = (): void => fail(`it dealt with nothing for ${stall} ms`);
    const timer = setTimeout(() => {
      this.#beginLastWait();
      late();
    }, stall);
    this.#wake = () => (this.#stream.status === 'open' ? resolve() : fail('it closed while sending'));
    if (this.#stream.status !== 'open') this.#wake();
    // Each that is queued would wait as long as the one before it.
    if (this.#lastWait !== null) late();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#wake = null;
    });
  }

  /** What is on its way may still arrive on a slow path; a stream that is silent for as long again is of no use to anybody. */
  #beginLastWait(): void {
    const { peer, stall } = this.#options;
    const silent = new StreamClosedError({ peer, why: `it dealt with nothing for ${2 * stall} ms` });
    this.#lastWait ??= setTimeout(() => this.#stream.abort(silent), stall);
  }

  #endLastWait(): void {
    if (this.#lastWait !== null) clearTimeout(this.#lastWait);
    this.#lastWait = null;
  }

  #answered(count: number): void {
    this.#endLastWait();
    const frames = this.#unanswered.splice(0, count);
    this.#ahead -= frames.reduce((sum, length) => sum + length, 0);
    if (frames.length < count) this.#stream.abort(new Error('it answered what it was not sent'));
    this.#wake?.();
  }
}

export function closeQuietly(stream: Stream): void {
  stream.close().catch((error: unknown) => stream.abort(error instanceof Error ? error : new Error(String(error))));
}
