/** The relayed path: what members get of it, and what strangers do not. */
import type { Stream } from '@libp2p/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { bucket, round, runId, view } from '../core/ids.ts';
import type { MemberInfo } from '../wire/control.ts';
import type { BucketFrame } from '../wire/frames.ts';
import { BUCKET_PROTOCOL } from '../wire/names.ts';
import { BucketLinks, serveBuckets } from './bucket-links.ts';
import { fetchFrom, missing, serveFetch } from './fetch.ts';
import type { MurmurationNode } from './murmuration-node.ts';
import { RelayRoster } from './relay-roster.ts';
import { memberOf, testNode } from './testing.ts';

const nodes: MurmurationNode[] = [];
const start = async (...args: Parameters<typeof testNode>): Promise<MurmurationNode> => {
  const node = await testNode(...args);
  nodes.push(node);
  return node;
};
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

const HELLO = '/test/hello/1.0.0';
const frame: BucketFrame = {
  type: 'reduced',
  runId: runId('20261101-00000000'),
  round: round(0),
  view: view(0),
  bucket: bucket(0),
};
/** As others know a member that cannot be dialled. */
const undialable = ({ peerId }: MurmurationNode): MemberInfo => ({ peerId, addresses: [] });

const closed = (stream: Stream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.status === 'open') stream.addEventListener('close', () => resolve());
    else resolve();
  });

/** A coordinator that relays, as the control hub keeps its roster. */
async function coordinator(): Promise<{ node: MurmurationNode; roster: RelayRoster; self: MemberInfo }> {
  const roster = new RelayRoster();
  const node = await start(1, { listen: ['/ip4/127.0.0.1/tcp/0/ws'], relay: roster });
  await node.serve(HELLO, 2, (stream) => void stream.close());
  return { node, roster, self: memberOf(node) };
}

/** A node that listens nowhere, as a page does, connected to the coordinator. */
async function guest(index: number, self: MemberInfo): Promise<MurmurationNode> {
  const node = await start(index, { listen: [], coordinator: self });
  await (await node.open(self, HELLO)).close();
  return node;
}

async function members(): Promise<
  { a: MurmurationNode; b: MurmurationNode } & Awaited<ReturnType<typeof coordinator>>
> {
  const hub = await coordinator();
  const [a, b] = [await guest(2, hub.self), await guest(3, hub.self)];
  for (const node of [a, b]) {
    hub.roster.enter(node.peerId);
    hub.roster.admit(node.peerId);
    await node.reserve();
  }
  return { ...hub, a, b };
}

describe('members that cannot be dialled', () => {
  it('exchange buckets through the coordinator, however large', async () => {
    const { a, b } = await members();
    const body = Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251);
    const got = Promise.withResolvers<Uint8Array>();
    await serveBuckets(b, {
      destination: (_peer, _frame, length) => new Uint8Array(length),
      received: (peer, _frame, bytes) => got.resolve(peer === a.peerId ? bytes : new Uint8Array(0)),
    });
    await new BucketLinks(a).push(undialable(b), frame, body);
    expect(Buffer.compare(await got.promise, body)).toBe(0);
    expect([a.path(b.peerId), b.path(a.peerId)]).toEqual(['relay', 'relay']);
  });

  it('answer over the connection that the other one opened', async () => {
    const { a, b, node } = await members();
    await serveFetch(a, () => missing('nothing here'));
    await b.serve(HELLO, 2, (stream) => void stream.close());
    await (await a.open(undialable(b), HELLO)).close();
    // Nothing new can be relayed from here on.
    const { response } = await fetchFrom(b, undialable(a), {
      type: 'state',
      runId: frame.runId,
      round: round(0),
      chunk: 0,
    });
    expect(response).toEqual({ type: 'missing', reason: 'nothing here' });
    expect(node.isConnected(a.peerId)).toBe(true);
  });

  it('are dialled directly where that works, relay or not', async () => {
    const { a, self, roster } = await members();
    const c = await start(4, { coordinator: self });
    await (await c.open(self, HELLO)).close();
    roster.enter(c.peerId);
    roster.admit(c.peerId);
    await c.serve(HELLO, 2, (stream) => void stream.close());
    await (await a.open(memberOf(c), HELLO)).close();
    expect(a.path(c.peerId)).toBe('direct');
  });

  it('are reached by the relay when their addresses lead nowhere', async () => {
    const { a, b } = await members();
    await b.serve(HELLO, 2, (stream) => void stream.close());
    await (await a.open({ peerId: b.peerId, addresses: ['/ip4/127.0.0.1/tcp/9999'] }, HELLO)).close();
    expect(a.path(b.peerId)).toBe('relay');
  });

  it('are reached by many, each over a relayed connection of its own', async () => {
    const { a: target, self, roster } = await members();
    await serveFetch(target, () => missing('nothing here'));
    for (const index of [4, 5, 6, 7]) {
      const other = await guest(index, self);
      roster.enter(other.peerId);
      roster.admit(other.peerId);
      for (const chunk of [0, 1]) {
        const request = { type: 'state', runId: frame.runId, round: round(0), chunk } as const;
        const { response } = await fetchFrom(other, undialable(target), request);
        expect(response).toEqual({ type: 'missing', reason: 'nothing here' });
      }
      expect(other.path(target.peerId)).toBe('relay');
    }
  });

  it('move to a direct path that is found after the relayed one', async () => {
    const { a, self, roster } = await members();
    const c = await start(4, { coordinator: self });
    await (await c.open(self, HELLO)).close();
    roster.enter(c.peerId);
    roster.admit(c.peerId);
    const received = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await serveBuckets(a, {
      destination: (_peer, _frame, length) => new Uint8Array(length),
      received: (_peer, { bucket: number }) => received[number]?.resolve(),
    });
    await c.serve(HELLO, 2, (stream) => void stream.close());
    const links = new BucketLinks(c);
    await links.push(undialable(a), frame, new Uint8Array(1000));
    await received[0]?.promise;
    expect(c.path(a.peerId)).toBe('relay');
    await (await a.open(memberOf(c), HELLO)).close();
    await expect.poll(() => c.path(a.peerId)).toBe('direct');
    roster.leave(a.peerId);
    await links.push(undialable(a), { ...frame, bucket: bucket(1) }, new Uint8Array(1000));
    await received[1]?.promise;
  });

  it('come back to the relay on a new connection', async () => {
    const { a, b, node, self, roster } = await members();
    const gone = Promise.withResolvers<void>();
    b.onDisconnect(() => gone.resolve());
    roster.leave(b.peerId);
    await node.disconnect(b.peerId);
    await gone.promise;
    await expect(a.open(undialable(b), BUCKET_PROTOCOL)).rejects.toMatchObject({ code: 'DIAL_FAILED' });
    await (await b.open(self, HELLO)).close();
    roster.enter(b.peerId);
    roster.admit(b.peerId);
    await b.reserve();
    await b.serve(BUCKET_PROTOCOL, 2, (stream) => void stream.close());
    await (await a.open(undialable(b), BUCKET_PROTOCOL)).close();
    expect(a.path(b.peerId)).toBe('relay');
  });
});

describe('the relay refuses', () => {
  it('a place to a peer without a control stream', async () => {
    const { self } = await coordinator();
    const stranger = await guest(2, self);
    await expect(stranger.reserve()).rejects.toMatchObject({ code: 'RELAY_REFUSED' });
  });

  it('to carry anything for a peer that was not welcomed, either way', async () => {
    const { a, b, self, roster } = await members();
    const stranger = await guest(4, self);
    roster.enter(stranger.peerId);
    await stranger.reserve();
    await b.serve(HELLO, 2, (stream) => void stream.close());
    await expect(stranger.open(undialable(b), HELLO)).rejects.toMatchObject({ code: 'DIAL_FAILED' });
    await expect(a.open(undialable(stranger), HELLO)).rejects.toMatchObject({ code: 'DIAL_FAILED' });
  });

  it('to go on for a member that has left', async () => {
    const { a, b, roster } = await members();
    await b.serve(HELLO, 2, () => undefined);
    const stream = await a.open(undialable(b), HELLO);
    roster.leave(b.peerId);
    await closed(stream);
    expect(a.path(b.peerId)).toBeNull();
  });

  it('members that play the relay', async () => {
    const { a, b } = await members();
    const stream = await b.open(undialable(a), '/libp2p/circuit/relay/0.2.0/stop');
    await closed(stream);
    expect(stream.status).toBe('reset');
  });
});
