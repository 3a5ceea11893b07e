/** Names and kinds of the members of a made-up run. */
import type { Address, Hash, PeerId } from '@murmuration/protocol';
import type { MemberRow } from '@murmuration/protocol/dashboard';
import { chance, pick, text } from './random.ts';

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const HEX = '0123456789abcdef';

const peerIds = new Map<number, PeerId>();

/** Kept once it was made: a change of the run names hundreds of them. */
export function peerIdOf(member: number): PeerId {
  const known = peerIds.get(member) ?? (`16Uiu2HAm${text(BASE58, 44, 11, member)}` as PeerId);
  peerIds.set(member, known);
  return known;
}

export const addressOfMember = (member: number, salt = 12): Address => `0x${text(HEX, 40, salt, member)}` as Address;
export const hashOf = (...seeds: readonly number[]): Hash => `0x${text(HEX, 64, 13, ...seeds)}` as Hash;

interface Kind {
  readonly backend: MemberRow['backend'];
  readonly adapter: MemberRow['adapter'];
  /** Samples per second of one of it. */
  readonly speed: number;
  readonly agent: string;
}

const node = 'murmuration/0.1.0 node/24.21.0';
const tab = 'murmuration/0.1.0 Chrome/147';

const kinds: readonly Kind[] = [
  {
    backend: 'webgpu',
    adapter: { name: 'NVIDIA GeForce RTX 4070', kind: 'gpu', class: 'exact' },
    speed: 41_000,
    agent: node,
  },
  { backend: 'webgpu', adapter: { name: 'Apple M3 Pro', kind: 'gpu', class: 'exact' }, speed: 22_500, agent: tab },
  {
    backend: 'webgpu',
    adapter: { name: 'AMD Radeon RX 7800 XT', kind: 'gpu', class: 'tolerance' },
    speed: 36_000,
    agent: node,
  },
  { backend: 'webgpu', adapter: { name: 'Intel Arc A770', kind: 'gpu', class: 'exact' }, speed: 24_800, agent: tab },
  {
    backend: 'webgpu',
    adapter: { name: 'Qualcomm Adreno X1-85', kind: 'gpu', class: 'tolerance' },
    speed: 9_300,
    agent: tab,
  },
  {
    backend: 'webgpu',
    adapter: { name: 'SwiftShader Device (LLVM 16.0.0)', kind: 'software', class: 'exact' },
    speed: 900,
    agent: tab,
  },
  {
    backend: 'webgpu',
    adapter: { name: 'llvmpipe (LLVM 19.1.7, 256 bits)', kind: 'software', class: 'exact' },
    speed: 2_600,
    agent: node,
  },
  {
    backend: 'onnx',
    adapter: { name: 'AMD Ryzen 9 7950X 16-Core Processor', kind: 'cpu', class: 'tolerance' },
    speed: 15_200,
    agent: node,
  },
  {
    backend: 'exact',
    adapter: { name: 'Intel Core i7-13700H', kind: 'cpu', class: 'exact' },
    speed: 4_100,
    agent: node,
  },
];

export const kindOf = (member: number): Kind => pick(kinds, 14, member);
/** Its speed in samples per second: that of its kind, more or less. */
export const speedOf = (member: number): number => kindOf(member).speed * (0.75 + 0.5 * chance(15, member));
