/**
 * What a contribution holds, and how a round's mean gradient is made of contributions. In fast numerics it is the mean
 * gradient over its micro-batches, f32, and means are summed weighted, in the order of the view. In exact ones it is their
 * sum in 64-bit fixed point: integers, of which the total depends neither on order nor on who computed what.
 */
import type { Numerics } from '@murmuration/kernels/backend-core';
import { fixedDistance, type FixedKernels, type HostKernels, type VectorKernels } from '@murmuration/kernels/exact';

/** The numbers of a contribution `[n]`: f32, or i64 that count multiples of 2⁻⁴⁴. */
export type ContributionValues = Float32Array | BigInt64Array;

/** One contribution to a bucket, or to all. */
export interface Term {
  /** Little-endian, aligned to an element. */
  readonly bytes: Uint8Array;
  readonly samples: number;
}

export interface Summation {
  /** Bytes of an element of a contribution. */
  readonly elementBytes: number;
  /** Index of the first element that has no place in a sum, −1 where there is none. */
  firstUnfit(bytes: Uint8Array): number;
  /** What such an element is. */
  readonly unfit: string;
  /**
   * Writes the mean gradient of all samples of the terms to `into` `[n]` f32.
   * @throws KernelError when the sum does not fit
   */
  reduce(terms: readonly Term[], into: Float32Array): void;
  /** ‖theirs − mine‖₂ ÷ ‖mine‖₂; 0 for equal bits, infinity when mine is zero and theirs is not. */
  distance(theirs: Uint8Array, mine: Uint8Array): number;
  /**
   * The contribution over the micro-batches of two, with the bits that it has when it is computed in one go; null where
   * those depend on how it is put together. @throws KernelError when the sum does not fit
   */
  readonly add: ((one: ContributionValues, other: ContributionValues) => ContributionValues) | null;
}

export const summationOf = (numerics: Numerics, { vectors, fixed }: HostKernels): Summation =>
  numerics === 'exact' ? orderFreeSums(fixed) : weightedMeans(vectors);

/** A bucket's bytes as the floats that they are. The bytes must begin 4-byte aligned. */
export const floatsOf = (bytes: Uint8Array): Float32Array =>
  new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / Float32Array.BYTES_PER_ELEMENT);

const integersOf = (bytes: Uint8Array): BigInt64Array =>
  new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / BigInt64Array.BYTES_PER_ELEMENT);

/** The bytes of a contribution, without a copy. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: ContributionValues): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const weightedMeans = (vectors: VectorKernels): Summation => ({
  elementBytes: Float32Array.BYTES_PER_ELEMENT,
  firstUnfit: (bytes) => vectors.firstNonFinite(floatsOf(bytes)),
  unfit: 'a number that is not finite',
  reduce: (terms, into) =>
    vectors.weightedSum(
      terms.map(({ bytes }) => floatsOf(bytes)),
      terms.map(({ samples }) => samples),
      into,
    ),
  distance: (theirs, mine) => vectors.relativeDistance(floatsOf(theirs), floatsOf(mine)),
  add: null,
});

const orderFreeSums = (fixed: FixedKernels): Summation => ({
  elementBytes: BigInt64Array.BYTES_PER_ELEMENT,
  firstUnfit: (bytes) => fixed.firstOverflown(integersOf(bytes)),
  unfit: 'a sum that overflowed',
  reduce: (terms, into) =>
    fixed.mean(
      terms.map(({ bytes }) => integersOf(bytes)),
      terms.reduce((sum, { samples }) => sum + samples, 0),
      into,
    ),
  distance: (theirs, mine) => fixedDistance(integersOf(theirs), integersOf(mine)),
  add(one, other) {
    const sum = integersOf(bytesOf(one)).slice();
    fixed.add(sum, integersOf(bytesOf(other)));
    return sum;
  },
});
