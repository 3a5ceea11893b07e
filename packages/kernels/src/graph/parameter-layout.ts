/** Where each parameter lives in the flat vector, and how the vector is cut into buckets. */

/**
 * How a round changes a parameter:
 *
 * - `optimizer`: by the job's optimizer;
 * - `statistic`: θ ← θ − g, with no learning rate, decay, clipping or moments: a running statistic, whose "gradient" the
 *   model names itself (see `withGradients`);
 * - `frozen`: not at all. It has no gradient, and costs none.
 */
export type ParameterUpdate = 'optimizer' | 'statistic' | 'frozen';

export interface ParameterSlot {
  readonly name: string;
  readonly shape: readonly number[];
  /** First element in the flat vector. */
  readonly offset: number;
  /** Elements. */
  readonly size: number;
  /** Whether weight decay applies (matrices yes; biases, norms no). */
  readonly decay: boolean;
  readonly update: ParameterUpdate;
}

/** A parameter before it has a place. */
export type UnplacedParameter = Pick<ParameterSlot, 'name' | 'shape' | 'decay'> &
  // `optimizer` unless given.
  Partial<Pick<ParameterSlot, 'update'>>;

export interface ParameterLayout {
  readonly slots: readonly ParameterSlot[];
  /** Elements of the flat vector. */
  readonly size: number;
  /** Elements up to the last one that is not frozen: what gradients travel of and optimizers keep tensors for. */
  readonly trained: number;
  /** Elements a bucket; the last bucket may be shorter. */
  readonly bucketSize: number;
}

/** 65,536 elements: 256 KiB. */
export const DEFAULT_BUCKET_SIZE = 65_536;

/** Lays parameters end to end in the order given. */
export function layoutParameters(
  parameters: readonly UnplacedParameter[],
  bucketSize: number = DEFAULT_BUCKET_SIZE,
): ParameterLayout {
  let offset = 0;
  const slots = parameters.map(({ name, shape, decay, update = 'optimizer' }) => {
    const size = shape.reduce((product, dimension) => product * dimension, 1);
    offset += size;
    return { name, shape, decay, update, size, offset: offset - size };
  });
  const last = slots.findLast(({ update }) => update !== 'frozen');
  return { slots, size: offset, trained: last ? last.offset + last.size : 0, bucketSize };
}

/** The slots that have a gradient, in layout order: what a train graph outputs and a backend accumulates. */
export const trainedSlots = ({ slots }: Pick<ParameterLayout, 'slots'>): readonly ParameterSlot[] =>
  slots.filter(({ update }) => update !== 'frozen');

/** Buckets of what is trained. */
export const bucketCount = ({ trained, bucketSize }: Pick<ParameterLayout, 'trained' | 'bucketSize'>): number =>
  Math.ceil(trained / bucketSize);

/** The elements [start, end) of one bucket. */
export function bucketRange(
  { trained, bucketSize }: Pick<ParameterLayout, 'trained' | 'bucketSize'>,
  bucket: number,
): { start: number; end: number } {
  return { start: bucket * bucketSize, end: Math.min((bucket + 1) * bucketSize, trained) };
}

/** Each parameter's elements as a view into the flat vector, by name. */
export function parameterViews(layout: ParameterLayout, flat: Float32Array): Record<string, Float32Array> {
  return Object.fromEntries(layout.slots.map(({ name, offset, size }) => [name, flat.subarray(offset, offset + size)]));
}
