/**
 * The hash chain that audits are drawn from. Its end is the secret; each link is the SHA-256 of the one after it, so
 * that whoever knows the anchor can check every link that is shown later, and nobody can compute the next one.
 */
import { bytesOf, hashOf, sha256 } from '../../../core/digest.ts';
import type { Hash } from '../../../core/ids.ts';

/** Kept links lie this far apart. */
const CHAIN_STRIDE = 64;

export interface HashChain {
  /** `links[i]` is link `i · stride`. */
  readonly links: readonly Hash[];
  readonly stride: number;
  /** Links 0 … length; link 0 is the anchor. */
  readonly length: number;
}

const step = (link: Uint8Array): Uint8Array => sha256(link);

/** The chain of `length` links below `secret`. */
export function hashChain(secret: Hash, length: number, stride: number = CHAIN_STRIDE): HashChain {
  const top = Math.ceil(length / stride) * stride;
  const links: Hash[] = [];
  let link = bytesOf(secret);
  for (let i = top; ; i--, link = step(link)) {
    if (i % stride === 0) links.unshift(hashOf(link));
    if (i === 0) return { links, stride, length: top };
  }
}

/** Link `index`; link 0 is public from the start, link r + 1 draws the audits of the r-th draw. */
export function chainLink({ links, stride, length }: HashChain, index: number): Hash {
  const at = Math.min(Math.max(index, 0), length);
  const above = Math.ceil(at / stride);
  let link = bytesOf(links[above]!);
  for (let i = above * stride; i > at; i--) link = step(link);
  return hashOf(link);
}
