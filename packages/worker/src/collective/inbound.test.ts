import type { Numerics } from '@murmuration/kernels/backend-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createHostKernels, type HostKernels } from '@murmuration/kernels/exact';
import {
  bucket,
  microBatch,
  peerId,
  round,
  runId,
  view,
  type ContributionFrame,
  type MemberEvent,
} from '@murmuration/protocol';
import { keyFromRaw, PeerFaultError } from '@murmuration/protocol/net-core';
import { BucketCut } from './bucket-cut.ts';
import { Inbound, type Untimed } from './inbound.ts';
import { commitTo, provenBucket, type OwnContribution } from './own-contributions.ts';
import { ReceivedContributions } from './received-contributions.ts';
import { ReducedBuckets } from './reduced-buckets.ts';
import { summationOf } from './summation.ts';

const run = runId('20260101-00000001');
const cut = new BucketCut({ size: 2500, trained: 2500, bucketSize: 1024 });
const key = keyFromRaw(new Uint8Array(32).fill(9));
const sender = peerId(key.publicKey.toString());
const terms = { runId: run, round: round(3), assignment: view(4), microBatches: [microBatch(1)], samples: 8 };
const gradient = Float32Array.from({ length: 2500 }, (_, i) => Math.sin(i));

let kernels: HostKernels;
beforeAll(async () => {
  kernels = await createHostKernels();
});

function open(
  numerics: Numerics = 'fast',
  layout = cut,
): {
  inbound: Inbound;
  told: Untimed<MemberEvent>[];
  received: ReceivedContributions;
  reduced: ReducedBuckets;
} {
  const told: Untimed<MemberEvent>[] = [];
  const received = new ReceivedContributions(1e6);
  const reduced = new ReducedBuckets(1e6);
  return {
    inbound: new Inbound({
      runId: run,
      cut: layout,
      vectors: kernels.vectors,
      summation: summationOf(numerics, kernels),
      received,
      reduced,
      tell: (event) => told.push(event),
    }),
    told,
    received,
    reduced,
  };
}

function frameOf(
  contribution: OwnContribution,
  index: number,
  layout = cut,
): { frame: ContributionFrame; body: Uint8Array } {
  const { bytes, proof } = provenBucket(contribution, layout, bucket(index));
  const { root } = contribution.terms;
  return {
    frame: { type: 'contribution', ...terms, root, bucket: bucket(index), signature: contribution.signature, proof },
    body: bytes.slice(),
  };
}

/** What the receiver does with a frame from the network. */
function deliver(inbound: Inbound, frame: Parameters<Inbound['received']>[1], body: Uint8Array, from = sender): void {
  inbound.destination(from, frame, body.length).set(body);
  inbound.received(from, frame, body);
}

describe('an inbound contribution', () => {
  const honest = commitTo(gradient, cut, terms, key);

  it('is kept and told when it is proved and signed', () => {
    const { inbound, told, received } = open();
    for (const index of [0, 1, 2]) {
      const { frame, body } = frameOf(honest, index);
      deliver(inbound, frame, body);
      expect(received.get(sender, view(4), bucket(index))).toBe(body);
    }
    expect(told.map((event) => event.type)).toEqual(Array.from({ length: 3 }, () => 'contributionReceived'));
    expect(told[2]).toMatchObject({
      from: sender,
      bucket: 2,
      samples: 8,
      root: honest.terms.root,
      signature: honest.signature,
    });
  });

  it('is never replaced by another one that its sender signed as well', () => {
    const { inbound, told, received } = open();
    const first = frameOf(honest, 1);
    const second = frameOf(
      commitTo(
        gradient.map((value) => -value),
        cut,
        terms,
        key,
      ),
      1,
    );
    deliver(inbound, first.frame, first.body);
    expect(() => deliver(inbound, second.frame, second.body)).toThrow(PeerFaultError);
    expect(received.get(sender, view(4), bucket(1))).toBe(first.body);
    deliver(inbound, first.frame, first.body.slice());
    expect(told.map(({ type }) => type)).toEqual(['contributionReceived', 'contributionReceived']);
  });

  const refused: Record<
    string,
    (parts: { frame: ContributionFrame; body: Uint8Array }) => { frame: ContributionFrame; body: Uint8Array }
  > = {
    'other bytes than were committed': ({ frame, body }) => ({
      frame,
      body: body.map((byte, at) => (at === 5 ? byte ^ 1 : byte)),
    }),
    'the proof of another bucket': ({ frame, body }) => ({
      frame: { ...frame, proof: frameOf(honest, 2).frame.proof },
      body,
    }),
    'more samples than were signed': ({ frame, body }) => ({ frame: { ...frame, samples: 9 }, body }),
    'another run': ({ frame, body }) => ({ frame: { ...frame, runId: runId('20260101-00000002') }, body }),
    'a bucket that does not exist': ({ frame, body }) => ({ frame: { ...frame, bucket: bucket(3) }, body }),
    'a bucket of another size': ({ frame, body }) => ({ frame, body: body.subarray(4) }),
  };

  it.each(Object.entries(refused))('with %s is a fault of its sender', (_name, change) => {
    const { inbound, told } = open();
    const { frame, body } = change(frameOf(honest, 0));
    expect(() => deliver(inbound, frame, body)).toThrow(PeerFaultError);
    expect(told).toEqual([]);
  });

  it('signed by somebody else is a fault of its sender', () => {
    const { inbound } = open();
    const { frame, body } = frameOf(honest, 0);
    const thief = peerId(keyFromRaw(new Uint8Array(32).fill(10)).publicKey.toString());
    expect(() => deliver(inbound, frame, body, thief)).toThrow(/signature/);
  });

  it('with a NaN is a fault of its sender, although it is proved and signed', () => {
    const { inbound } = open();
    const { frame, body } = frameOf(
      commitTo(
        gradient.map((value, at) => (at === 7 ? Number.NaN : value)),
        cut,
        terms,
        key,
      ),
      0,
    );
    expect(() => deliver(inbound, frame, body)).toThrow(/not finite at element 7/);
  });
});

describe('an inbound contribution in fixed point', () => {
  const fixedCut = new BucketCut({ size: 2500, trained: 2500, bucketSize: 1024, contributionBytes: 8 });
  const sums = BigInt64Array.from({ length: 2500 }, (_, i) => BigInt(i) ** 4n - 7n);

  it('has eight bytes an element, whose reduced ones have four', () => {
    const { inbound, told, received } = open('exact', fixedCut);
    const { frame, body } = frameOf(commitTo(sums, fixedCut, terms, key), 2, fixedCut);
    expect(body).toHaveLength((2500 - 2048) * 8);
    deliver(inbound, frame, body);
    expect(told).toMatchObject([{ type: 'contributionReceived', bucket: 2 }]);
    expect(new BigInt64Array(received.get(sender, view(4), bucket(2))!.buffer)).toEqual(sums.slice(2048));
    const reduced = { type: 'reduced', runId: run, round: round(3), view: view(4), bucket: bucket(2) } as const;
    deliver(inbound, reduced, new Uint8Array((2500 - 2048) * 4));
    expect(() => deliver(inbound, reduced, body)).toThrow(PeerFaultError);
  });

  it('that overflowed is a fault of its sender, although it is proved and signed', () => {
    const { inbound } = open('exact', fixedCut);
    const overflown = sums.with(1030, -(2n ** 63n));
    const { frame, body } = frameOf(commitTo(overflown, fixedCut, terms, key), 1, fixedCut);
    expect(() => deliver(inbound, frame, body)).toThrow(/overflowed at element 6/);
  });

  it('in a fast run is a fault of its sender', () => {
    const { inbound } = open('fast', cut);
    const { frame, body } = frameOf(commitTo(sums, fixedCut, terms, key), 0, fixedCut);
    expect(() => deliver(inbound, frame, body)).toThrow(PeerFaultError);
  });
});

describe('an inbound reduced bucket', () => {
  it('is kept under its sender and told with its hash', () => {
    const { inbound, told, reduced } = open();
    const body = cut.bytes(gradient, bucket(1)).slice();
    deliver(inbound, { type: 'reduced', runId: run, round: round(3), view: view(4), bucket: bucket(1) }, body);
    const [event] = told;
    expect(event).toMatchObject({ type: 'reducedReceived', from: sender, view: 4, bucket: 1 });
    expect(reduced.find(view(4), bucket(1), (event as { hash: Parameters<ReducedBuckets['find']>[2] }).hash)).toBe(
      body,
    );
  });
});
