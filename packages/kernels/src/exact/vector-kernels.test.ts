import { describe, expect, it } from 'vitest';
import { createHostKernels } from './host-kernels.ts';
import { ContributionWeightError, NonFiniteContributionError, SumOverflowError, VectorLengthError } from './errors.ts';
import { bitsOf, sumOfSquares, tameVector, weightedSum, wildVector } from './reference.testing.ts';

const kernels = await createHostKernels();
const { vectors } = kernels;

/** Odd lengths around the lane width, the block and its multiples. */
const lengths = [1, 2, 3, 4, 5, 7, 8, 9, 15, 17, 4095, 4096, 4097, 9001];

/** A copy of `values` in the kernels' memory. */
function resident(values: Float32Array): Float32Array {
  const vector = kernels.allocate(values.length);
  vector.values.set(values);
  return vector.values;
}

describe('weightedSum', () => {
  it.each(lengths)('gives the bits of the reference for %i elements, wherever the vectors live', (length) => {
    const inputs = [1, 2, 3, 4, 5].map((seed) => wildVector(length, seed * 1000 + length));
    const weights = [128, 1, 37, 16_777_217, 3];
    const expected = bitsOf(weightedSum(inputs, weights));
    const outside = new Float32Array(length);
    vectors.weightedSum(inputs, weights, outside);
    expect(bitsOf(outside)).toEqual(expected);

    const room = kernels.allocate(length * 6 + 64);
    const inside = inputs.map((input, m) => {
      const view = room.values.subarray(m * length, (m + 1) * length);
      view.set(input);
      return view;
    });
    vectors.weightedSum(inside, weights, room.values.subarray(5 * length, 6 * length));
    expect(bitsOf(room.values.subarray(5 * length, 6 * length))).toEqual(expected);
    room.release();
  });

  it('depends on the contributors’ order and on nothing else', () => {
    const inputs = [wildVector(1000, 1), wildVector(1000, 2), wildVector(1000, 3)];
    const sum = new Float32Array(1000);
    const permuted = new Float32Array(1000);
    vectors.weightedSum(inputs, [1, 2, 3], sum);
    vectors.weightedSum(inputs.toReversed(), [3, 2, 1], permuted);
    expect(bitsOf(permuted)).toEqual(bitsOf(weightedSum(inputs.toReversed(), [3, 2, 1])));
    expect(bitsOf(permuted)).not.toEqual(bitsOf(sum));
  });

  it('may write over its first input', () => {
    const inputs = [wildVector(5000, 7), wildVector(5000, 8)];
    const expected = weightedSum(inputs, [3, 5]);
    vectors.weightedSum(inputs, [3, 5], inputs[0] as Float32Array);
    expect(bitsOf(inputs[0] as Float32Array)).toEqual(bitsOf(expected));
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'names the contributor and the element of a %d',
    (value) => {
      const inputs = [tameVector(6000, 1), tameVector(6000, 2), tameVector(6000, 3)];
      (inputs[1] as Float32Array)[5003] = value;
      const sum = (): void => vectors.weightedSum(inputs, [1, 1, 1], new Float32Array(6000));
      expect(sum).toThrow(NonFiniteContributionError);
      expect(sum).toThrow(expect.objectContaining({ code: 'NON_FINITE_CONTRIBUTION', contributor: 1, element: 5003 }));
    },
  );

  it('tells an overflow of finite contributions from a bad contributor', () => {
    const inputs = [new Float32Array(10).fill(3e38), new Float32Array(10).fill(3e38)];
    expect(() => vectors.weightedSum(inputs, [1, 1], new Float32Array(10))).toThrow(SumOverflowError);
  });

  it.each([
    ['no contributions', [], []],
    ['a weight of zero', [new Float32Array(1)], [0]],
    ['a fractional weight', [new Float32Array(1)], [1.5]],
    ['a NaN weight', [new Float32Array(1)], [Number.NaN]],
    ['fewer weights than contributions', [new Float32Array(1), new Float32Array(1)], [1]],
  ])('refuses %s', (_, inputs, weights) => {
    expect(() => vectors.weightedSum(inputs, weights, new Float32Array(1))).toThrow(ContributionWeightError);
  });

  it('refuses vectors of different lengths', () => {
    expect(() => vectors.weightedSum([new Float32Array(3), new Float32Array(2)], [1, 1], new Float32Array(3))).toThrow(
      VectorLengthError,
    );
  });
});

describe('globalNorm', () => {
  it.each(lengths)('has the documented order of operations for %i elements', (length) => {
    const values = wildVector(length, length, 120);
    const expected = Math.fround(Math.sqrt(sumOfSquares(Float64Array.from(values))));
    expect(vectors.globalNorm(values)).toBe(expected);
    expect(vectors.globalNorm(resident(values))).toBe(expected);
  });

  it('neither overflows nor vanishes where squares in f32 would', () => {
    expect(vectors.globalNorm(Float32Array.of(3e30, 4e30))).toBe(Math.fround(5e30));
    expect(vectors.globalNorm(Float32Array.of(3e-40, 4e-40))).toBeCloseTo(5e-40, 44);
  });

  it('is 0 for nothing', () => expect(vectors.globalNorm(new Float32Array())).toBe(0));
});

describe('relativeDistance', () => {
  it.each(lengths)('has the documented order of operations for %i elements', (length) => {
    const [theirs, mine] = [tameVector(length, 1), tameVector(length, 2)];
    const difference = sumOfSquares(Float64Array.from(theirs, (value, i) => value - (mine[i] as number)));
    const expected = Math.sqrt(difference) / Math.sqrt(sumOfSquares(Float64Array.from(mine)));
    expect(vectors.relativeDistance(theirs, mine)).toBe(expected);
    expect(vectors.relativeDistance(resident(theirs), mine)).toBe(expected);
    expect(vectors.relativeDistance(theirs, theirs.slice())).toBe(0);
  });

  it('is infinite for what cannot be compared', () => {
    expect(vectors.relativeDistance(Float32Array.of(1, 2), new Float32Array(2))).toBe(Number.POSITIVE_INFINITY);
    expect(vectors.relativeDistance(Float32Array.of(1, Number.NaN), Float32Array.of(1, 2))).toBe(
      Number.POSITIVE_INFINITY,
    );
    expect(vectors.relativeDistance(Float32Array.of(1, Number.POSITIVE_INFINITY), Float32Array.of(1, 2))).toBe(
      Number.POSITIVE_INFINITY,
    );
    expect(vectors.relativeDistance(new Float32Array(2), new Float32Array(2))).toBe(0);
  });

  it('sees zeros, a sign flip and skipped samples for what they are', () => {
    const mine = tameVector(10_000, 3);
    expect(vectors.relativeDistance(new Float32Array(10_000), mine)).toBeCloseTo(1, 12);
    expect(
      vectors.relativeDistance(
        mine.map((value) => -value),
        mine,
      ),
    ).toBeCloseTo(2, 12);
  });
});

describe('scale and firstNonFinite', () => {
  it.each(lengths)('scales %i elements with the bits of the reference', (length) => {
    const values = wildVector(length, length + 5);
    const expected = bitsOf(values.map((value) => Math.fround(Math.fround(0.3) * value)));
    vectors.scale(values, 0.3);
    expect(bitsOf(values)).toEqual(expected);
  });

  it.each(lengths)('finds a bad element at either end of %i', (length) => {
    for (const position of [0, length - 1]) {
      const values = wildVector(length, 1, 127);
      expect(vectors.firstNonFinite(values)).toBe(-1);
      values[position] = Number.NaN;
      expect(vectors.firstNonFinite(values)).toBe(position);
      expect(vectors.firstNonFinite(resident(values))).toBe(position);
    }
  });
});

describe('memory', () => {
  it('gives zeroed vectors, takes them back and merges what was freed', async () => {
    const own = await createHostKernels({ reserve: 1 << 20 });
    const blocks = Array.from({ length: 4 }, () => own.allocate(30_000));
    const { buffer } = (blocks[0] as (typeof blocks)[0]).values;
    for (const block of blocks) block.values.fill(7);
    for (const block of blocks) block.release();
    const whole = own.allocate(120_000);
    expect(whole.values.buffer).toBe(buffer);
    expect(whole.values.every((value) => value === 0)).toBe(true);
  });

  it('releases once, however often it is asked to', async () => {
    const own = await createHostKernels();
    const first = own.allocate(16);
    first.release();
    first.release();
    const [a, b] = [own.allocate(16), own.allocate(16)];
    expect(a.values.byteOffset).not.toBe(b.values.byteOffset);
  });

  it('refuses a view that growth has detached, and gives a new one', async () => {
    const own = await createHostKernels({ reserve: 0 });
    const vector = own.allocate(100);
    vector.values.fill(2);
    const stale = vector.values;
    own.allocate(4_000_000);
    expect(stale).toHaveLength(0);
    expect(() => own.vectors.weightedSum([vector.values, stale], [1, 1], new Float32Array(100))).toThrow(
      VectorLengthError,
    );
    expect(own.vectors.globalNorm(vector.values)).toBe(20);
  });

  it('says so when 4 GiB are not enough', async () => {
    const own = await createHostKernels();
    expect(() => own.allocate(2 ** 31)).toThrow(expect.objectContaining({ code: 'HOST_MEMORY_EXHAUSTED' }));
    expect(own.allocate(10).values).toHaveLength(10);
  });
});
