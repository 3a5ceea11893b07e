import { describe, expect, it } from 'vitest';
import { peerId } from '../core/ids.ts';
import type { Codec } from '../wire/codec.ts';
import { PeerFaultError, StreamClosedError } from './errors.ts';
import { frameHead, readFrames } from './frame-stream.ts';
import type { ReadableStream } from './sections.ts';

/** A stream whose chunks are cut as the test says; the shape of libp2p's, without a network. */
class FakeStream extends EventTarget {
  status = 'open';
  readStatus: 'readable' | 'paused' = 'readable';
  readonly #held: Uint8Array[] = [];

  deliver(data: Uint8Array): void {
    if (this.readStatus === 'paused') this.#held.push(data);
    else this.dispatchEvent(Object.assign(new Event('message'), { data }));
  }
  pause(): void {
    this.readStatus = 'paused';
  }
  resume(): void {
    this.readStatus = 'readable';
    for (const data of this.#held.splice(0)) this.deliver(data);
  }
}

const text: Codec<string> = {
  encode: (value) => new TextEncoder().encode(value),
  decode: (bytes) => new TextDecoder().decode(bytes),
};
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);
const frames = [
  ['', 0],
  ['a', 5],
  ['header of some length', 0],
  ['12345678', 16],
  ['x', 1],
] as const;
const wire = Buffer.concat(
  frames.map(([header, length]) => Buffer.concat([frameHead(text.encode(header), length), bytes(length)])),
);

const collect = (
  async: boolean,
  maxBody = 64,
): { stream: FakeStream; seen: [string, Uint8Array][]; ended: Promise<Error | null> } => {
  const stream = new FakeStream();
  const seen: [string, Uint8Array][] = [];
  const { promise: ended, resolve } = Promise.withResolvers<Error | null>();
  readFrames(
    { stream: stream as unknown as ReadableStream, peer: peerId('peer'), codec: text, maxBody },
    {
      destination: (_header, length) => new Uint8Array(length),
      frame(header, body) {
        seen.push([header, body]);
        return async ? Promise.resolve() : undefined;
      },
      ended: resolve,
    },
  );
  return { stream, seen, ended };
};

describe('frames', () => {
  it.each(
    [1, 3, 7, 8, 16, 1000].flatMap(
      (cut) =>
        [
          [cut, false],
          [cut, true],
        ] as const,
    ),
  )('come out whole when cut every %i bytes (async %s)', async (cut, async) => {
    const { stream, seen, ended } = collect(async);
    for (let from = 0; from < wire.length; from += cut) stream.deliver(wire.subarray(from, from + cut));
    stream.dispatchEvent(new Event('end'));
    expect(await ended).toBeNull();
    expect(seen.map(([header, body]) => [header, body.length])).toEqual(frames);
    for (const [, body] of seen) expect(body).toEqual(bytes(body.length));
  });

  it('begin their bodies 16-byte aligned', () => {
    for (let length = 0; length < 40; length++) expect(frameHead(new Uint8Array(length), 4).length % 16).toBe(0);
  });

  it('end with an error when the stream ends inside one', async () => {
    const { stream, ended } = collect(false);
    stream.deliver(wire.subarray(0, wire.length - 1));
    stream.dispatchEvent(new Event('end'));
    expect(await ended).toBeInstanceOf(StreamClosedError);
  });

  it('end with a fault of the peer when one is too large', async () => {
    const { stream, ended } = collect(false, 15);
    stream.deliver(wire);
    expect(await ended).toBeInstanceOf(PeerFaultError);
  });
});
