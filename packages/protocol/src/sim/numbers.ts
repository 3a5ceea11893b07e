/**
 * Tensors of one integer a bucket, whose reduction anybody can check: a micro-batch's gradient is a function of its
 * number, the bucket and the state; a reduction is a sum modulo a prime; a state remembers all that was applied.
 */
import { hexOf, sha256 } from '../core/digest.ts';
import { hash, type Hash, type Hex, type MicroBatch, type PeerId } from '../core/ids.ts';
import { commitmentDigest, type CommitmentTerms } from '../wire/commitment.ts';

const PRIME = 2_147_483_647;

const mod = (value: number): number => ((value % PRIME) + PRIME) % PRIME;

/** One integer a bucket. */
export type Vector = readonly number[];

export const initialState = (buckets: number): Vector =>
  Array.from({ length: buckets }, (_, bucket) => mod(7919 * (bucket + 1)));

/** Σ of the micro-batches' gradients `[buckets]` at a state. */
export const gradientOf = (state: Vector, microBatches: readonly MicroBatch[]): Vector =>
  state.map((value, bucket) =>
    microBatches.reduce((sum, number) => mod(sum + number * 40_503 + bucket * 977 + value * 97 + 13), 0),
  );

export const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => mod(sum + value), 0);

/** The state after a reduced gradient is applied. */
export const stepOf = (state: Vector, reduced: Vector): Vector =>
  state.map((value, bucket) => mod(value * 31 + reduced[bucket]! + 1));

/** A stand-in for SHA-256 that costs nothing: the value itself, with a tag that keeps kinds apart. */
export const valueHash = (value: number): Hash => hash(`0x${'b'.repeat(48)}${value.toString(16).padStart(16, '0')}`);

/** A stand-in for a Merkle root. */
export function vectorHash(kind: string, round: number, values: Vector): Hash {
  let a = 0x811c9dc5;
  let b = 0x1000193;
  for (const value of [round, ...values, ...Array.from(kind, (letter) => letter.charCodeAt(0))]) {
    a = Math.imul(a ^ value, 0x01000193) >>> 0;
    b = (Math.imul(b, 31) + value + (a >>> 3)) >>> 0;
  }
  return hash(
    `0x${kind.charCodeAt(0).toString(16).padStart(48, '0')}${a.toString(16).padStart(8, '0')}${b.toString(16).padStart(8, '0')}`,
  );
}

export const stateHashOf = (round: number, state: Vector): Hash => vectorHash('state', round, state);
export const rootOf = (round: number, contribution: Vector): Hash => vectorHash('contribution', round, contribution);

/** A stand-in for a signature, which nobody in a simulation makes for somebody else. */
export const signatureOf = (peerId: PeerId, terms: CommitmentTerms): Hex =>
  hexOf(sha256(Uint8Array.of(...new TextEncoder().encode(peerId), ...commitmentDigest(terms))));
