import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createHostKernels } from './host-kernels.ts';
import { generator } from './reference.testing.ts';

const { sha256, allocate } = await createHostKernels();

function randomBytes(length: number): Uint8Array {
  const next = generator(length);
  return Uint8Array.from({ length }, () => next() * 256);
}

const native = (...parts: Uint8Array[]): string => createHash('sha256').update(Buffer.concat(parts)).digest('hex');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('Sha256', () => {
  it('has the digests of FIPS 180-4', () => {
    const text = (value: string): string => hex(sha256.digest(new TextEncoder().encode(value)));
    expect(text('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(text('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('agrees with the native hash around every boundary of padding and copying', () => {
    const edges = [0, 64, 128, 8192, 16_384]
      .flatMap((edge) => Array.from({ length: 22 }, (_, i) => edge - 11 + i))
      .filter((length) => length >= 0);
    for (const length of edges) {
      const bytes = randomBytes(length);
      expect(hex(sha256.digest(bytes))).toBe(native(bytes));
      expect(hex(sha256.digest(Uint8Array.of(1), bytes, bytes))).toBe(native(Uint8Array.of(1), bytes, bytes));
    }
  });

  it.each([0, 1, 3, 4, 5, 9])('hashes %i chunks and a shorter one as the leaves of a tensor tree', (whole) => {
    const bytes = randomBytes(whole * 8192 + 77);
    const leaves = sha256.leaves(bytes, 8192);
    expect(leaves).toHaveLength(whole + 1);
    leaves.forEach((leaf, i) =>
      expect(hex(leaf)).toBe(native(Uint8Array.of(0), bytes.subarray(i * 8192, (i + 1) * 8192))),
    );
  });

  it('hashes what lies in the kernels’ own memory', () => {
    const vector = allocate(70_000);
    vector.bytes.set(randomBytes(280_000));
    expect(sha256.leaves(vector.bytes, 65_536).map(hex)).toEqual(
      [0, 1, 2, 3, 4].map((i) => native(Uint8Array.of(0), vector.bytes.subarray(i * 65_536, (i + 1) * 65_536))),
    );
  });
});
