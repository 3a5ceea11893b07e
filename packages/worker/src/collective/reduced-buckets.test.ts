import { describe, expect, it } from 'vitest';
import { bucket, hash, peerId, round, view, type Hash } from '@murmuration/protocol';
import { ReducedBuckets, type ReducedBucket } from './reduced-buckets.ts';

const [owner, other] = [peerId('owner'), peerId('other')];
const hashOf = (byte: number): Hash => hash(`0x${byte.toString(16).padStart(2, '0').repeat(32)}`);
const made = (from: typeof owner, inView: number, index: number, content: number, length = 10): ReducedBucket => ({
  from,
  view: view(inView),
  bucket: bucket(index),
  hash: hashOf(content),
  bytes: new Uint8Array(length).fill(content),
});

describe('reduced buckets', () => {
  it('are found by view, bucket and content, whoever else sent something for the same place', () => {
    const reduced = new ReducedBuckets(1000);
    reduced.add(made(owner, 1, 0, 7));
    reduced.add(made(other, 1, 0, 8));
    expect(reduced.find(view(1), bucket(0), hashOf(7))?.[0]).toBe(7);
    expect(reduced.find(view(1), bucket(1), hashOf(7))).toBeNull();
    expect(reduced.find(view(2), bucket(0), hashOf(7))).toBeNull();
  });

  it('keep an equal copy when one of two is discarded', () => {
    const reduced = new ReducedBuckets(1000);
    reduced.add(made(owner, 1, 0, 7));
    reduced.add(made(other, 1, 0, 7));
    reduced.discard(view(1), bucket(0), hashOf(7));
    expect(reduced.find(view(1), bucket(0), hashOf(7))).not.toBeNull();
    reduced.discard(view(1), bucket(0), hashOf(7));
    expect(reduced.find(view(1), bucket(0), hashOf(7))).toBeNull();
  });

  it('of one sender have a limit, past which its oldest view goes and nobody else’s', () => {
    const reduced = new ReducedBuckets(25);
    reduced.add(made(owner, 1, 0, 1));
    for (const inView of [1, 2, 3]) reduced.add(made(other, inView, 0, inView));
    expect(reduced.find(view(1), bucket(0), hashOf(1))).not.toBeNull();
    reduced.discard(view(1), bucket(0), hashOf(1));
    expect(reduced.find(view(1), bucket(0), hashOf(1))).toBeNull();
    expect(reduced.find(view(2), bucket(0), hashOf(2))).not.toBeNull();
    expect(reduced.find(view(3), bucket(0), hashOf(3))).not.toBeNull();
  });

  it('are kept by content when their round is sealed, until that is released', () => {
    const reduced = new ReducedBuckets(1000);
    reduced.add(made(owner, 4, 0, 1));
    reduced.add(made(owner, 4, 1, 2));
    reduced.add(made(other, 4, 1, 9));
    reduced.seal(round(3), view(4), [hashOf(1), hashOf(2)]);
    expect(reduced.sealed(round(3), hashOf(2))?.[0]).toBe(2);
    expect(reduced.sealed(round(3), hashOf(9))).toBeNull();
    expect(reduced.find(view(4), bucket(0), hashOf(1))).toBeNull();
    reduced.releaseSealedBefore(round(4));
    expect(reduced.sealed(round(3), hashOf(2))).toBeNull();
  });
});
