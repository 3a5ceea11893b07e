/**
 * Merkle trees over tensors: a contribution's buckets, a round's reduced buckets, the chunks of a state.
 *
 * leaf = SHA-256(0x00 ‖ bytes), node = SHA-256(0x01 ‖ left ‖ right); an odd node at the end of a level moves up as it
 * is. The two prefixes keep a node from being shown as a leaf.
 */
import { MurmurationError } from '../core/errors.ts';
import { bytesOf, hashOf, sha256, type Sha256 } from '../core/digest.ts';
import type { Hash } from '../core/ids.ts';

/** Bytes of a chunk of a state: 256 KiB. */
export const STATE_CHUNK_BYTES = 262_144;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** A tree over nothing, or a proof for a leaf that the tree does not have. */
export class MerkleIndexError extends MurmurationError {
  readonly code = 'MERKLE_INDEX';

  constructor({ index, leaves }: { index: number; leaves: number }) {
    super({
      message: `Leaf ${index} was asked of a Merkle tree with ${leaves} leaves.`,
      mend: 'Ask for a leaf from 0 to the count less one.',
    });
  }
}

/** A tree with its levels kept: 64 bytes a leaf. */
export interface TensorTree {
  readonly root: Hash;
  readonly leaves: number;
  /** Sibling digests from the leaf to the root; promoted nodes have none. */
  proof(index: number): Hash[];
}

/** The leaf digest `[32]` of a chunk's bytes. */
export const leafDigest = (bytes: Uint8Array, hash: Sha256 = sha256): Uint8Array => hash(LEAF, bytes);

/** What {@link leafDigest} hashes, in one piece, for hash functions that take no parts. */
export function leafMessage(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(LEAF.length + bytes.length);
  message.set(LEAF);
  message.set(bytes, LEAF.length);
  return message;
}

/** As {@link leafDigest}, as text: the `hash` by which a reduced bucket is named everywhere. */
export const leafHash = (bytes: Uint8Array, hash: Sha256 = sha256): Hash => hashOf(leafDigest(bytes, hash));

/** @throws MerkleIndexError when there are no leaves */
export function tensorTree(leaves: readonly Uint8Array[], hash: Sha256 = sha256): TensorTree {
  const levels = levelsOver(leaves, hash);
  const root = levels.at(-1)?.[0];
  if (root === undefined) throw new MerkleIndexError({ index: 0, leaves: 0 });
  return { root: hashOf(root), leaves: leaves.length, proof: (index) => proofIn(levels, index) };
}

/** The tree over digests that are leaves already, such as the hashes of reduced buckets. */
export const tensorTreeOfHashes = (leaves: readonly Hash[], hash: Sha256 = sha256): TensorTree =>
  tensorTree(leaves.map(bytesOf), hash);

/** The tree over `data` in chunks of `chunkBytes` (the last one may be shorter). */
export function tensorTreeOfBytes(data: Uint8Array, chunkBytes: number, hash: Sha256 = sha256): TensorTree {
  const builder = new TensorTreeBuilder(chunkBytes, hash);
  builder.update(data);
  return builder.finish();
}

/** Whether `bytes` are leaf `index` of `leaves` under `root`. Hostile input is answered with false, never with a throw. */
export function verifyTensorProof(
  {
    root,
    leaves,
    index,
    bytes,
    proof,
  }: { root: Hash; leaves: number; index: number; bytes: Uint8Array; proof: readonly Hash[] },
  hash: Sha256 = sha256,
): boolean {
  if (!Number.isInteger(index) || index < 0 || index >= leaves) return false;
  let digest = leafDigest(bytes, hash);
  let used = 0;
  for (let width = leaves, at = index; width > 1; width = Math.ceil(width / 2), at = Math.floor(at / 2)) {
    if (at % 2 === 0 && at + 1 === width) continue;
    const sibling = proof[used];
    if (sibling === undefined) return false;
    used += 1;
    digest = at % 2 === 0 ? hash(NODE, digest, bytesOf(sibling)) : hash(NODE, bytesOf(sibling), digest);
  }
  return used === proof.length && hashOf(digest) === root;
}

/** Builds the tree over a stream of bytes without holding more than one chunk of them. */
export class TensorTreeBuilder {
  readonly #chunk: Uint8Array;
  readonly #hash: Sha256;
  readonly #leaves: Uint8Array[] = [];
  #filled = 0;

  constructor(chunkBytes: number = STATE_CHUNK_BYTES, hash: Sha256 = sha256) {
    this.#chunk = new Uint8Array(chunkBytes);
    this.#hash = hash;
  }

  /** Takes the next bytes; the array is the caller's again on return. */
  update(data: Uint8Array): void {
    let rest = data;
    while (rest.length > 0)
      rest = rest.subarray(
        this.#filled === 0 && rest.length >= this.#chunk.length ? this.#whole(rest) : this.#part(rest),
      );
  }

  /** The tree over all that came. The builder is used up. */
  finish(): TensorTree {
    if (this.#filled > 0) this.#leaves.push(leafDigest(this.#chunk.subarray(0, this.#filled), this.#hash));
    return tensorTree(this.#leaves, this.#hash);
  }

  /** A whole chunk is hashed where it lies. */
  #whole(data: Uint8Array): number {
    this.#leaves.push(leafDigest(data.subarray(0, this.#chunk.length), this.#hash));
    return this.#chunk.length;
  }

  #part(data: Uint8Array): number {
    const taken = data.subarray(0, this.#chunk.length - this.#filled);
    this.#chunk.set(taken, this.#filled);
    this.#filled += taken.length;
    if (this.#filled === this.#chunk.length) {
      this.#leaves.push(leafDigest(this.#chunk, this.#hash));
      this.#filled = 0;
    }
    return taken.length;
  }
}

function levelsOver(leaves: readonly Uint8Array[], hash: Sha256): (readonly Uint8Array[])[] {
  const levels = [leaves];
  for (let level = leaves; level.length > 1; levels.push(level)) level = parentsOf(level, hash);
  return levels;
}

function parentsOf(level: readonly Uint8Array[], hash: Sha256): Uint8Array[] {
  const parents: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const left = level[i]!;
    const right = level[i + 1];
    parents.push(right === undefined ? left : hash(NODE, left, right));
  }
  return parents;
}

function proofIn(levels: readonly (readonly Uint8Array[])[], index: number): Hash[] {
  const leaves = levels[0]!.length;
  if (!Number.isInteger(index) || index < 0 || index >= leaves) throw new MerkleIndexError({ index, leaves });
  return levels.slice(0, -1).flatMap((level, depth) => {
    const sibling = level[Math.floor(index / 2 ** depth) ^ 1];
    return sibling === undefined ? [] : [hashOf(sibling)];
  });
}
