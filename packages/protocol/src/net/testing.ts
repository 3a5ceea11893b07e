/** Fixtures of the network tests: nodes on loopback, with keys that are the same in every run. */
import { milliseconds } from '../core/units.ts';
import type { MemberInfo } from '../wire/control.ts';
import { keyFromRaw } from './keys.ts';
import type { MurmurationNode } from './murmuration-node.ts';
import { createNode, type NodeOptions } from './node.ts';

/** The key with the number `index`, 1 to 255. */
export const testKey = (index: number): ReturnType<typeof keyFromRaw> => keyFromRaw(new Uint8Array(32).fill(index));

export const testNode = (index: number, options: Partial<NodeOptions> = {}): Promise<MurmurationNode> =>
  createNode({
    privateKey: testKey(index),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    failureTimeout: milliseconds(10_000),
    ...options,
  });

export const memberOf = (node: MurmurationNode): MemberInfo => ({ peerId: node.peerId, addresses: node.addresses() });
