/** The compliance suite of the network: the same behaviour over each transport, and against a peer that misbehaves. */
import { afterEach, describe, expect, it } from 'vitest';
import { bucket, hash, round, runId, view } from '../core/ids.ts';
import type { CoordinatorMessage, Terms, WorkerMessage } from '../wire/control.ts';
import type { BucketFrame } from '../wire/frames.ts';
import { CONTROL_PROTOCOL, FETCH_PROTOCOL, PROTOCOL_VERSION } from '../wire/names.ts';
import { BucketLinks, serveBuckets } from './bucket-links.ts';
import type { ControlHandlers } from './control-stream.ts';
import { dialControl, serveControl, type WorkerControl } from './control.ts';
import { BadAddressError, PortTakenError } from './errors.ts';
import { fetchFrom, missing, serveFetch } from './fetch.ts';
import type { MurmurationNode } from './murmuration-node.ts';
import { createNode } from './node.ts';
import { memberOf, testKey, testNode } from './testing.ts';

const nodes: MurmurationNode[] = [];
const start = async (...args: Parameters<typeof testNode>): Promise<MurmurationNode> => {
  const node = await testNode(...args);
  nodes.push(node);
  return node;
};
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

const heartbeat = (n: number): WorkerMessage => ({ type: 'heartbeat', round: round(n), phase: 'computing' });
const stop = (reason: string): CoordinatorMessage => ({ type: 'stop', outcome: 'finished', reason });
const terms = (): Terms => ({
  type: 'terms',
  protocolVersion: PROTOCOL_VERSION,
  runId: runId('20261101-00000000'),
  job: { name: 'x' },
  registration: null,
});
const silent = { onMessage: () => undefined, onClose: () => undefined };
const frameOf = (n: number): BucketFrame => ({
  type: 'reduced',
  runId: runId('20261101-00000000'),
  round: round(0),
  view: view(0),
  bucket: bucket(n),
});
const pattern = Uint8Array.from({ length: 251 }, (_, i) => i);
const body = (length: number, seed: number): Uint8Array =>
  new Uint8Array(Buffer.alloc(length + seed, pattern)).subarray(seed);

describe.each([
  ['tcp', '/ip4/127.0.0.1/tcp/0'],
  ['websocket', '/ip4/127.0.0.1/tcp/0/ws'],
])('over %s', (_name, listen) => {
  it('carries control messages both ways, in order', async () => {
    const [coordinator, worker] = [await start(1, { listen: [listen] }), await start(2, { listen: [] })];
    const heard: WorkerMessage[] = [];
    await serveControl(coordinator, terms, (control) => ({
      async onMessage(message) {
        heard.push(message);
        if (heard.length === 200) await control.send(stop('that is all'));
      },
      onClose: () => undefined,
    }));
    const answered = Promise.withResolvers<CoordinatorMessage>();
    const { control, terms: stated } = await dialControl(worker, memberOf(coordinator), {
      onMessage: answered.resolve,
      onClose: (e) => answered.reject(e),
    });
    expect(stated).toEqual(terms());
    await Promise.all(Array.from({ length: 200 }, (_, n) => control.send(heartbeat(n))));
    expect(await answered.promise).toEqual(stop('that is all'));
    expect(heard).toEqual(Array.from({ length: 200 }, (_, n) => heartbeat(n)));
  });

  it('carries tensor frames unchanged into the memory that the receiver chose', async () => {
    const [from, to] = [await start(1), await start(2, { listen: [listen] })];
    const memory = new Uint8Array(40 * 300_000);
    const seen: number[] = [];
    const all = Promise.withResolvers<void>();
    await serveBuckets(to, {
      destination: (_peer, frame, length) => memory.subarray(frame.bucket * 300_000, frame.bucket * 300_000 + length),
      received(peer, frame, bytes) {
        expect(peer).toBe(from.peerId);
        expect(bytes.buffer).toBe(memory.buffer);
        if (seen.push(frame.bucket) === 40) all.resolve();
      },
    });
    const links = new BucketLinks(from);
    await Promise.all(
      Array.from({ length: 40 }, (_, n) => links.push(memberOf(to), frameOf(n), body(n === 39 ? 0 : 300_000 - n, n))),
    );
    await all.promise;
    expect(seen).toEqual(Array.from({ length: 40 }, (_, n) => n));
    for (const n of [0, 17, 38])
      expect(Buffer.compare(memory.subarray(n * 300_000, (n + 1) * 300_000 - n), body(300_000 - n, n))).toBe(0);
  });

  it('answers many fetches at once, and says what it does not have', async () => {
    const [client, server] = [await start(1), await start(2, { listen: [listen] })];
    await serveFetch(server, (request) =>
      request.type === 'state'
        ? {
            response: { type: 'ok', proof: [hash(`0x${'ab'.repeat(32)}`)], total: 30 },
            body: body(100_000, request.chunk),
          }
        : missing('not here'),
    );
    const ask = (chunk: number): ReturnType<typeof fetchFrom> =>
      fetchFrom(client, memberOf(server), { type: 'state', runId: runId('20261101-00000000'), round: round(0), chunk });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, chunk) => ask(chunk)));
    answers.forEach((answer, chunk) => expect(Buffer.compare(answer.body, body(100_000, chunk))).toBe(0));
    const none = await fetchFrom(client, memberOf(server), {
      type: 'contribution',
      runId: runId('20261101-00000000'),
      round: round(0),
      root: hash(`0x${'cd'.repeat(32)}`),
      bucket: bucket(0),
    });
    expect(none.response).toEqual({ type: 'missing', reason: 'not here' });
  });

  it('holds a sender back while the receiver is busy', async () => {
    const [from, to] = [await start(1), await start(2, { listen: [listen] })];
    const gate = Promise.withResolvers<void>();
    const last = Promise.withResolvers<void>();
    await serveBuckets(to, {
      destination: (_peer, _frame, length) => new Uint8Array(length),
      async received(_peer, frame) {
        await gate.promise;
        if (frame.bucket === 39) last.resolve();
      },
    });
    const links = new BucketLinks(from);
    let taken = 0;
    const sends = Array.from({ length: 40 }, (_, n) =>
      links.push(memberOf(to), frameOf(n), body(1 << 20, n)).then(() => (taken += 1)),
    );
    await sends[0];
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBeLessThan(40);
    gate.resolve();
    await Promise.all([...sends, last.promise]);
  });

  it('delivers what was said just before the stream and the connection are closed', async () => {
    const [coordinator, worker] = [await start(1, { listen: [listen] }), await start(2, { listen: [] })];
    await serveControl(coordinator, terms, (control) => ({
      onMessage() {
        void control.send(stop('goodbye'));
        void control.close().then(() => coordinator.disconnect(control.peer));
      },
      onClose: () => undefined,
    }));
    const [said, closed] = [Promise.withResolvers<CoordinatorMessage>(), Promise.withResolvers<Error | null>()];
    const { control } = await dialControl(worker, memberOf(coordinator), {
      onMessage: said.resolve,
      onClose: closed.resolve,
    });
    await control.send(heartbeat(0));
    expect(await said.promise).toEqual(stop('goodbye'));
    expect(await closed.promise).toBeNull();
  });

  it('tells when a peer is gone', async () => {
    const [a, b] = [await start(1, { listen: [listen] }), await start(2)];
    await serveControl(a, terms, () => silent);
    const closed = Promise.withResolvers<Error | null>();
    await dialControl(b, memberOf(a), { onMessage: () => undefined, onClose: closed.resolve });
    const gone = Promise.withResolvers<string>();
    b.onDisconnect(gone.resolve);
    await a.stop();
    await closed.promise;
    expect(await gone.promise).toBe(a.peerId);
  });
});

describe('a peer that misbehaves', () => {
  /** Sends raw bytes on the protocol; resolves with the fault that the honest node names. */
  const provoke = async (
    protocol: string,
    bytes: Uint8Array,
    serve: (node: MurmurationNode) => Promise<void>,
  ): Promise<string> => {
    const [honest, rogue] = [await start(1), await start(2)];
    await serve(honest);
    const fault = Promise.withResolvers<string>();
    honest.onFault((peer, error) => fault.resolve(`${peer === rogue.peerId} ${error.fault} ${error.message}`));
    const gone = Promise.withResolvers<void>();
    rogue.onDisconnect(() => gone.resolve());
    const stream = await rogue.open(memberOf(honest), protocol);
    stream.send(bytes);
    const named = await fault.promise;
    await gone.promise;
    expect(honest.faults.get(rogue.peerId)?.count).toBe(1);
    return named;
  };
  const control = (node: MurmurationNode): Promise<void> => serveControl(node, terms, () => silent);

  it('is named and disconnected for garbage', async () => {
    expect(await provoke(CONTROL_PROTOCOL, Uint8Array.of(3, 0, 0, 0, 0xc1, 0xff, 0x00), control)).toMatch(
      /^true malformed/,
    );
  });

  it('is named and disconnected for a message larger than a stranger may send', async () => {
    expect(await provoke(CONTROL_PROTOCOL, Uint8Array.of(0, 0, 2, 0), control)).toMatch(
      /^true oversized .*131072 bytes/,
    );
  });

  it('is named and disconnected for msgpack that is no message', async () => {
    expect(await provoke(CONTROL_PROTOCOL, Uint8Array.of(1, 0, 0, 0, 0x2a), control)).toMatch(/^true malformed/);
  });

  it('is named and disconnected for an oversized frame', async () => {
    const serve = (node: MurmurationNode): Promise<void> => serveFetch(node, () => missing('nothing'));
    expect(await provoke(FETCH_PROTOCOL, new Uint8Array(8).fill(255), serve)).toMatch(/^true oversized/);
  });

  it('is refused after its third fault', async () => {
    const [honest, rogue] = [await start(1), await start(2)];
    await control(honest);
    for (let n = 0; n < 3; n++) {
      const gone = Promise.withResolvers<void>();
      const forget = rogue.onDisconnect(() => gone.resolve());
      (await rogue.open(memberOf(honest), CONTROL_PROTOCOL)).send(Uint8Array.of(1, 0, 0, 0, 0xc1));
      await gone.promise;
      forget();
    }
    expect(honest.faults.refused(rogue.peerId)).toBe(true);
    await expect(rogue.open(memberOf(honest), CONTROL_PROTOCOL)).rejects.toMatchObject({ code: 'DIAL_FAILED' });
  });

  it('is given up when it leaves too much unread', async () => {
    const [coordinator, worker] = [await start(1), await start(2)];
    const accepted = Promise.withResolvers<WorkerControl>();
    await serveControl(coordinator, terms, (taken) => (accepted.resolve(taken), silent));
    const deaf: ControlHandlers<CoordinatorMessage> = {
      onMessage: () => new Promise(() => undefined),
      onClose: () => undefined,
    };
    await dialControl(worker, memberOf(coordinator), deaf);
    const taken = await accepted.promise;
    const big: CoordinatorMessage = {
      type: 'welcome',
      runId: runId('20261101-00000000'),
      job: 'x'.repeat(4 << 20),
      heartbeatMs: 1000,
      sync: null,
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => taken.send(big)));
    expect(outcomes.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'STREAM_CLOSED' } });
  });
});

describe('a node', () => {
  it('names a port that is taken', async () => {
    const first = await start(1);
    const listen = [first.addresses()[0]!.replace(/\/p2p\/.*/, '')];
    await expect(createNode({ privateKey: testKey(2), listen, failureTimeout: first.timeouts.dial })).rejects.toThrow(
      PortTakenError,
    );
  });

  it('names an address that is malformed', async () => {
    await expect(testNode(1, { listen: ['127.0.0.1:80'] })).rejects.toThrow(BadAddressError);
  });

  it('names a peer that is not there, and one that is somebody else', async () => {
    const [a, b] = [await start(1), await start(2)];
    const nobody = { peerId: b.peerId, addresses: ['/ip4/127.0.0.1/tcp/9'] };
    await expect(a.open(nobody, CONTROL_PROTOCOL)).rejects.toMatchObject({ code: 'DIAL_FAILED' });
    const c = await start(3);
    const impostor = { peerId: c.peerId, addresses: [b.addresses()[0]!.replace(/\/p2p\/.*/, '')] };
    await expect(a.open(impostor, CONTROL_PROTOCOL)).rejects.toMatchObject({ code: 'DIAL_FAILED' });
  });

  it('names a peer that speaks another version', async () => {
    const [a, b] = [await start(1), await start(2)];
    await b.serve('/murmuration/control/2.0.0', 2, () => undefined);
    await expect(a.open(memberOf(b), CONTROL_PROTOCOL)).rejects.toMatchObject({ code: 'PROTOCOL_MISMATCH' });
  });
});
