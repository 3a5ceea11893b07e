/** Both platforms' SHA-256 give what the portable one gives. */
import { describe, expect, it } from 'vitest';
import { sha256 } from '../core/digest.ts';
import { leafDigest } from '../merkle/tensor-tree.ts';
import * as node from './node-sha256.ts';
import * as web from './web-sha256.ts';

const chunks = [0, 1, 63, 64, 1000].map((length) => Uint8Array.from({ length }, (_, i) => i * 7));

describe.each([
  ['Node', node],
  ['a page', web],
])('SHA-256 of %s', (_, { fastSha256, leafDigests }) => {
  it('hashes parts one after the other', () => {
    expect([...fastSha256(...chunks)]).toEqual([...sha256(...chunks)]);
  });

  it('hashes leaves as they are when it is called', async () => {
    const changing = chunks.map((chunk) => chunk.slice());
    const digests = leafDigests(changing);
    for (const chunk of changing) chunk.fill(255);
    expect((await digests).map((digest) => [...digest])).toEqual(chunks.map((chunk) => [...leafDigest(chunk)]));
  });
});
