/** How a flat vector is cut into buckets: where each lies, and its bytes. */
import type { ParameterLayout } from '@murmuration/kernels/graph';
import { bucket, type Bucket } from '@murmuration/protocol';

const FLOAT_BYTES = 4;

/** How a flat f32 vector is cut into buckets: as much of it as is trained, for the rest never changes. */
export class BucketCut {
  /** Elements of the flat vector. */
  readonly size: number;
  /** Elements that the buckets hold, from the first one on. */
  readonly trained: number;
  /** Elements a bucket; the last may be shorter. */
  readonly bucketSize: number;
  readonly count: number;

  constructor({ size, trained, bucketSize }: Pick<ParameterLayout, 'size' | 'trained' | 'bucketSize'>) {
    this.size = size;
    this.trained = trained;
    this.bucketSize = bucketSize;
    this.count = Math.ceil(trained / bucketSize);
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

  /** Bytes of a bucket. */
  byteLength(index: Bucket): number {
    return (Math.min(this.trained, this.offset(index) + this.bucketSize) - this.offset(index)) * FLOAT_BYTES;
  }

  /** The bytes of a bucket of `vector` `[size] f32`, without a copy. */
  bytes(vector: Float32Array, index: Bucket): Uint8Array {
    return new Uint8Array(vector.buffer, vector.byteOffset + this.offset(index) * FLOAT_BYTES, this.byteLength(index));
  }
}

/** A bucket's bytes as the floats that they are. The bytes must begin 4-byte aligned. */
export const floatsOf = (bytes: Uint8Array): Float32Array =>
  new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / FLOAT_BYTES);
