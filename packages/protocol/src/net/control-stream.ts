/**
 * The long-lived stream between a worker and its coordinator. A message is `u32le length | packed message`; each side
 * knows what the other may say and checks every message against it.
 */
import type { Stream } from '@libp2p/interface';
import type { PeerId } from '../core/ids.ts';
import type { Codec } from '../wire/codec.ts';
import { messageOf, PeerFaultError, StreamClosedError } from './errors.ts';
import { MAX_CONTROL_MESSAGE, MAX_CONTROL_QUEUE, MAX_HELLO } from './limits.ts';
import type { MurmurationNode } from './murmuration-node.ts';
import { readSections, type SectionConsumer } from './sections.ts';
import { StreamWriter } from './stream-writer.ts';

const PREFIX_BYTES = 4;

/** What the owner of a control stream is told. */
export interface ControlHandlers<In> {
  /** Messages come one at a time, in order; while a promise is pending, the next one waits and the peer is held back. */
  onMessage(message: In): void | Promise<void>;
  /** Once: null when the peer closed in good order, else why the stream is gone. A faulty peer is already disconnected. */
  onClose(reason: Error | null): void;
}

/** The coordinator's end of a worker's control stream, or the other way round. */
export class ControlStream<In, Out> {
  readonly peer: PeerId;
  readonly #node: MurmurationNode;
  readonly #stream: Stream;
  readonly #writer: StreamWriter;
  readonly #outgoing: Codec<Out>;
  readonly #incoming: Codec<In>;
  readonly #handlers: ControlHandlers<In>;
  #maxMessage = MAX_HELLO;
  /** Nothing more comes from the peer. */
  readonly #over = Promise.withResolvers<void>();

  constructor(
    parts: { node: MurmurationNode; stream: Stream; peer: PeerId; outgoing: Codec<Out>; incoming: Codec<In> },
    handlers: ControlHandlers<In>,
  ) {
    this.peer = parts.peer;
    this.#node = parts.node;
    this.#stream = parts.stream;
    this.#outgoing = parts.outgoing;
    this.#incoming = parts.incoming;
    this.#handlers = handlers;
    this.#writer = new StreamWriter(parts.stream, { peer: parts.peer, stall: parts.node.timeouts.stall });
    readSections(parts.stream, parts.peer, this.#consumer());
  }

  /** Raises the size limit from a hello's to a member's. */
  admit(): void {
    this.#maxMessage = MAX_CONTROL_MESSAGE;
  }

  /**
   * Sends a message; resolves when the stream has taken it.
   * @throws StreamClosedError when the stream is gone, or when the peer has left too much unread and is given up
   */
  async send(message: Out): Promise<void> {
    const body = this.#outgoing.encode(message);
    const prefix = new Uint8Array(PREFIX_BYTES);
    new DataView(prefix.buffer).setUint32(0, body.length, true);
    if (this.#writer.queuedBytes + body.length > MAX_CONTROL_QUEUE) {
      const full = new StreamClosedError({ peer: this.peer, why: `it left ${this.#writer.queuedBytes} bytes unread` });
      this.abort(full);
      throw full;
    }
    await this.#writer.write(prefix, body);
  }

  /**
   * Flushes what was sent, says that nothing more follows, and waits until the peer has heard it and ended its side too:
   * a connection that is closed before that takes the last words with it.
   */
  async close(): Promise<void> {
    await this.#writer.flushed();
    await this.#endWriting();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#node.timeouts.close);
    await Promise.race([this.#over.promise, late]);
    clearTimeout(timer);
  }

  async #endWriting(): Promise<void> {
    if (this.#stream.status !== 'open') return;
    await this.#stream.close({ signal: AbortSignal.timeout(this.#node.timeouts.close) }).catch((error: unknown) => {
      this.abort(error instanceof Error ? error : new Error(String(error)));
    });
  }

  abort(reason: Error): void {
    this.#stream.abort(reason);
  }

  #consumer(): SectionConsumer {
    const prefix = new Uint8Array(PREFIX_BYTES);
    return {
      start: () => prefix,
      filled: (section) => (section === prefix ? this.#body(prefix) : this.#message(section)),
      ended: (error) => this.#ended(error),
    };
  }

  #body(prefix: Uint8Array): Uint8Array {
    const length = new DataView(prefix.buffer).getUint32(0, true);
    if (length > this.#maxMessage)
      throw this.#fault('oversized', `a control message of ${length} bytes, where ${this.#maxMessage} are the limit`);
    return new Uint8Array(length);
  }

  #message(section: Uint8Array): null | Promise<null> {
    const handled = this.#handlers.onMessage(this.#decode(section));
    return handled === undefined ? null : handled.then(() => null);
  }

  #decode(section: Uint8Array): In {
    try {
      return this.#incoming.decode(section);
    } catch (cause) {
      throw this.#fault('malformed', messageOf(cause), cause);
    }
  }

  #ended(error: Error | null): void {
    this.#over.resolve();
    if (error instanceof PeerFaultError) this.#node.fault(this.peer, error);
    else if (error !== null) this.abort(error);
    else void this.#endWriting();
    this.#handlers.onClose(error);
  }

  #fault(fault: 'oversized' | 'malformed', detail: string, cause?: unknown): PeerFaultError {
    return new PeerFaultError({ peer: this.peer, fault, detail, cause });
  }
}
