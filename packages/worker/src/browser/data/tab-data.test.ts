import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import type { ResolvedJob } from '@murmuration/protocol/job';
import type { Clock } from '@murmuration/protocol/net-core';
import type { TabReportOf } from '../face.ts';
import type { FileCache } from './file-cache.ts';
import { TabData } from './tab-data.ts';

/** Time that passes at once. */
const clock: Clock = {
  after(_delay, work) {
    queueMicrotask(work);
    return () => undefined;
  },
};
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const text = 'a text of some length that a model could learn by heart. '.repeat(40);
const plain = new Uint8Array(Buffer.from(text));
const packed = new Uint8Array(gzipSync(text));

function memoryCache(): FileCache & { readonly kept: Map<string, Uint8Array<ArrayBuffer>> } {
  const kept = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    kept,
    get: async (name) => kept.get(name) ?? null,
    put: async (name, bytes) => void kept.set(name, bytes),
    delete: async (name) => void kept.delete(name),
  };
}

/** A server that answers in turn, the last answer for ever, and counts. */
function server(...answers: (() => Response)[]) {
  const asked: string[] = [];
  const fetch = async (url: string | URL | Request): Promise<Response> => {
    asked.push(String(url));
    return (answers[Math.min(asked.length, answers.length) - 1] as () => Response)();
  };
  return { asked, fetch };
}
const gives = (bytes: Uint8Array<ArrayBuffer>) => () => new Response(bytes);

const job = (bytes: Uint8Array): ResolvedJob['data'] => {
  const source = {
    type: 'text',
    files: ['npm:x/a.txt'],
    block: 8,
    tokenizer: 'byte',
    sha256: [sha256(bytes)],
  } as const;
  return {
    train: { ...source, split: { from: 0, to: 0.5 } },
    eval: { ...source, split: { from: 0.5, to: 1 } },
  } as unknown as ResolvedJob['data'];
};

function dataFrom(fetch: typeof globalThis.fetch, bytes: Uint8Array, cache = memoryCache()) {
  const reports: TabReportOf<'tab.data'>[] = [];
  const files = [{ sha256: sha256(bytes), bytes: bytes.length }];
  const data = new TabData({
    origin: 'https://train.example',
    files,
    clock,
    cache,
    fetch,
    report: (report) => reports.push(report),
  });
  return { data, reports, cache };
}

describe('the data of a tab', () => {
  it('comes by hash from the page’s origin, once, with its progress', async () => {
    const { asked, fetch } = server(gives(plain));
    const { data, reports } = dataFrom(fetch, plain);
    const { train, eval: held } = await data.open(job(plain));
    expect(train.size).toBeGreaterThan(0);
    expect(held.size).toBeGreaterThan(0);
    expect(asked).toEqual([`https://train.example/api/data/${sha256(plain)}`]);
    expect(reports.at(-1)).toEqual({ event: 'tab.data', received: plain.length, cached: 0, bytes: plain.length });
  });

  it('can be on its way before the job asks for it, and is tried anew if it failed', async () => {
    const early = server(gives(plain));
    const { data } = dataFrom(early.fetch, plain);
    data.begin();
    expect((await data.open(job(plain))).train.size).toBeGreaterThan(0);
    expect(early.asked).toHaveLength(1);
    const wrong = server(gives(plain.slice(1)), gives(plain));
    const again = dataFrom(wrong.fetch, plain);
    again.data.begin();
    await expect(again.data.open(job(plain))).rejects.toMatchObject({ code: 'DATA_HASH' });
    await again.data.open(job(plain));
    expect(wrong.asked).toHaveLength(2);
  });

  it('is unpacked', async () => {
    const { data } = dataFrom(server(gives(packed)).fetch, packed);
    const plainData = dataFrom(server(gives(plain)).fetch, plain).data;
    expect((await data.open(job(packed))).train.size).toBe((await plainData.open(job(plain))).train.size);
  });

  it('is not downloaded again, unless what was kept is damaged', async () => {
    const cache = memoryCache();
    await dataFrom(server(gives(plain)).fetch, plain, cache).data.open(job(plain));
    const second = server(gives(plain));
    const { data, reports } = dataFrom(second.fetch, plain, cache);
    await data.open(job(plain));
    expect(second.asked).toEqual([]);
    expect(reports.at(-1)).toMatchObject({ received: plain.length, cached: plain.length });
    cache.kept.set(sha256(plain), plain.slice(1));
    await dataFrom(second.fetch, plain, cache).data.open(job(plain));
    expect(second.asked).toHaveLength(1);
    expect(cache.kept.get(sha256(plain))).toEqual(plain);
  });

  it('is asked for again when the network fails, and given up after a while', async () => {
    const failing = (): Response => {
      throw new TypeError('network error');
    };
    const once = server(failing, () => new Response('busy', { status: 503 }), gives(plain));
    await dataFrom(once.fetch, plain).data.open(job(plain));
    expect(once.asked).toHaveLength(3);
    const always = server(failing);
    await expect(dataFrom(always.fetch, plain).data.open(job(plain))).rejects.toMatchObject({ code: 'DATA_DOWNLOAD' });
    expect(always.asked).toHaveLength(4);
  });

  it('is neither downloaded nor told of any more once the tab has left', async () => {
    const cancelled = Promise.withResolvers<void>();
    const first = new Uint8Array(100);
    const slow = server(
      () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(first),
            cancel: () => cancelled.resolve(),
          }),
        ),
    );
    // As a browser does it: the signal ends the body too.
    const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const { body } = await slow.fetch(url);
      const through = new TransformStream<Uint8Array, Uint8Array>();
      body!.pipeTo(through.writable, { signal: init!.signal! }).catch(() => undefined);
      return new Response(through.readable);
    };
    const { data, reports } = dataFrom(fetch, plain);
    const opened = data.open(job(plain));
    opened.catch(() => undefined);
    await vi.waitFor(() => expect(reports).toHaveLength(1));
    data.close();
    await cancelled.promise;
    await expect(opened).rejects.toMatchObject({ code: 'DATA_DOWNLOAD' });
    expect(slow.asked).toHaveLength(1);
    expect(reports).toHaveLength(1);
  });

  it('is refused when it is something else, larger, damaged, or of no known hash', async () => {
    const other = plain.slice();
    other[7] = 0;
    const refused = server(gives(other));
    await expect(dataFrom(refused.fetch, plain).data.open(job(plain))).rejects.toMatchObject({ code: 'DATA_HASH' });
    expect(refused.asked).toHaveLength(1);
    const endless = server(
      () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) })),
    );
    await expect(dataFrom(endless.fetch, plain).data.open(job(plain))).rejects.toMatchObject({ code: 'DATA_SIZE' });
    const broken = packed.slice(0, -5);
    await expect(dataFrom(server(gives(broken)).fetch, broken).data.open(job(broken))).rejects.toMatchObject({
      code: 'DATA_FORMAT',
    });
    const nameless = job(plain);
    const { sha256: _hashes, ...train } = nameless.train as unknown as Record<string, unknown>;
    await expect(
      dataFrom(server(gives(plain)).fetch, plain).data.open({ ...nameless, train } as unknown as ResolvedJob['data']),
    ).rejects.toMatchObject({ code: 'DATA_LOCATION' });
  });
});
