import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sha256 } from '../core/digest.ts';
import {
  leafDigest,
  MerkleIndexError,
  tensorTree,
  TensorTreeBuilder,
  tensorTreeOfBytes,
  verifyTensorProof,
} from './tensor-tree.ts';

const node: Sha256 = (...parts) => {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return new Uint8Array(digest.digest());
};
const sha = (...parts: Uint8Array[]): Buffer => Buffer.from(node(...parts));

describe('tensor tree', () => {
  it('is the documented hash of two leaves and a promoted third', () => {
    const [a, b, c] = [Uint8Array.of(1), Uint8Array.of(2, 3), Uint8Array.of()];
    const leaf = (bytes: Uint8Array) => sha(Uint8Array.of(0), bytes);
    const root = sha(Uint8Array.of(1), sha(Uint8Array.of(1), leaf(a), leaf(b)), leaf(c));
    expect(tensorTree([a, b, c].map((bytes) => leafDigest(bytes))).root).toBe(`0x${root.toString('hex')}`);
  });

  it('gives the same root with the portable and with the injected SHA-256', () => {
    const data = Uint8Array.from({ length: 5000 }, (_, i) => i * 31);
    expect(tensorTreeOfBytes(data, 512).root).toBe(tensorTreeOfBytes(data, 512, node).root);
  });

  it('proves every leaf, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 8 }), { minLength: 1, maxLength: 40 }),
        fc.nat(),
        (chunks, pick) => {
          const tree = tensorTree(
            chunks.map((chunk) => leafDigest(chunk, node)),
            node,
          );
          const index = pick % chunks.length;
          const claim = {
            root: tree.root,
            leaves: chunks.length,
            index,
            bytes: chunks[index]!,
            proof: tree.proof(index),
          };
          expect(verifyTensorProof(claim, node)).toBe(true);
          expect(verifyTensorProof({ ...claim, bytes: Uint8Array.of(...chunks[index]!, 7) }, node)).toBe(false);
          expect(verifyTensorProof({ ...claim, proof: [...claim.proof, tree.root] }, node)).toBe(false);
          expect(verifyTensorProof({ ...claim, index: chunks.length }, node)).toBe(false);
        },
      ),
      { seed: 7, numRuns: 60 },
    );
  });

  it('is the same however the bytes arrive', () => {
    const data = Uint8Array.from({ length: 4099 }, (_, i) => i % 251);
    const builder = new TensorTreeBuilder(1024, node);
    for (let at = 0; at < data.length; at += 700) builder.update(data.subarray(at, at + 700));
    expect(builder.finish().root).toBe(tensorTreeOfBytes(data, 1024, node).root);
  });

  it('refuses a tree over nothing and a proof of a leaf that is not there', () => {
    expect(() => tensorTree([])).toThrow(MerkleIndexError);
    expect(() => tensorTree([leafDigest(Uint8Array.of(1))]).proof(1)).toThrow(MerkleIndexError);
  });
});
