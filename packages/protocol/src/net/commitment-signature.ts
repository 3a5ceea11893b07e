/**
 * The signature under a commitment: 65 bytes r‖s‖v over `commitmentDigest`, with the key that is the worker's PeerId and
 * EVM address at once, so that a contract could recover the signer too.
 */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { Secp256k1PrivateKey } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { bytesOf, hexOf } from '../core/digest.ts';
import type { Hex, PeerId } from '../core/ids.ts';
import { commitmentDigest, type CommitmentTerms } from '../wire/commitment.ts';

const SIGNATURE_BYTES = 65;
/** Ethereum's `v` is the recovery bit and 27. */
const V_OFFSET = 27;

export function signCommitment(key: Secp256k1PrivateKey, terms: CommitmentTerms): Hex {
  const [recovery, ...rs] = secp256k1.sign(commitmentDigest(terms), key.raw, { prehash: false, format: 'recovered' });
  return hexOf(Uint8Array.of(...rs, V_OFFSET + (recovery ?? 0)));
}

/** Whether `peer` signed the terms. Hostile input is answered with false, never with a throw. */
export function verifyCommitment(peer: PeerId, terms: CommitmentTerms, signature: Hex): boolean {
  try {
    const bytes = bytesOf(signature);
    const key = peerIdFromString(peer).publicKey;
    if (bytes.length !== SIGNATURE_BYTES || key?.type !== 'secp256k1') return false;
    return secp256k1.verify(bytes.subarray(0, 64), commitmentDigest(terms), key.raw, { prehash: false });
  } catch {
    return false;
  }
}
