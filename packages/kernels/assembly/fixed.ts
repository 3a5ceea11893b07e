/**
 * Sums in 64-bit fixed point, multiples of 2⁻⁴⁴ (`src/canonical/fixed-point.ts` is the rule). Pointers are byte addresses
 * in linear memory, `n` counts elements. The most negative i64 stands for a sum that does not fit.
 */

const OVERFLOWN: i64 = i64.MIN_VALUE;
const UNIT: f64 = 1.0 / 17592186044416.0; // 2⁻⁴⁴, a power of two: products with it are exact

/**
 * target[i] = target[i] + source[i], for elements of which none is overflown in `target`.
 * Returns the index of the first element whose sum does not fit, and stops there; -1 if all fit.
 */
export function addFixed(target: usize, source: usize, n: i32): i32 {
  const overflown = i64x2.splat(OVERFLOWN);
  const body = n & ~1;
  let i = 0;
  for (; i < body; i += 2) {
    const at = (<usize>i) << 3;
    const left = v128.load(target + at);
    const right = v128.load(source + at);
    const sum = i64x2.add(left, right);
    // A sum wraps where both operands have the sign that it has not.
    const wrapped = v128.and(v128.xor(left, sum), v128.xor(right, sum));
    const marked = v128.or(i64x2.eq(right, overflown), i64x2.eq(sum, overflown));
    if (i64x2.bitmask(v128.or(wrapped, marked))) break;
    v128.store(target + at, sum);
  }
  for (; i < n; i++) {
    const at = (<usize>i) << 3;
    const left = load<i64>(target + at);
    const right = load<i64>(source + at);
    const sum = left + right;
    if (((left ^ sum) & (right ^ sum)) < 0 || right == OVERFLOWN || sum == OVERFLOWN) return i;
    store<i64>(target + at, sum);
  }
  return -1;
}

/** Index of the first element that is overflown, -1 if there is none. */
export function firstOverflown(source: usize, n: i32): i32 {
  const overflown = i64x2.splat(OVERFLOWN);
  const body = n & ~1;
  let i = 0;
  for (; i < body; i += 2) if (v128.any_true(i64x2.eq(v128.load(source + ((<usize>i) << 3)), overflown))) break;
  for (; i < n; i++) if (load<i64>(source + ((<usize>i) << 3)) == OVERFLOWN) return i;
  return -1;
}

/**
 * target[i] = f32((f64(source[i]) · 2⁻⁴⁴) ÷ divisor): an integer rounded to f64, an exact product, a rounded quotient in
 * f64, and its rounding to f32; all to nearest, ties to even.
 */
export function meanOfFixed(target: usize, source: usize, n: i32, divisor: f64): void {
  for (let i = 0; i < n; i++) {
    const value = <f64>load<i64>(source + ((<usize>i) << 3));
    store<f32>(target + ((<usize>i) << 2), <f32>((value * UNIT) / divisor));
  }
}
