/**
 * One secp256k1 key has two names: a libp2p PeerId and an EVM address. The PeerId of such a key is the key itself
 * (identity multihash over its protobuf form), so each name follows from the other side's public key. Pure.
 */
import { SigningKey, computeAddress, concat, decodeBase58, encodeBase58, getBytes, hexlify, toBeHex } from 'ethers';
import { MurmurationError, address, peerId, type Address, type PeerId } from '@murmuration/protocol';

/** Identity multihash of 37 bytes (00 25), protobuf field Type = Secp256k1 (08 02), field Data of 33 bytes (12 21). */
const PEER_ID_PREFIX = '0x002508021221';
const PEER_ID_BYTES = 39;
const PREFIX_BYTES = 6;

/** A key's public side. */
export interface Identity {
  readonly peerId: PeerId;
  readonly address: Address;
  /** SEC1, compressed, `[33]`. */
  readonly publicKey: Uint8Array;
}

/** Causes: a secret that is no scalar of the curve, bytes that are no point, a PeerId of another kind of key. */
export class IdentityError extends MurmurationError {
  readonly code = 'IDENTITY_INVALID';

  constructor({ what, cause }: { what: string; cause?: unknown }) {
    super({
      message: `${what}.`,
      mend: 'Use a secp256k1 key: 32 secret bytes, 33 or 65 public ones, or a PeerId 16Uiu2HA….',
      cause,
    });
  }
}

/** The public side of a secret key `[32]`. @throws IdentityError */
export function identityOf(secretKey: Uint8Array): Identity {
  const key = signingKey(secretKey);
  return identityOfPublicKey(getBytes(key.compressedPublicKey));
}

/** Both names of a public key, SEC1 compressed `[33]` or uncompressed `[65]`. @throws IdentityError */
export function identityOfPublicKey(publicKey: Uint8Array): Identity {
  try {
    const compressed = SigningKey.computePublicKey(publicKey, true);
    return {
      publicKey: getBytes(compressed),
      address: address(computeAddress(compressed)),
      peerId: peerId(encodeBase58(concat([PEER_ID_PREFIX, compressed]))),
    };
  } catch (cause) {
    throw new IdentityError({ what: `${hexlify(publicKey).slice(0, 140)} is not a public key of secp256k1`, cause });
  }
}

/** The key behind a PeerId. @throws IdentityError when the PeerId is not of a secp256k1 key */
export function identityOfPeerId(id: PeerId): Identity {
  const bytes = peerIdBytes(id);
  return identityOfPublicKey(bytes.subarray(PREFIX_BYTES));
}

/** The PeerId's bytes `[39]`, as `WorkerRegistry.peerIdOf` returns them. @throws IdentityError */
export function peerIdBytes(id: PeerId): Uint8Array {
  const bytes = decodePeerId(id);
  if (hexlify(bytes.subarray(0, PREFIX_BYTES)) !== PEER_ID_PREFIX || encodeBase58(bytes) !== id)
    throw new IdentityError({ what: `${JSON.stringify(id)} is not the PeerId of a secp256k1 key` });
  return bytes;
}

/** The key to sign with. @throws IdentityError when the bytes are no secret key */
export function signingKey(secretKey: Uint8Array): SigningKey {
  try {
    const key = new SigningKey(secretKey);
    // The library checks the scalar only when it is used.
    if (key.publicKey.length === 0) throw new RangeError('no public key');
    return key;
  } catch (cause) {
    // The cause's text may hold the secret, so only its class is kept.
    throw new IdentityError({ what: `A secret key is not usable (${(cause as Error).name})` });
  }
}

function decodePeerId(id: string): Uint8Array {
  if (id.length > 64) throw new IdentityError({ what: 'A PeerId of more than 64 letters is not of a secp256k1 key' });
  try {
    return getBytes(toBeHex(decodeBase58(id), PEER_ID_BYTES));
  } catch (cause) {
    throw new IdentityError({ what: `${JSON.stringify(id)} is not base58btc text of ${PEER_ID_BYTES} bytes`, cause });
  }
}
