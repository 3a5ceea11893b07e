/**
 * Division of indices. A CPU that plays a GPU divides integers lane by lane, at ten times the price of a multiplication, and
 * a GPU has no instruction for it either; where the quotient is known to be small, floats find it.
 */

/** Quotients below this are found by {@link QUOTIENT}. */
const MOST_QUOTIENT = 2 ** 20;

/**
 * x / d and x % d for x < 2³¹ and 0 < d < 2³¹ with x / d < 2²⁰. The rounded factors, the division (WGSL allows 2.5 units in the last place)
 * and the product are off by less than 2⁻²¹ together, so the product lies within ½ of x / d; the sum with 2²³ leaves it as a
 * whole number in the last bits, at most one from the quotient whichever way it was rounded, and what is left over tells which.
 * Conversions from i32 are one instruction everywhere, those from u32 and to integers are not.
 */
export const QUOTIENT = `fn quotient(x: u32, d: u32) -> u32 {
  let near = bitcast<u32>(f32(i32(x)) * (1.0f / f32(i32(d))) + 8388608.0f) - 0x4b000000u;
  let rest = x - near * d;
  let below = rest >> 31u;
  return near - below + select(0u, 1u - below, rest >= d);
}
fn remainder(x: u32, d: u32) -> u32 { return x - quotient(x, d) * d; }`;

/** What is known of a division when its source is written: every x is below `end`, and d is `divisor`. */
export interface Division {
  readonly end: number;
  readonly divisor: number;
}

const isSmall = ({ end, divisor }: Division): boolean => end <= 2 ** 31 && end / divisor < MOST_QUOTIENT;

/** The WGSL of x / d, both u32 expressions. */
export const quotientText = (x: string, d: string, division: Division): string =>
  isSmall(division) ? `quotient(${x}, ${d})` : `(${x} / ${d})`;

/** The WGSL of x % d. */
export const remainderText = (x: string, d: string, division: Division): string =>
  isSmall(division) ? `remainder(${x}, ${d})` : `(${x} % ${d})`;
