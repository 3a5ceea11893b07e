import { beforeAll, describe, expect, it } from 'vitest';
import { createHostKernels, type HostKernels } from '@murmuration/kernels/exact';
import { bytesOf, summationOf, type ContributionValues, type Term } from './summation.ts';

const SIZE = 5000;
const SAMPLES = 16;
const UNITS = 2 ** 44;

/** Gradients of six micro-batches, sums over their samples, of unlike sizes. */
const gradients = Array.from({ length: 6 }, (_, micro) =>
  Float32Array.from({ length: SIZE }, (_unused, i) => Math.sin(i * (micro + 1) * 0.7) * 10 ** (micro - 4)),
);

let kernels: HostKernels;
beforeAll(async () => {
  kernels = await createHostKernels();
});

/** What a member contributes that trained these micro-batches. */
const contribution = {
  fast: (numbers: readonly number[]): ContributionValues =>
    Float32Array.from({ length: SIZE }, (_, i) => {
      const sum = numbers.reduce((total, number) => Math.fround(total + gradients[number]![i]!), 0);
      return sum / (numbers.length * SAMPLES);
    }),
  exact: (numbers: readonly number[]): ContributionValues =>
    BigInt64Array.from({ length: SIZE }, (_, i) =>
      numbers.reduce((total, number) => total + BigInt(Math.round(gradients[number]![i]! * UNITS)), 0n),
    ),
} as const;

const termOf = (numerics: 'fast' | 'exact', numbers: readonly number[]): Term => ({
  bytes: bytesOf(contribution[numerics](numbers)),
  samples: numbers.length * SAMPLES,
});

/** The reduced gradient of a round whose micro-batches were shared out in this way. */
function reduced(numerics: 'fast' | 'exact', ...members: (readonly number[])[]): Float32Array {
  const into = new Float32Array(SIZE);
  const terms = members.map((numbers) => termOf(numerics, numbers));
  summationOf(numerics, kernels).reduce(terms, into);
  return into;
}

const shares = [
  [[0, 1, 2, 3, 4, 5]],
  [
    [0, 3],
    [1, 4],
    [2, 5],
  ],
  [[5], [4, 2, 0], [3, 1]],
] as const;

describe('the reduced gradient', () => {
  it('has the same bits in exact numerics, whoever trained what', () => {
    const [alone, ...others] = shares.map((members) => reduced('exact', ...members));
    for (const other of others) expect(other).toEqual(alone);
  });

  it('has not in fast numerics, though it is nearly the same', () => {
    const [alone, ...others] = shares.map((members) => reduced('fast', ...members));
    for (const other of others) {
      expect(other).not.toEqual(alone);
      expect(kernels.vectors.relativeDistance(other, alone!)).toBeLessThan(1e-6);
    }
  });

  it('is the same in both but for rounding', () => {
    expect(
      kernels.vectors.relativeDistance(reduced('fast', ...shares[1]), reduced('exact', ...shares[1])),
    ).toBeLessThan(1e-6);
  });
});

describe('two contributions', () => {
  it('are one in exact numerics, and cannot be made one in fast ones', () => {
    const { add } = summationOf('exact', kernels);
    expect(add!(contribution.exact([0, 4]), contribution.exact([2]))).toEqual(contribution.exact([0, 2, 4]));
    expect(summationOf('fast', kernels).add).toBeNull();
  });

  it.each(['fast', 'exact'] as const)('are at a distance of 0 when they are equal, in %s numerics', (numerics) => {
    const { distance } = summationOf(numerics, kernels);
    const { bytes } = termOf(numerics, [1, 2]);
    const other = bytes.slice();
    other[8 * 17] = other[8 * 17]! ^ 1;
    expect(distance(bytes.slice(), bytes)).toBe(0);
    expect(distance(other, bytes)).toBeGreaterThan(0);
  });
});
