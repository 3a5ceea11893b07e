/**
 * Division, roots, exponentials and their relatives as fixed sequences of rounded f32 additions and multiplications and of
 * integer operations, because every adapter has its own answer to these and no two of them agree. Accuracies, behaviour at
 * 0, ∞, NaN and at the ends of the range: the table in `functions.test.ts`, which tests it against f64.
 *
 * What all of them share: the significand and the exponent are taken apart, so that what is computed with is about 1,
 * nothing on the way is denormal, and a result below 2⁻¹²⁶ is 0. NaN gives NaN, whose bits are unspecified.
 */
import {
  absolute,
  add,
  and,
  bits,
  bounded,
  equal,
  float,
  fromBits,
  int,
  less,
  lessOrEqual,
  maximum,
  minimum,
  multiply,
  negate,
  select,
  shiftLeft,
  shiftRight,
  subtract,
  toFloat,
  truncate,
} from './build.ts';
import type { Expr } from './expression.ts';
import { atLeast, FRACTION, FRACTION_BITS, INFINITY, inverse } from './quotients.ts';

export { divide, reciprocal, rsqrt, sqrt } from './quotients.ts';

const zero = float(0);
const one = float(1);
const half = float(0.5);

/** Σ coefficients[i] · xⁱ by Horner's rule. */
const horner = (x: Expr, coefficients: readonly number[], partial: (sum: Expr) => Expr = (sum) => sum): Expr =>
  coefficients.map(float).reduceRight((sum, coefficient) => partial(add(multiply(sum, x), coefficient)));

/** The same for polynomials whose partial values stay above 2⁻¹⁵, as they do where each constant outweighs the rest. */
const polynomial = (x: Expr, coefficients: readonly number[]): Expr =>
  horner(x, coefficients, (sum) => atLeast(sum, -15));

/** `value`, or x where x is NaN; by its bits, for compilers may take x = x to be true. */
const whereNumber = (x: Expr, value: Expr): Expr => select(less(INFINITY, and(bits(x), int(0x7fff_ffff))), x, value);

/** The nearest integer of an f32 within the range of i32; halves go away from zero. */
const nearest = (x: Expr): Expr => truncate(add(x, select(less(x, zero), float(-0.5), half)));

/** e^x = 2^k · e^r with |r| ≤ ln 2 / 2; below −87 it is 0. */
export function exp(x: Expr): Expr {
  const [lowest, highest] = [float(-87), float(88.722_83)];
  const inside = minimum(maximum(x, lowest), highest);
  const k = nearest(multiply(inside, float(Math.LOG2E)));
  const r = subtract(subtract(inside, multiply(toFloat(k), LN2_HIGH)), multiply(toFloat(k), LN2_LOW));
  const y = atLeast(add(multiply(r, polynomial(r, EXP)), one), -1);
  const scaled = fromBits(add(bits(y), shiftLeft(k, FRACTION_BITS)));
  const limited = select(less(x, lowest), zero, select(less(highest, x), float(Infinity), scaled));
  return whereNumber(x, limited);
}
/** ln 2 in two parts, the first of 10 bits, so that its products with exponents are exact. */
const LN2_HIGH = float(0.693_359_375);
const LN2_LOW = float(Math.LN2 - 0.693_359_375);
/** (e^r − 1)/r (Cephes). */
const EXP = [
  1, 5.000_000_120_1e-1, 1.666_666_545_9e-1, 4.166_579_589_4e-2, 8.333_451_907_3e-3, 1.398_199_950_7e-3,
  1.987_569_15e-4,
];

/** ln x = k · ln 2 + ln(1 + f) with 1 + f in [√½, √2). */
export function log(x: Expr): Expr {
  const all = bits(x);
  const offset = subtract(all, ROOT_HALF);
  const k = toFloat(shiftRight(offset, FRACTION_BITS));
  const m = bounded(fromBits(add(and(offset, FRACTION), ROOT_HALF)), { least: -1, unit: -24 });
  const f = subtract(m, one);
  const square = multiply(f, f);
  const tail = add(multiply(multiply(square, f), polynomial(f, LOG)), multiply(k, LN2_LOW));
  const nearOne = add(f, subtract(tail, multiply(square, half)));
  const finite = add(nearOne, multiply(k, LN2_HIGH));
  const positive = select(equal(all, INFINITY), x, finite);
  const signed = select(less(x, zero), float(Number.NaN), positive);
  return whereNumber(x, select(equal(x, zero), float(-Infinity), signed));
}
/** The bits of √½. */
const ROOT_HALF = int(0x3f35_04f3);
/** (ln(1 + f) − f + f²/2)/f³ (Cephes). */
const LOG = [
  3.333_333_117_4e-1, -2.499_999_399_3e-1, 2.000_071_476_5e-1, -1.666_805_766_5e-1, 1.424_932_278_7e-1,
  -1.242_014_084_6e-1, 1.167_699_874e-1, -1.151_461_031e-1, 7.037_683_629_2e-2,
];

/** tanh x: an odd polynomial up to 0.55, (1 − t)/(1 + t) with t = e^(−2|x|) from there on. */
export function tanh(x: Expr): Expr {
  const size = absolute(x);
  const square = minimum(multiply(x, x), float(TANH_NEAR ** 2));
  const near = multiply(x, atLeast(add(multiply(square, polynomial(square, TANH)), one), -1));
  const t = exp(multiply(maximum(size, float(TANH_NEAR)), float(-2)));
  const far = multiply(atLeast(subtract(one, t), -2), inverse(atLeast(add(one, t), 0)));
  return select(less(size, float(TANH_NEAR)), near, select(less(x, zero), negate(far), far));
}
export const TANH_NEAR = 0.55;
/** (tanh x / x − 1)/x² over x² (Cephes). */
export const TANH = [
  -3.333_328_194_22e-1, 1.333_144_220_36e-1, -5.373_971_555_31e-2, 2.063_908_879_54e-2, -5.704_988_727_45e-3,
];

/** t = e^(−|x|), 1/(1 + t), and the sigmoid of x: of a negative x it is t/(1 + t), so that small results keep their digits. */
function sigmoidParts(x: Expr) {
  const t = exp(negate(absolute(x)));
  const r = inverse(atLeast(add(one, t), 0));
  return { t, r, gate: select(less(x, zero), multiply(t, r), r) };
}

/** 1/(1 + e^(−x)). */
export const sigmoid = (x: Expr): Expr => sigmoidParts(x).gate;

/** erf x: an odd polynomial up to 0.93, 1 − e^p(|x|) from there on. */
export function erf(x: Expr): Expr {
  const size = atLeast(minimum(maximum(absolute(x), float(ERF_NEAR_END)), float(4)), -1);
  const square = minimum(multiply(x, x), float(ERF_NEAR_END ** 2));
  const near = multiply(x, atLeast(add(horner(square, ERF_NEAR), one), -1));
  const far = subtract(one, exp(multiply(size, horner(size, ERF_FAR))));
  const signed = select(less(x, zero), negate(far), far);
  return select(lessOrEqual(absolute(x), float(ERF_NEAR_END)), near, whereNumber(x, signed));
}
const ERF_NEAR_END = 0.927_734_375;
/** erf x / x − 1 over x², and ln(1 − erf x)/x over x (N. Juffa). */
const ERF_NEAR = [
  1.283_791_66e-1, -3.761_253_36e-1, 1.128_199_25e-1, -2.676_813_49e-2, 4.991_194_23e-3, -5.967_617_03e-4,
];
const ERF_FAR = [
  -1.128_717_512, -6.348_466_87e-1, -1.067_778_77e-1, 2.425_462_19e-2, -3.883_964_38e-3, 3.831_971_26e-4,
  -1.728_534_7e-5,
];

/** The gelu of GPT-2, ½x·(1 + tanh(√(2/π)(x + 0.044715x³))), which is x·σ(x·(a + bx²)). */
export const geluTanh = (x: Expr): Expr => multiply(x, sigmoid(multiply(x, geluSlope(x, 1))));

/** The derivative of exactly that form: σ + xσ(1 − σ)·(a + 3bx²), where σ(1 − σ) = t/(1 + t)² loses no digits. */
export function geluTanhDerivative(x: Expr): Expr {
  const inside = withinGelu(x);
  const { t, r, gate } = sigmoidParts(multiply(inside, geluSlope(inside, 1)));
  const tail = multiply(inside, multiply(multiply(t, r), r));
  return add(gate, multiply(tail, geluSlope(inside, 3)));
}

const GELU_LINEAR = 2 * Math.sqrt(2 / Math.PI);
const GELU_CUBIC = GELU_LINEAR * 0.044_715;

/** a + times · bx². */
const geluSlope = (x: Expr, times: number): Expr =>
  add(multiply(multiply(x, x), float(GELU_CUBIC * times)), float(GELU_LINEAR));

/** The derivatives are 0 and 1 long before ±16; so far out their factors would be ∞ · 0. */
const withinGelu = (x: Expr): Expr => minimum(maximum(x, float(-16)), float(16));

/** The gelu of the normal distribution, x·Φ(x) = ½x·(1 + erf(x/√2)). */
export const geluErf = (x: Expr): Expr => multiply(x, normalCdf(x));

/** The derivative of geluErf: Φ(x) + x·φ(x). */
export function geluErfDerivative(x: Expr): Expr {
  const inside = withinGelu(x);
  const density = multiply(exp(multiply(multiply(inside, inside), float(-0.5))), float(1 / Math.sqrt(2 * Math.PI)));
  return add(normalCdf(inside), multiply(inside, density));
}

const normalCdf = (x: Expr): Expr => multiply(add(erf(multiply(x, float(Math.SQRT1_2))), one), half);

/** x modulo π/2 with the quadrant, for |x| ≤ 10⁵: π/2 in parts so short that their products with the quadrant are exact. */
function quadrantOf(x: Expr) {
  const inside = select(lessOrEqual(absolute(x), float(ANGLE_LIMIT)), x, zero);
  const quadrant = nearest(multiply(inside, float(2 / Math.PI)));
  const turns = toFloat(quadrant);
  const rest = HALF_PI.reduce((left, part) => subtract(left, multiply(turns, float(part))), inside);
  return { quadrant, rest, known: lessOrEqual(absolute(x), float(ANGLE_LIMIT)) };
}
const ANGLE_LIMIT = 1e5;
const HALF_PI = [1.5703125, 4.825592041015625e-4, 1.2665987014770508e-6, 9.920935796805404e-10];

/** sin(x) and cos(x) by quadrant: `shift` 0 and 1. */
function wave(x: Expr, shift: number): Expr {
  const { quadrant, rest, known } = quadrantOf(x);
  const turned = add(quadrant, int(shift));
  const square = multiply(rest, rest);
  const sine = multiply(rest, atLeast(add(multiply(square, polynomial(square, SINE)), one), -1));
  const cosine = add(
    multiply(multiply(square, square), polynomial(square, COSINE)),
    subtract(one, multiply(square, half)),
  );
  const value = select(equal(and(turned, int(1)), int(0)), sine, cosine);
  const signed = select(equal(and(turned, int(2)), int(0)), value, negate(value));
  return select(known, signed, float(Number.NaN));
}
/** (sin r / r − 1)/r² and (cos r − 1 + r²/2)/r⁴ over r² (Cephes). */
const SINE = [-1.666_665_461_1e-1, 8.332_160_873_6e-3, -1.951_529_589_1e-4];
const COSINE = [4.166_664_568_298_827e-2, -1.388_731_625_493_765e-3, 2.443_315_711_809_948e-5];

/** sin x for |x| ≤ 10⁵, NaN beyond. */
export const sin = (x: Expr): Expr => wave(x, 0);

/** cos x for |x| ≤ 10⁵, NaN beyond. */
export const cos = (x: Expr): Expr => wave(x, 1);
