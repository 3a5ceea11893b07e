/**
 * A join token as people pass it on: `<id>.<secret>`, both base64url. The id finds it, the secret opens; only the secret's
 * SHA-256 is kept. The secret has 160 random bits, so its digest needs neither salt nor slowness.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

const ID_BYTES = 6;
const SECRET_BYTES = 20;
/** Random bytes that a token is made of. */
export const TOKEN_BYTES = ID_BYTES + SECRET_BYTES;

export interface TokenParts {
  readonly id: string;
  readonly digest: Uint8Array;
}

const digestOf = (secret: string): Uint8Array => createHash('sha256').update(secret).digest();

/** @param random {@link TOKEN_BYTES} of them */
export function makeToken(random: Uint8Array): TokenParts & { readonly text: string } {
  const id = Buffer.from(random.subarray(0, ID_BYTES)).toString('base64url');
  const secret = Buffer.from(random.subarray(ID_BYTES, TOKEN_BYTES)).toString('base64url');
  return { id, digest: digestOf(secret), text: `${id}.${secret}` };
}

/** Null for a text that no token has. */
export function readToken(text: string): TokenParts | null {
  const [, id, secret] = /^([\w-]{8})\.([\w-]{27})$/.exec(text) ?? [];
  return id === undefined || secret === undefined ? null : { id, digest: digestOf(secret) };
}

/** In a time that says nothing about where they differ. */
export const sameDigest = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);
