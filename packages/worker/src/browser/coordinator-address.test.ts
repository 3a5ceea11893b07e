import { describe, expect, it } from 'vitest';
import type { JoinOffer } from '@murmuration/protocol/dashboard';
import { coordinatorOf } from './coordinator-address.ts';

const PEER = '16Uiu2HAmPMWmvf3UoX1HjmsCMw7Neuw5WSHbQpZDQ3CQ8vQtgc7a';
const OTHER = '16Uiu2HAmDPyivwjupKs9DHkToJgDJ8mXDer7scots7aHxmhDyudZ';
const offer = (addresses: readonly string[], sameOrigin = false): JoinOffer =>
  ({ addresses, sameOrigin }) as unknown as JoinOffer;

describe('the coordinator of an offer', () => {
  it('is dialled where the page came from, where that leads to it', () => {
    const address = `/ip4/192.0.2.7/tcp/4001/ws/p2p/${PEER}`;
    expect(coordinatorOf(offer([address]), 'https://train.example').addresses).toEqual([address]);
    expect(coordinatorOf(offer([address], true), 'https://train.example')).toEqual({
      peerId: PEER,
      addresses: [`/dns4/train.example/tcp/443/wss/p2p/${PEER}`, address],
    });
  });

  it('is one: an offer of none, or of several, is refused', () => {
    expect(() => coordinatorOf(offer([]), 'http://127.0.0.1')).toThrow(/offers no address/);
    const two = [`/ip4/192.0.2.7/tcp/1/ws/p2p/${PEER}`, `/ip4/192.0.2.7/tcp/1/ws/p2p/${OTHER}`];
    expect(() => coordinatorOf(offer(two), 'http://127.0.0.1')).toThrow(/several coordinators/);
    expect(() => coordinatorOf(offer(['/ip4/192.0.2.7/tcp/1/ws']), 'http://127.0.0.1')).toThrow(/names no peer/);
  });
});
