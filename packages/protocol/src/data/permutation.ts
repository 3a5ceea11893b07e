/**
 * A keyed permutation of [0, size) with random access: any member finds any sample of any epoch without walking there.
 * Eight Feistel rounds over the smallest square power of two that holds `size`; a result outside is permuted again
 * until it falls inside (cycle walking), which keeps it a bijection.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { SampleRangeError } from './errors.ts';

/** Elements that the 32-bit arithmetic below reaches. */
export const PERMUTATION_LIMIT = 2 ** 32;
/** Halves of fewer than 3 bits would be too narrow to mix; walking is short all the same. */
const SMALLEST_SIDE = 8;

const domain = new TextEncoder().encode('murmuration/permutation/1');

/** SHA-256(domain ‖ seed ‖ epoch), both u64 little-endian, as eight u32 little-endian round keys. */
function roundKeys(seed: number, epoch: number): Uint32Array {
  const message = new Uint8Array(domain.length + 16);
  message.set(domain);
  const view = new DataView(message.buffer, domain.length);
  view.setBigUint64(0, BigInt(seed), true);
  view.setBigUint64(8, BigInt(epoch), true);
  const digest = new DataView(Uint8Array.from(sha256(message)).buffer);
  return Uint32Array.from({ length: 8 }, (_, round) => digest.getUint32(round * 4, true));
}

/** Spreads every bit of a 32-bit integer over all (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** One element of a permutation. */
export type Permutation = (index: number) => number;

/**
 * The permutation of [0, size) that `seed` and `epoch` name.
 * @throws SampleRangeError if `size` is not in [1, 2³²]
 */
export function permutationOf(size: number, seed: number, epoch: number): Permutation {
  if (!Number.isInteger(size) || size < 1 || size > PERMUTATION_LIMIT) {
    throw new SampleRangeError({ reason: `a permutation needs 1 to 2^32 elements, not ${size}` });
  }
  let side = SMALLEST_SIDE;
  while (side * side < size) side *= 2;
  const keys = roundKeys(seed, epoch);
  const scramble = (value: number): number => {
    let left = Math.floor(value / side);
    let right = value % side;
    for (const key of keys) [left, right] = [right, left ^ (mix(right ^ key) & (side - 1))];
    return left * side + right;
  };
  return (index) => {
    let value = scramble(index);
    while (value >= size) value = scramble(value);
    return value;
  };
}
