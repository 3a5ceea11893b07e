/** How long a peer is waited for that does something, but not enough. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bucket, round, runId, view } from '../core/ids.ts';
import { milliseconds } from '../core/units.ts';
import { fetchResponseCodec } from '../wire/codec.ts';
import { BUCKET_PROTOCOL, FETCH_PROTOCOL } from '../wire/names.ts';
import { BucketLinks } from './bucket-links.ts';
import { fetchFrom } from './fetch.ts';
import { frameHead } from './frame-stream.ts';
import { MAX_AHEAD } from './limits.ts';
import type { MurmurationNode } from './murmuration-node.ts';
import { memberOf, testNode } from './testing.ts';

let [from, to]: MurmurationNode[] = [];
beforeEach(async () => {
  [from, to] = [await testNode(1), await testNode(2)];
  // They are connected before the time gets short.
  await from.open(memberOf(to), '/none').catch(() => undefined);
  from.useFailureTimeout(milliseconds(2000));
});
afterEach(async () => {
  await Promise.all([from, to].map((node) => node!.stop()));
});

const run = runId('20261101-00000000');

describe('a receiver that answers no bucket', () => {
  it('keeps none waiting behind another, and is sent the next over a new stream', async () => {
    const closed = Promise.withResolvers<void>();
    let streams = 0;
    await to!.serve(BUCKET_PROTOCOL, 2, (stream) => {
      streams += 1;
      stream.addEventListener('message', () => undefined);
      stream.addEventListener('close', () => closed.resolve());
    });
    const links = new BucketLinks(from!);
    const large = new Uint8Array(MAX_AHEAD);
    const push = (number: number): Promise<void> => {
      const frame = { type: 'reduced', runId: run, round: round(0), view: view(0), bucket: bucket(number) } as const;
      return links.push(memberOf(to!), frame, large);
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, number) => push(number)));
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      ...Array.from({ length: 19 }, () => 'rejected'),
    ]);
    await closed.promise;
    await vi.waitFor(() => push(20), { timeout: 10_000 });
    expect(streams).toBe(2);
  });
});

describe('a source that answers a fetch slowly', () => {
  /** The outcome of a fetch of 256 KiB that comes in pieces of `piece` bytes. */
  const fetchInPieces = async (piece: number): Promise<string> => {
    const bytes = new Uint8Array(256 * 1024);
    await to!.serve(FETCH_PROTOCOL, 2, async (stream) => {
      stream.addEventListener('message', () => undefined);
      stream.send(frameHead(fetchResponseCodec.encode({ type: 'ok', proof: [], total: bytes.length }), bytes.length));
      for (let at = 0; at < bytes.length; at += piece) {
        await new Promise((resolve) => setTimeout(resolve, 150));
        if (stream.status !== 'open') return;
        stream.send(bytes.subarray(at, at + piece));
      }
    });
    const request = { type: 'state', runId: run, round: round(0), chunk: 0 } as const;
    return fetchFrom(from!, memberOf(to!), request).then(
      ({ body: { length } }) => `${length} bytes`,
      (error: { code: string }) => error.code,
    );
  };

  it('is waited for as long as the answer makes progress', async () => {
    expect(await fetchInPieces(16 * 1024)).toBe('262144 bytes');
  });

  it('is given up when the answer only drips', async () => {
    expect(await fetchInPieces(64)).toBe('STREAM_CLOSED');
  });
});
