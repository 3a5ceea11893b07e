/**
 * SHA-256 in a page. Where the answer is needed at once it is the portable one. `crypto.subtle` is many times faster and computes
 * on a thread of its own, but makes its caller wait, and is there only for pages that came by https or from the machine itself.
 */
import { sha256 } from '../core/digest.ts';
import { leafDigest, leafMessage } from '../merkle/tensor-tree.ts';

export { sha256 as fastSha256 } from '../core/digest.ts';

/** The leaf digests of chunks that nobody changes before the call returns. */
export async function leafDigests(chunks: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const subtle = globalThis.crypto.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) return chunks.map((chunk) => leafDigest(chunk, sha256));
  const messages = chunks.map(leafMessage);
  return Promise.all(messages.map(async (message) => new Uint8Array(await subtle.digest('SHA-256', message))));
}
