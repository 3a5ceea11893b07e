import { readFileSync } from 'node:fs';
import { getBytes, hexlify } from 'ethers';
import { describe, expect, it } from 'vitest';
import { peerId } from '@murmuration/protocol';
import { identityOf, identityOfPeerId, identityOfPublicKey, peerIdBytes } from './identity.ts';

interface Vector {
  readonly secretKey: string;
  readonly compressed: string;
  readonly uncompressed: string;
  readonly address: string;
  readonly peerId: string;
  readonly peerIdBytes: string;
}
const { identities } = JSON.parse(readFileSync(new URL('../vectors/vectors.json', import.meta.url), 'utf8')) as {
  identities: Vector[];
};

describe('one key, two names', () => {
  it.each(identities)('$peerId is $address', (vector) => {
    const identity = identityOf(getBytes(vector.secretKey));
    expect(identity).toMatchObject({ peerId: vector.peerId, address: vector.address });
    expect(hexlify(identity.publicKey)).toBe(vector.compressed);
    expect(identityOfPublicKey(getBytes(vector.compressed))).toEqual(identity);
    expect(identityOfPublicKey(getBytes(vector.uncompressed))).toEqual(identity);
    expect(identityOfPeerId(identity.peerId)).toEqual(identity);
    expect(hexlify(peerIdBytes(identity.peerId))).toBe(vector.peerIdBytes);
  });

  it("names the example key of libp2p's specification as libp2p does", () => {
    const secretKey = getBytes('0x53dadf1d5a164d6b4acdb15e24aa4c5b1d3461bdbd42abedb0a4404d56ced8fb');
    expect(identityOf(secretKey).peerId).toBe('16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY');
  });
});

describe('what is no secp256k1 key is refused', () => {
  it.each([
    ['zero', new Uint8Array(32)],
    ['the order of the curve', getBytes('0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')],
    ['31 bytes', new Uint8Array(31).fill(1)],
  ])('as secret: %s, and its bytes are not told', (_name, bytes) => {
    expect(() => identityOf(bytes)).toThrow(expect.objectContaining({ code: 'IDENTITY_INVALID' }));
    expect(() => identityOf(bytes)).not.toThrow(hexlify(bytes).slice(2));
  });

  it.each([
    ['a point off the curve', `0x02${'00'.repeat(31)}05`],
    ['nothing', '0x'],
    ['garbage', '0x1234'],
  ])('as public: %s', (_name, bytes) => {
    expect(() => identityOfPublicKey(getBytes(bytes))).toThrow(expect.objectContaining({ code: 'IDENTITY_INVALID' }));
  });

  it.each([
    ['an Ed25519 PeerId', '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA'],
    ['an RSA PeerId', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N'],
    ['letters that base58 has not', '16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvL0O'],
    ['one leading 1 too many', '116Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY'],
    ['a text without end', '1'.repeat(100_000)],
    ['nothing', ''],
  ])('as PeerId: %s', (_name, text) => {
    expect(() => identityOfPeerId(peerId(text))).toThrow(expect.objectContaining({ code: 'IDENTITY_INVALID' }));
  });
});
