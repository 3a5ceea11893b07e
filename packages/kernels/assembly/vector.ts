/**
 * Elementwise kernels and fixed-order sums over blocks of f32. Pointers are byte addresses in linear memory, `n` counts
 * elements. Four lanes at a time in the body, one at a time in the tail: every element sees the same separately rounded
 * operations in both, so that the split never changes a bit.
 */

/** target[i] = factor · source[i]. The two may be the same block. */
export function scale(target: usize, source: usize, n: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  const body = (<usize>(n & ~3)) << 2;
  const end = (<usize>n) << 2;
  let at: usize = 0;
  for (; at < body; at += 16) v128.store(target + at, f32x4.mul(factors, v128.load(source + at)));
  for (; at < end; at += 4) store<f32>(target + at, factor * load<f32>(source + at));
}

/** target[i] = target[i] + factor · source[i]: a rounded product, then a rounded sum. */
export function addScaled(target: usize, source: usize, n: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  const body = (<usize>(n & ~3)) << 2;
  const end = (<usize>n) << 2;
  let at: usize = 0;
  for (; at < body; at += 16) {
    v128.store(target + at, f32x4.add(v128.load(target + at), f32x4.mul(factors, v128.load(source + at))));
  }
  for (; at < end; at += 4) store<f32>(target + at, load<f32>(target + at) + factor * load<f32>(source + at));
}

/** target[i] = target[i] ÷ divisor. */
export function divide(target: usize, n: i32, divisor: f32): void {
  const divisors = f32x4.splat(divisor);
  const body = (<usize>(n & ~3)) << 2;
  const end = (<usize>n) << 2;
  let at: usize = 0;
  for (; at < body; at += 16) v128.store(target + at, f32x4.div(v128.load(target + at), divisors));
  for (; at < end; at += 4) store<f32>(target + at, load<f32>(target + at) / divisor);
}

const EXPONENT: i32 = 0x7f800000;

/** Index of the first NaN or infinity, -1 if there is none. */
export function firstNonFinite(source: usize, n: i32): i32 {
  const exponents = i32x4.splat(EXPONENT);
  const body = n & ~3;
  let i = 0;
  for (; i < body; i += 4) {
    const bits = v128.and(v128.load(source + ((<usize>i) << 2)), exponents);
    if (v128.any_true(i32x4.eq(bits, exponents))) break;
  }
  for (; i < n; i++) {
    if ((load<i32>(source + ((<usize>i) << 2)) & EXPONENT) == EXPONENT) return i;
  }
  return -1;
}

/** Eight f64 partial sums, for the tails of the sums below. */
const PARTIALS = memory.data(64, 16);

/** Adds the eight partial sums in one fixed tree. */
function addPartials(): f64 {
  const low = load<f64>(PARTIALS) + load<f64>(PARTIALS, 8) + (load<f64>(PARTIALS, 16) + load<f64>(PARTIALS, 24));
  const high = load<f64>(PARTIALS, 32) + load<f64>(PARTIALS, 40) + (load<f64>(PARTIALS, 48) + load<f64>(PARTIALS, 56));
  return low + high;
}

function upperHalf(values: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i32>(values, values, 2, 3, 2, 3));
}

function addSquare(sum: v128, values: v128): v128 {
  return f64x2.add(sum, f64x2.mul(values, values));
}

/**
 * Σ source[i]² in f64 (the square of an f32 is exact there): partial sum j of eight takes the elements i ≡ j mod 8 in
 * ascending order, then the eight are added as ((0+1)+(2+3))+((4+5)+(6+7)).
 */
export function sumOfSquares(source: usize, n: i32): f64 {
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  let c = f64x2.splat(0);
  let d = f64x2.splat(0);
  const body = n & ~7;
  for (let i = 0; i < body; i += 8) {
    const at = source + ((<usize>i) << 2);
    const low = v128.load(at);
    const high = v128.load(at, 16);
    a = addSquare(a, f64x2.promote_low_f32x4(low));
    b = addSquare(b, upperHalf(low));
    c = addSquare(c, f64x2.promote_low_f32x4(high));
    d = addSquare(d, upperHalf(high));
  }
  storePartials(a, b, c, d);
  for (let i = body; i < n; i++) addToPartial(i, <f64>load<f32>(source + ((<usize>i) << 2)));
  return addPartials();
}

/** Σ (left[i] − right[i])², differences and squares rounded to f64, summed in the order of {@link sumOfSquares}. */
export function sumOfSquaredDifferences(left: usize, right: usize, n: i32): f64 {
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  let c = f64x2.splat(0);
  let d = f64x2.splat(0);
  const body = n & ~7;
  for (let i = 0; i < body; i += 8) {
    const offset = (<usize>i) << 2;
    const low = v128.load(left + offset);
    const high = v128.load(left + offset, 16);
    const otherLow = v128.load(right + offset);
    const otherHigh = v128.load(right + offset, 16);
    a = addSquare(a, f64x2.sub(f64x2.promote_low_f32x4(low), f64x2.promote_low_f32x4(otherLow)));
    b = addSquare(b, f64x2.sub(upperHalf(low), upperHalf(otherLow)));
    c = addSquare(c, f64x2.sub(f64x2.promote_low_f32x4(high), f64x2.promote_low_f32x4(otherHigh)));
    d = addSquare(d, f64x2.sub(upperHalf(high), upperHalf(otherHigh)));
  }
  storePartials(a, b, c, d);
  for (let i = body; i < n; i++) {
    const offset = (<usize>i) << 2;
    addToPartial(i, <f64>load<f32>(left + offset) - <f64>load<f32>(right + offset));
  }
  return addPartials();
}

function storePartials(a: v128, b: v128, c: v128, d: v128): void {
  v128.store(PARTIALS, a);
  v128.store(PARTIALS, b, 16);
  v128.store(PARTIALS, c, 32);
  v128.store(PARTIALS, d, 48);
}

function addToPartial(index: i32, value: f64): void {
  const at = PARTIALS + ((<usize>(index & 7)) << 3);
  store<f64>(at, load<f64>(at) + value * value);
}
