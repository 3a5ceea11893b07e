/**
 * Tensor frames on a stream: `u32le headerLength | u32le bodyLength | header, padded with zeros to 16 bytes | body`.
 * The padding counts from the start of the frame, so that a body read in one piece is 16-byte aligned; it is not part
 * of `headerLength`.
 */
import type { PeerId } from '../core/ids.ts';
import type { Codec } from '../wire/codec.ts';
import { messageOf, PeerFaultError } from './errors.ts';
import { MAX_FRAME_HEADER } from './limits.ts';
import { readSections, type ReadableStream, type SectionConsumer } from './sections.ts';

const PREFIX_BYTES = 8;
const ALIGNMENT = 16;

const padded = (headerLength: number): number =>
  Math.ceil((PREFIX_BYTES + headerLength) / ALIGNMENT) * ALIGNMENT - PREFIX_BYTES;

/** The prefix and padded header of a frame whose body is sent right behind it. */
export function frameHead(header: Uint8Array, bodyLength: number): Uint8Array {
  const head = new Uint8Array(PREFIX_BYTES + padded(header.length));
  const view = new DataView(head.buffer);
  view.setUint32(0, header.length, true);
  view.setUint32(4, bodyLength, true);
  head.set(header, PREFIX_BYTES);
  return head;
}

export interface FrameHandlers<Header> {
  /**
   * Where the body of a frame goes: exactly `bodyLength` bytes that stay valid until {@link FrameHandlers.frame} has
   * them. May throw a {@link PeerFaultError} to refuse the frame and its sender.
   */
  destination(header: Header, bodyLength: number): Uint8Array;
  /** A whole frame. While a promise is pending nothing more is read. */
  frame(header: Header, body: Uint8Array): void | Promise<void>;
  ended(error: Error | null): void;
}

export interface FrameReaderOptions<Header> {
  readonly stream: ReadableStream;
  readonly peer: PeerId;
  readonly codec: Codec<Header>;
  readonly maxBody: number;
}

/** Reads frames until the stream ends; a frame that breaks a limit or the schema ends it with a {@link PeerFaultError}. */
export function readFrames<Header>(options: FrameReaderOptions<Header>, handlers: FrameHandlers<Header>): void {
  readSections(options.stream, options.peer, new FrameConsumer(options, handlers));
}

class FrameConsumer<Header> implements SectionConsumer {
  readonly #options: FrameReaderOptions<Header>;
  readonly #handlers: FrameHandlers<Header>;
  readonly #prefix = new Uint8Array(PREFIX_BYTES);
  #headerLength = 0;
  #bodyLength = 0;
  /** The header of the frame whose body is being read. */
  #header: { readonly value: Header } | null = null;

  constructor(options: FrameReaderOptions<Header>, handlers: FrameHandlers<Header>) {
    this.#options = options;
    this.#handlers = handlers;
  }

  start(): Uint8Array {
    return this.#prefix;
  }

  filled(section: Uint8Array): Uint8Array | null | Promise<null> {
    if (section === this.#prefix) return this.#lengths();
    if (this.#header === null) return this.#destination(section);
    const { value } = this.#header;
    this.#header = null;
    const handled = this.#handlers.frame(value, section);
    return handled === undefined ? null : handled.then(() => null);
  }

  ended(error: Error | null): void {
    this.#handlers.ended(error);
  }

  #lengths(): Uint8Array {
    const view = new DataView(this.#prefix.buffer);
    this.#headerLength = view.getUint32(0, true);
    this.#bodyLength = view.getUint32(4, true);
    if (this.#headerLength > MAX_FRAME_HEADER || this.#bodyLength > this.#options.maxBody)
      throw this.#fault(
        'oversized',
        `a frame of ${this.#headerLength} + ${this.#bodyLength} bytes, where ${MAX_FRAME_HEADER} + ${this.#options.maxBody} are the limit`,
      );
    return new Uint8Array(padded(this.#headerLength));
  }

  #destination(section: Uint8Array): Uint8Array {
    const value = this.#decode(section.subarray(0, this.#headerLength));
    this.#header = { value };
    const destination = this.#handlers.destination(value, this.#bodyLength);
    if (destination.length !== this.#bodyLength)
      throw this.#fault('unexpected', `a body of ${this.#bodyLength} bytes, where ${destination.length} were expected`);
    return destination;
  }

  #decode(bytes: Uint8Array): Header {
    try {
      return this.#options.codec.decode(bytes);
    } catch (cause) {
      throw this.#fault('malformed', messageOf(cause), cause);
    }
  }

  #fault(fault: 'oversized' | 'malformed' | 'unexpected', detail: string, cause?: unknown): PeerFaultError {
    return new PeerFaultError({ peer: this.#options.peer, fault, detail, cause });
  }
}
