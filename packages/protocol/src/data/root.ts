/** One hash for all files of a dataset. */
import { createHash } from 'node:crypto';
import { hash } from '../core/ids.ts';
import type { Hash } from '../core/ids.ts';

const sha256 = (...parts: Uint8Array[]): Uint8Array => {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
};
const leafMark = Uint8Array.of(0);
const nodeMark = Uint8Array.of(1);

/**
 * The tensor-tree root over the files' SHA-256 digests in order: leaf = SHA-256(0x00 ‖ digest), node =
 * SHA-256(0x01 ‖ left ‖ right), an odd node promoted.
 */
export function datasetRoot(files: readonly { readonly sha256: string }[]): Hash {
  let level: Uint8Array[] = files.map((file) => sha256(leafMark, Buffer.from(file.sha256, 'hex')));
  while (level.length > 1) {
    level = level.flatMap((left, i) => {
      if (i % 2 === 1) return [];
      const right = level[i + 1];
      return right === undefined ? [left] : [sha256(nodeMark, left, right)];
    });
  }
  return hash(`0x${Buffer.from(level[0] ?? sha256(leafMark)).toString('hex')}`);
}
