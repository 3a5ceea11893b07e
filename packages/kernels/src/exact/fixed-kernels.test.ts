import { describe, expect, it } from 'vitest';
import { addFixed, fixedOf } from '../canonical/fixed-point.ts';
import { ContributionWeightError, FixedSumOverflowError, VectorLengthError } from './errors.ts';
import { fixedDistance } from './fixed-kernels.ts';
import { createHostKernels } from './host-kernels.ts';
import { bitsOf, generator } from './reference.testing.ts';

const { fixed } = await createHostKernels();
const OVERFLOWN = fixedOf(Number.NaN);
const LARGEST = 2n ** 63n - 1n;

/** Odd lengths around the lanes, the block and its multiples. */
const lengths = [1, 2, 3, 5, 4095, 4096, 4097, 9001];

/** Sums of all magnitudes, small enough that seven of them fit. */
function sumsOf(length: number, seed: number): BigInt64Array {
  const next = generator(seed);
  return BigInt64Array.from({ length }, () => {
    const size = BigInt(Math.floor(next() * 2 ** 53)) >> BigInt(Math.floor(next() * 54));
    const scaled = next() < 0.3 ? size << 7n : size;
    return next() < 0.5 ? -scaled : scaled;
  });
}

const meanOf = (inputs: readonly BigInt64Array[], samples: number): Float32Array =>
  Float32Array.from(inputs[0]!, (_, i) => {
    const sum = inputs.map((input) => input[i]!).reduce(addFixed);
    return (Number(sum) * 2 ** -44) / samples;
  });

function mean(inputs: readonly BigInt64Array[], samples: number): Float32Array {
  const into = new Float32Array(inputs[0]!.length);
  fixed.mean(inputs, samples, into);
  return into;
}

describe('the mean of fixed-point sums', () => {
  it.each(lengths)('has the bits of the rule for %i elements', (length) => {
    const inputs = [1, 2, 3, 4, 5].map((seed) => sumsOf(length, seed * 1000 + length));
    for (const samples of [1, 3, 96, 16_777_217])
      expect(bitsOf(mean(inputs, samples))).toEqual(bitsOf(meanOf(inputs, samples)));
  });

  it('depends neither on the order of its terms nor on how they are grouped', () => {
    const inputs = [1, 2, 3, 4, 5, 6, 7].map((seed) => sumsOf(5000, seed));
    const expected = bitsOf(mean(inputs, 224));
    expect(bitsOf(mean(inputs.toReversed(), 224))).toEqual(expected);
    const alone = inputs[0]!.slice();
    for (const term of inputs.slice(1)) fixed.add(alone, term);
    expect(bitsOf(mean([alone], 224))).toEqual(expected);
    const pair = inputs[4]!.slice();
    fixed.add(pair, inputs[2]!);
    expect(bitsOf(mean([inputs[6]!, pair, inputs[0]!, inputs[1]!, inputs[5]!, inputs[3]!], 224))).toEqual(expected);
  });

  it('rounds the integer, the quotient and the result, each to nearest', () => {
    const sums = [2n ** 60n + 1n, 3n, -3n, 1n, LARGEST, -LARGEST, 0n];
    expect([...mean([BigInt64Array.from(sums)], 7)]).toEqual(
      sums.map((sum) => Math.fround((Number(sum) * 2 ** -44) / 7)),
    );
  });

  it.each([
    ['wraps upwards', [LARGEST, 1n]],
    ['wraps downwards', [-LARGEST, -2n]],
    ['comes to the mark itself', [-LARGEST, -1n]],
    ['is marked already', [5n, OVERFLOWN]],
    ['is marked from the first', [OVERFLOWN, 5n]],
  ])('names the element of a sum that %s, wherever it lies', (_what, terms) => {
    for (const element of [0, 1, 4095, 4096, 8191, 9000]) {
      const inputs = terms.map((term) => new BigInt64Array(9001).fill(term, element, element + 1));
      const contributor = terms[0] === OVERFLOWN ? 0 : 1;
      expect(() => mean(inputs, 3)).toThrow(FixedSumOverflowError);
      expect(() => mean(inputs, 3)).toThrow(
        expect.objectContaining({ element, contributor, code: 'FIXED_SUM_OVERFLOW' }),
      );
      expect(() => fixed.add(inputs[0]!.slice(), inputs[1]!)).toThrow(FixedSumOverflowError);
    }
  });

  it('wants terms, samples, and equal lengths', () => {
    expect(() => fixed.mean([], 3, new Float32Array(1))).toThrow(ContributionWeightError);
    expect(() => mean([new BigInt64Array(1)], 0)).toThrow(ContributionWeightError);
    expect(() => fixed.mean([new BigInt64Array(2)], 1, new Float32Array(1))).toThrow(VectorLengthError);
    expect(() => fixed.add(new BigInt64Array(2), new BigInt64Array(1))).toThrow(VectorLengthError);
  });
});

describe('a mark of overflow', () => {
  it('is found wherever it lies', () => {
    expect(fixed.firstOverflown(sumsOf(9001, 3))).toBe(-1);
    for (const element of [0, 1, 4097, 9000]) {
      const sums = sumsOf(9001, 3);
      sums[element] = OVERFLOWN;
      expect(fixed.firstOverflown(sums)).toBe(element);
    }
  });
});

describe('the distance of two sums', () => {
  it('is 0 for equal ones alone, however near the others are', () => {
    const mine = sumsOf(5000, 8);
    expect(fixedDistance(mine.slice(), mine)).toBe(0);
    mine[7] = LARGEST - 1n;
    const theirs = mine.slice();
    theirs[7] = LARGEST;
    expect(fixedDistance(theirs, mine)).toBeGreaterThan(0);
    expect(fixedDistance(new BigInt64Array(2), new BigInt64Array(2))).toBe(0);
    expect(fixedDistance(BigInt64Array.of(1n), BigInt64Array.of(0n))).toBe(Number.POSITIVE_INFINITY);
    expect(fixedDistance(BigInt64Array.of(0n, 3n), BigInt64Array.of(4n, 0n))).toBe(1.25);
  });
});
