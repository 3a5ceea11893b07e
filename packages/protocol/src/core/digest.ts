/** SHA-256 over bytes, and digests as text. */
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { hash, hex, type Hash, type Hex } from './ids.ts';

/** Bytes of a SHA-256 digest. */
export const DIGEST_BYTES = 32;

/** SHA-256 of the parts, one after the other. Node shells hand in `node:crypto`, which is several times faster. */
export type Sha256 = (...parts: readonly Uint8Array[]) => Uint8Array;

/** The portable implementation: any JavaScript engine. */
export const sha256: Sha256 = (...parts) => {
  const digest = nobleSha256.create();
  for (const part of parts) digest.update(part);
  return digest.digest();
};

/** A 32-byte digest as `0x` text. */
export const hashOf = (digest: Uint8Array): Hash => hash(`0x${bytesToHex(digest)}`);
/** Bytes as `0x` text. */
export const hexOf = (bytes: Uint8Array): Hex => hex(`0x${bytesToHex(bytes)}`);
/** The bytes of `0x` text. */
export const bytesOf = (text: Hash | Hex): Uint8Array => hexToBytes(text.slice(2));
/** SHA-256 of a text's UTF-8 bytes. */
export const hashText = (text: string): Hash => hashOf(sha256(utf8ToBytes(text)));
