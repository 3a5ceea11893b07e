/**
 * The order-free sum of exact mode: gradients of micro-batches are added as 64-bit integers, multiples of 2⁻⁴⁴, so that
 * the sum does not depend on who computed what and when. This file is the rule; WGSL and WebAssembly follow it.
 *
 * - f32 → integer: the nearest multiple, a tie away from zero, so that −g always gives the negative of g's integer.
 *   |g| < 2⁻⁴⁵ gives 0.
 * - |g| ≥ 2¹⁸, infinities and NaN give `OVERFLOWN`, and so does a sum that does not fit. `OVERFLOWN` plus anything is
 *   `OVERFLOWN`: it is never lost, never wraps, and whoever drains the sum finds it and names the parameter. (Which of two
 *   orders passes 2¹⁹ on the way may differ; a sum that is given does not.)
 * - integer → f32: the integer as f64 (nearest, ties to even), times scale · 2⁻⁴⁴ in f64, rounded to f32.
 *
 * In memory a sum is an i64, little-endian: the low word first.
 */

/** A sum counts multiples of 2⁻ᶠᴿᴬᶜᵀᴵᴼᴺ. */
export const FRACTION_BITS = 44;

/** From 2 to this power on, a gradient is refused. */
export const LIMIT_BITS = 18;

/** High word of the value that stands for "does not fit"; its low word is 0. As an i64 it is the most negative one. */
export const OVERFLOWN_HIGH = -0x8000_0000;
const OVERFLOWN = -(2n ** 63n);

/** Exponent field of an f32 whose last bit counts 1 in fixed point. */
const UNIT_EXPONENT = 127 + 23 - FRACTION_BITS;
const LIMIT_EXPONENT = 127 + LIMIT_BITS;

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** The integer of one gradient. @param value an f32 */
export function fixedOf(value: number): bigint {
  float[0] = value;
  const bits = floatBits[0]!;
  const exponent = (bits >>> 23) & 0xff;
  if (exponent >= LIMIT_EXPONENT) return OVERFLOWN;
  if (exponent === 0) return 0n;
  const magnitude = magnitudeOf((bits & 0x7f_ffff) | 0x80_0000, exponent - UNIT_EXPONENT);
  return bits >>> 31 === 1 ? -magnitude : magnitude;
}

/** mantissa · 2^shift, the nearest integer, ties up. */
function magnitudeOf(mantissa: number, shift: number): bigint {
  if (shift >= 0) return BigInt(mantissa) << BigInt(shift);
  // 25 places to the right the largest mantissa is below one half.
  return shift < -24 ? 0n : BigInt((mantissa + (1 << (-shift - 1))) >>> -shift);
}

/** a + b, both fixed-point sums. */
export function addFixed(a: bigint, b: bigint): bigint {
  if (a === OVERFLOWN || b === OVERFLOWN) return OVERFLOWN;
  const sum = a + b;
  return BigInt.asIntN(64, sum) === sum ? sum : OVERFLOWN;
}

/** Adds a gradient to sums of the same length. The plain form of the rule; backends have faster ones. */
export function accumulateFixed(sums: BigInt64Array, gradient: Float32Array): void {
  for (let index = 0; index < sums.length; index++) {
    sums[index] = addFixed(sums[index]!, fixedOf(gradient[index]!));
  }
}

/**
 * Writes sums · `scale` to `into`, of the same length. Every backend drains through this function, and f64 arithmetic is
 * the same everywhere.
 * @returns the first element whose sum overflowed (its f32 is NaN), or −1
 */
export function drainFixed(sums: BigInt64Array, into: Float32Array, scale: number): number {
  const words = new Int32Array(sums.buffer, sums.byteOffset, sums.length * 2);
  const unit = scale * 2 ** -FRACTION_BITS;
  let overflown = -1;
  for (let index = 0; index < sums.length; index++) {
    const low = words[2 * index]! >>> 0;
    const high = words[2 * index + 1]!;
    // The product with 2³² is exact, so the integer is rounded once.
    into[index] = (high * 2 ** 32 + low) * unit;
    if (high === OVERFLOWN_HIGH && low === 0) {
      into[index] = Number.NaN;
      if (overflown < 0) overflown = index;
    }
  }
  return overflown;
}
