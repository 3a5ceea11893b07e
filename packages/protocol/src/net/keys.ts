/** Keys of secp256k1: libp2p identity and EVM account at once. */
import { generateKeyPair, privateKeyFromRaw } from '@libp2p/crypto/keys';
import type { Secp256k1PrivateKey } from '@libp2p/interface';

/** A new secp256k1 key from the system's randomness. */
export const newKey = (): Promise<Secp256k1PrivateKey> => generateKeyPair('secp256k1');

/** The key with the secret scalar `raw` `[32]`. @throws a RangeError when it is not a scalar of the curve */
export function keyFromRaw(raw: Uint8Array): Secp256k1PrivateKey {
  const key = privateKeyFromRaw(raw);
  if (key.type !== 'secp256k1') throw new RangeError('a secp256k1 key has 32 bytes');
  return key;
}
