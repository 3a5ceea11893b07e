import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accumulateFixed, addFixed, drainFixed, FRACTION_BITS, fixedOf } from './fixed-point.ts';

const OVERFLOWN = -(2n ** 63n);
const float = fc.float({ noNaN: true, min: -262143, max: 262143, maxExcluded: true, minExcluded: true });

/** The sum of `gradients` in their order, scaled. */
function sumOf(gradients: readonly Float32Array[], scale = 1): Float32Array {
  const sums = new BigInt64Array(gradients[0]!.length);
  for (const gradient of gradients) accumulateFixed(sums, gradient);
  const into = new Float32Array(sums.length);
  drainFixed(sums, into, scale);
  return into;
}

describe('a gradient as fixed point', () => {
  it.each([
    ['zero', 0, 0n],
    ['negative zero', -0, 0n],
    ['one', 1, 2n ** 44n],
    ['one unit', 2 ** -44, 1n],
    ['a negative unit', -(2 ** -44), -1n],
    ['half a unit goes away from zero', 2 ** -45, 1n],
    ['a negative half too', -(2 ** -45), -1n],
    ['less than half', 2 ** -45 - 2 ** -69, 0n],
    ['one and a half', 1.5 * 2 ** -44, 2n],
    ['two and a half', 2.5 * 2 ** -44, 3n],
    ['a denormal', 2 ** -140, 0n],
    ['the largest', 2 ** 18 - 2 ** -6, 2n ** 62n - 2n ** 38n],
    ['too large', 2 ** 18, OVERFLOWN],
    ['too negative', -(2 ** 18), OVERFLOWN],
    ['infinity', Infinity, OVERFLOWN],
    ['NaN', Number.NaN, OVERFLOWN],
  ])('%s', (_, value, expected) => {
    expect(fixedOf(value)).toBe(expected);
  });

  it('is the nearest multiple of 2⁻⁴⁴', () => {
    fc.assert(
      fc.property(float, (value) => {
        // Exact in f64: f32 has 24 bits and the integer at most 53 where it is rounded at all.
        expect(Math.abs(Number(fixedOf(value)) - value * 2 ** FRACTION_BITS)).toBeLessThanOrEqual(0.5);
        expect(fixedOf(-value)).toBe(-fixedOf(value));
      }),
    );
  });
});

describe('a sum of gradients', () => {
  it('does not depend on their order, bit for bit', () => {
    const gradients = fc.array(fc.array(float, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(gradients, fc.infiniteStream(fc.nat()), (rows, draws) => {
        const vectors = rows.map((row) => Float32Array.from(row, (value) => value / 16));
        const keyed = vectors.map((vector) => ({ vector, key: draws.next().value as number }));
        const shuffled = keyed.sort((a, b) => a.key - b.key).map(({ vector }) => vector);
        expect(sumOf(shuffled, 1 / 3)).toEqual(sumOf(vectors, 1 / 3));
      }),
    );
  });

  it('of one gradient is that gradient where its bits reach no lower than 2⁻⁴⁴', () => {
    const values = Float32Array.of(0.1, -3.7, 1e-6, 123456.789, 0);
    expect(sumOf([values])).toEqual(values);
  });

  it('says where it did not fit, and stays so', () => {
    const sums = new BigInt64Array(3);
    accumulateFixed(sums, Float32Array.of(1, Number.NaN, 1));
    accumulateFixed(sums, Float32Array.of(1, 1, 1));
    const into = new Float32Array(3);
    expect(drainFixed(sums, into, 0.5)).toBe(1);
    expect(into).toEqual(Float32Array.of(1, Number.NaN, 1));
  });

  it('never wraps', () => {
    const largest = 2n ** 63n - 1n;
    expect(addFixed(largest, 0n)).toBe(largest);
    expect(addFixed(largest, 1n)).toBe(OVERFLOWN);
    expect(addFixed(-largest, -1n)).toBe(OVERFLOWN);
    expect(addFixed(OVERFLOWN, largest)).toBe(OVERFLOWN);
  });
});
