/** How a flat vector is cut into buckets: where each lies, and its bytes. */
import type { ParameterLayout } from '@murmuration/kernels/graph';
import { bucket, type Bucket } from '@murmuration/protocol';
import { bytesOf, type ContributionValues } from './summation.ts';

const FLOAT_BYTES = 4;

export interface BucketCutOptions extends Pick<ParameterLayout, 'size' | 'trained' | 'bucketSize'> {
  /** Bytes of an element of a contribution; 4 unless given. Reduced buckets are f32 always. */
  readonly contributionBytes?: number;
}

/** How a flat vector is cut into buckets: as much of it as is trained, for the rest never changes. */
export class BucketCut {
  /** Elements of the flat vector. */
  readonly size: number;
  /** Elements that the buckets hold, from the first one on. */
  readonly trained: number;
  /** Elements a bucket; the last may be shorter. */
  readonly bucketSize: number;
  readonly count: number;
  /** Bytes of an element of a contribution. */
  readonly contributionBytes: number;

  constructor({ size, trained, bucketSize, contributionBytes = FLOAT_BYTES }: BucketCutOptions) {
    this.size = size;
    this.trained = trained;
    this.bucketSize = bucketSize;
    this.count = Math.ceil(trained / bucketSize);
    this.contributionBytes = contributionBytes;
  }

  *buckets(): Generator<Bucket> {
    for (let index = 0; index < this.count; index++) yield bucket(index);
  }

  has(index: number): boolean {
    return index < this.count;
  }

  /** First element of a bucket. */
  offset(index: Bucket): number {
    return index * this.bucketSize;
  }

  /** Bytes of a reduced bucket. */
  byteLength(index: Bucket): number {
    return this.#length(index) * FLOAT_BYTES;
  }

  /** Bytes of a bucket of a contribution. */
  contributionLength(index: Bucket): number {
    return this.#length(index) * this.contributionBytes;
  }

  /** The bytes of a bucket of a contribution `[size]`, without a copy. */
  bytes(contribution: ContributionValues, index: Bucket): Uint8Array {
    const start = this.offset(index) * this.contributionBytes;
    return bytesOf(contribution).subarray(start, start + this.contributionLength(index));
  }

  /** Elements of a bucket. */
  #length(index: Bucket): number {
    return Math.min(this.trained, this.offset(index) + this.bucketSize) - this.offset(index);
  }
}
