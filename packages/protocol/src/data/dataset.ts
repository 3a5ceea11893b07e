/** A dataset: samples with numbers, and how a micro-batch is made of them. */
import type { Hash } from '../core/ids.ts';
import type { ResolvedSource } from '../job/data.ts';
import { SampleRangeError } from './errors.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * The data inputs of one micro-batch by input name, row-major with the batch first. `weight` `[batch]` f32 is always
 * among them: 1 for a sample, 0 for padding.
 */
export type Batch = Readonly<Record<string, Float32Array | Int32Array>>;

/** One data input of a batch. */
export interface DatasetInput {
  readonly name: string;
  readonly dtype: 'f32' | 'i32';
  /** Of one sample; a batch puts its size before it. */
  readonly shape: readonly number[];
}

export interface Dataset {
  /** Samples; they are numbered from 0. */
  readonly size: number;
  /** What {@link batch} makes, `weight` not counted. */
  readonly inputs: readonly DatasetInput[];
  /** SHA-256 Merkle root over the files' hashes, in the order in which the source names them. */
  readonly root: Hash;
  /** The source with the sha256 of every file. */
  readonly source: ResolvedSource;
  /** Shape of an image, `[channels, height, width]`; null for text. */
  readonly image: readonly [number, number, number] | null;
  /** The greatest label + 1; null for text. */
  readonly classes: number | null;
  /** Null for images. */
  readonly tokenizer: Tokenizer | null;
  /** One line for people. */
  describe(): string;
  /**
   * The samples `indices` in order, followed by padding of weight 0 up to `padTo` rows.
   * @throws SampleRangeError
   */
  batch(indices: readonly number[], padTo: number): Batch;
}

/** @throws SampleRangeError unless all `indices` are in [0, size) and no more than `rows` */
export function checkIndices(indices: readonly number[], rows: number, size: number): void {
  if (indices.length > rows)
    throw new SampleRangeError({ reason: `${indices.length} samples were asked for in a batch of ${rows}` });
  const bad = indices.find((index) => !Number.isInteger(index) || index < 0 || index >= size);
  if (bad !== undefined) throw new SampleRangeError({ reason: `sample ${bad} was asked for, but there are ${size}` });
}

/** Weights of `rows` rows of which the first `filled` are samples. */
export function weightsOf(filled: number, rows: number): Float32Array {
  return new Float32Array(rows).fill(1, 0, filled);
}

/** Batches of `size` rows over the samples [start, end), in order; the last one is padded. */
export function* batchesOf(
  dataset: Dataset,
  start: number,
  end: number,
  size: number,
): Generator<Batch, void, undefined> {
  for (let first = start; first < end; first += size) {
    const count = Math.min(size, end - first);
    yield dataset.batch(
      Array.from({ length: count }, (_, i) => first + i),
      size,
    );
  }
}
