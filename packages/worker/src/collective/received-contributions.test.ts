import { describe, expect, it } from 'vitest';
import { bucket, peerId, view } from '@murmuration/protocol';
import { ReceivedContributions } from './received-contributions.ts';

const [one, two] = [peerId('one'), peerId('two')];
const bytes = (length = 10): Uint8Array => new Uint8Array(length);

describe('received contributions', () => {
  it('are kept apart by sender, assignment and bucket', () => {
    const received = new ReceivedContributions(100);
    const mine = bytes();
    received.add(one, view(1), bucket(0), mine);
    expect(received.get(one, view(1), bucket(0))).toBe(mine);
    expect(received.get(two, view(1), bucket(0))).toBeNull();
    expect(received.get(one, view(2), bucket(0))).toBeNull();
    expect(received.get(one, view(1), bucket(1))).toBeNull();
  });

  it('of one sender have a limit: newer assignments push out older ones, and only its own', () => {
    const received = new ReceivedContributions(25);
    received.add(two, view(1), bucket(0), bytes());
    for (const assignment of [1, 2, 3]) received.add(one, view(assignment), bucket(0), bytes());
    expect(received.get(one, view(1), bucket(0))).toBeNull();
    expect(received.get(one, view(2), bucket(0))).not.toBeNull();
    expect(received.get(one, view(3), bucket(0))).not.toBeNull();
    expect(received.get(two, view(1), bucket(0))).not.toBeNull();
  });

  it('count a bucket that comes again once', () => {
    const received = new ReceivedContributions(25);
    for (let time = 0; time < 10; time++) received.add(one, view(1), bucket(0), bytes());
    received.add(one, view(2), bucket(0), bytes());
    expect(received.get(one, view(1), bucket(0))).not.toBeNull();
  });

  it('are gone when they are discarded or released', () => {
    const received = new ReceivedContributions(100);
    received.add(one, view(1), bucket(0), bytes());
    received.add(one, view(2), bucket(0), bytes());
    received.discard(one, view(2), bucket(0));
    received.releaseBefore(view(2));
    expect(received.get(one, view(1), bucket(0))).toBeNull();
    expect(received.get(one, view(2), bucket(0))).toBeNull();
  });
});
