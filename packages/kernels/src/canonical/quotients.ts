/**
 * Quotients and roots of exact arithmetic: the significand and the exponent are taken apart, the result for a significand
 * in [1, 4) is made by Newton's method and its exact remainder, and the exponent is put back as an integer.
 */
import {
  add,
  and,
  bits,
  bounded,
  equal,
  float,
  fromBits,
  int,
  less,
  multiply,
  or,
  select,
  shiftLeft,
  shiftRight,
  subtract,
  xor,
} from './build.ts';
import type { Expr } from './expression.ts';

const SIGN = int(0x8000_0000);
const MAGNITUDE = int(0x7fff_ffff);
export const FRACTION = int(0x7f_ffff);
export const INFINITY = int(0x7f80_0000);
const ONE = int(0x3f80_0000);
const NAN = int(0x7fc0_0000);
export const FRACTION_BITS = int(23);
const BIAS = int(127);

const one = float(1);
const half = float(0.5);

/** Says that x, an f32, is never below 2^least, which nobody could see from how it is computed. */
export const atLeast = (x: Expr, least: number): Expr => bounded(x, { least, unit: least - 23 });

/** A float taken apart: sign bit, magnitude's bits, exponent field, and the significand in [1, 2). */
function parts(x: Expr) {
  const all = bits(x);
  const magnitude = and(all, MAGNITUDE);
  return {
    sign: and(all, SIGN),
    magnitude,
    exponent: shiftRight(magnitude, FRACTION_BITS),
    significand: bounded(fromBits(or(and(all, FRACTION), ONE)), { least: 0, unit: -23 }),
  };
}

/** x · 2^power as bits, for x in [2⁻², 4): 0 below the smallest normal, ∞ above the largest. */
function scaledBits(x: Expr, power: Expr): Expr {
  const exponent = add(shiftRight(bits(x), FRACTION_BITS), power);
  const scaled = add(bits(x), shiftLeft(power, FRACTION_BITS));
  return select(less(exponent, int(1)), int(0), select(less(int(254), exponent), INFINITY, scaled));
}

const isNaN = (magnitude: Expr): Expr => less(INFINITY, magnitude);

/** The upper 12 bits of a significand and the rest: products of such halves are exact. */
function halves(x: Expr, least: number): readonly [Expr, Expr] {
  const high = bounded(fromBits(and(bits(x), int(0xffff_f000))), { least, unit: least - 11 });
  return [high, subtract(x, high)];
}

/** x · y − product, exactly (Dekker), where product is x · y rounded and both are in [½, 2]. */
function productError(x: Expr, y: Expr, product: Expr): Expr {
  const [[xHigh, xLow], [yHigh, yLow]] = [halves(x, -1), halves(y, -1)];
  const high = subtract(multiply(xHigh, yHigh), product);
  return add(add(add(high, multiply(xHigh, yLow)), multiply(xLow, yHigh)), multiply(xLow, yLow));
}

/** 1/x for x in [1, 2]: a parabola that is within 1/99, then Newton twice. */
export function inverse(x: Expr): Expr {
  const start = add(multiply(add(multiply(x, float(32 / 99)), float(-16 / 11)), x), float(70 / 33));
  const step = (r: Expr): Expr => atLeast(add(r, multiply(r, subtract(one, multiply(x, r)))), -2);
  return step(step(atLeast(start, -2)));
}

/** 1/x. */
export function reciprocal(x: Expr): Expr {
  const { sign, magnitude, exponent, significand } = parts(x);
  const scaled = scaledBits(inverse(significand), subtract(BIAS, exponent));
  const result = select(equal(exponent, int(0)), INFINITY, scaled);
  return fromBits(select(isNaN(magnitude), NAN, or(result, sign)));
}

/** a/b: the quotient of the significands, made better by its remainder. */
export function divide(a: Expr, b: Expr): Expr {
  const [over, under] = [parts(a), parts(b)];
  const r = inverse(under.significand);
  const first = atLeast(multiply(over.significand, r), -2);
  const product = multiply(first, under.significand);
  const remainder = subtract(subtract(over.significand, product), productError(first, under.significand, product));
  const quotient = atLeast(add(first, multiply(remainder, r)), -2);
  const scaled = scaledBits(quotient, subtract(over.exponent, under.exponent));
  const isZero = ({ exponent }: typeof over): Expr => equal(exponent, int(0));
  const isInfinite = ({ magnitude }: typeof over): Expr => equal(magnitude, INFINITY);
  const finite = select(or(isZero(over), isInfinite(under)), int(0), scaled);
  const result = select(or(isInfinite(over), isZero(under)), INFINITY, finite);
  const undefinedHere = or(
    or(isNaN(over.magnitude), isNaN(under.magnitude)),
    or(and(isZero(over), isZero(under)), and(isInfinite(over), isInfinite(under))),
  );
  return fromBits(select(undefinedHere, NAN, or(result, xor(over.sign, under.sign))));
}

/** x = m · 4^power with m in [1, 4), and about 1/√m. */
function rootParts(x: Expr) {
  const { magnitude, exponent, sign } = parts(x);
  const unbiased = subtract(exponent, BIAS);
  const power = shiftRight(unbiased, int(1));
  const raised = shiftLeft(add(BIAS, and(unbiased, int(1))), FRACTION_BITS);
  const m = bounded(fromBits(or(and(magnitude, FRACTION), raised)), { least: 0, unit: -23 });
  // Half the logarithm that the bits of a float are, negated: within 3.5 %. Newton then squares that thrice.
  const start = atLeast(fromBits(subtract(int(0x5f37_5a86), shiftRight(bits(m), int(1)))), -2);
  const step = (y: Expr): Expr => {
    const error = subtract(one, multiply(multiply(m, y), y));
    return atLeast(add(y, multiply(multiply(y, half), error)), -2);
  };
  return { magnitude, exponent, sign, power, m, root: step(step(step(start))) };
}

/** `result` where x is a positive number, NaN for negative ones, and what 0 and ∞ give. */
function rootOf(
  { magnitude, exponent, sign }: ReturnType<typeof rootParts>,
  result: Expr,
  ofZero: Expr,
  ofInfinity: Expr,
) {
  const negative = select(equal(sign, int(0)), result, NAN);
  const finite = select(equal(magnitude, INFINITY), select(equal(sign, int(0)), ofInfinity, NAN), negative);
  return fromBits(select(isNaN(magnitude), NAN, select(equal(exponent, int(0)), ofZero, finite)));
}

/** √x. */
export function sqrt(x: Expr): Expr {
  const taken = rootParts(x);
  const { m, root, power } = taken;
  const first = atLeast(multiply(m, root), -1);
  const square = multiply(first, first);
  const remainder = subtract(subtract(m, square), productError(first, first, square));
  const better = atLeast(add(first, multiply(remainder, multiply(root, half))), -1);
  return rootOf(taken, add(bits(better), shiftLeft(power, FRACTION_BITS)), int(0), INFINITY);
}

/** 1/√x. */
export function rsqrt(x: Expr): Expr {
  const taken = rootParts(x);
  return rootOf(taken, subtract(bits(taken.root), shiftLeft(taken.power, FRACTION_BITS)), INFINITY, int(0));
}
