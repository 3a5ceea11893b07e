/** Labelled images out of two IDX tensors. Inputs: `x` f32 (pixels), `y` i32 (label). */
import type { Hash } from '../core/ids.ts';
import type { ResolvedSource } from '../job/data.ts';
import { checkIndices, weightsOf } from './dataset.ts';
import type { Dataset } from './dataset.ts';
import { DataFormatError } from './errors.ts';
import type { IdxTensor } from './idx.ts';

export type ResolvedIdxSource = Extract<ResolvedSource, { type: 'idx' }>;

export interface ImageParts {
  readonly source: ResolvedIdxSource;
  readonly root: Hash;
  /** `[n, features]`, `[n, height, width]` or `[n, channels, height, width]` u8. */
  readonly images: IdxTensor;
  /** `[n]` u8. */
  readonly labels: IdxTensor;
}

/** Pixel p as (p / 255 − mean) / std, computed in f64 and rounded once to f32. */
function normalisation({ mean, std }: ResolvedIdxSource): Float32Array {
  return Float32Array.from({ length: 256 }, (_, pixel) => (pixel / 255 - mean) / std);
}

function imageShape({ shape }: IdxTensor): readonly [number, number, number] {
  const [channels = 1, height = 1, width = 1] = [1, 1, ...shape.slice(1)].slice(-3);
  return [channels, height, width];
}

function checkPair({ source, images, labels }: ImageParts): void {
  const mend = 'Give the images and the labels of the same dataset.';
  if (labels.shape.length !== 1) {
    throw new DataFormatError({
      location: source.labels,
      reason: `has ${labels.shape.length} dimensions where labels have one`,
      mend,
    });
  }
  if (images.shape.length < 2)
    throw new DataFormatError({ location: source.images, reason: 'has one dimension where images have more', mend });
  if (images.shape[0] !== labels.shape[0]) {
    throw new DataFormatError({
      location: source.labels,
      reason: `has ${labels.shape[0]} labels for ${images.shape[0]} images`,
      mend,
    });
  }
}

/**
 * The dataset of `parts`. Sample i is image i.
 * @throws DataFormatError when images and labels do not belong together
 */
export function imageDataset(parts: ImageParts): Dataset {
  checkPair(parts);
  const { source, root, images, labels } = parts;
  const size = labels.values.length;
  const image = imageShape(images);
  const pixels = images.values.length / size;
  const table = normalisation(source);
  const classes = labels.values.reduce((most, label) => Math.max(most, label), 0) + 1;
  return {
    size,
    inputs: [
      { name: 'x', dtype: 'f32', shape: image },
      { name: 'y', dtype: 'i32', shape: [] },
    ],
    root,
    source,
    image,
    classes,
    tokenizer: null,
    describe: () => `${size} images of ${image.join('×')} in ${classes} classes`,
    batch: (indices, padTo) => {
      checkIndices(indices, padTo, size);
      const x = new Float32Array(padTo * pixels);
      const y = new Int32Array(padTo);
      indices.forEach((index, row) => {
        const from = index * pixels;
        const to = row * pixels;
        for (let p = 0; p < pixels; p++) x[to + p] = table[images.values[from + p] as number] as number;
        y[row] = labels.values[index] as number;
      });
      return { x, y, weight: weightsOf(indices.length, padTo) };
    },
  };
}
