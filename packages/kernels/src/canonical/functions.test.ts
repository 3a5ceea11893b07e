import { describe, expect, it } from 'vitest';
import { axis, load } from './build.ts';
import { childrenOf, type Expr } from './expression.ts';
import * as functions from './functions.ts';
import { interpretMap } from './interpret.ts';

/** Values of the function at `xs`; an f32 result is flushed, as every tensor's element is. */
function at(f: (x: Expr) => Expr, xs: readonly number[]): Float32Array {
  const value = f(load(0, axis(0)));
  return interpretMap({ shape: [xs.length], value }, [Float32Array.from(xs)]) as Float32Array;
}

/** Numbers in [0, 1) from a linear congruential generator. */
function draws(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

/** `count` values between `from` and `to`, evenly spread. */
function evenly(from: number, to: number, count = 3000): number[] {
  const next = draws(1);
  return Array.from({ length: count }, () => Math.fround(from + (to - from) * next()));
}

/** `count` values of either sign with magnitudes between 2^from and 2^to, their logarithms evenly spread. */
function magnitudes(from: number, to: number, count = 3000): number[] {
  const next = draws(2);
  return Array.from({ length: count }, () => Math.fround((next() < 0.5 ? -1 : 1) * 2 ** (from + (to - from) * next())));
}
const positive = (values: readonly number[]): number[] => values.map(Math.abs);

const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const slope = (x: number, times = 1): number => Math.sqrt(8 / Math.PI) * (1 + times * 0.044_715 * x * x);

/** erf as its Maclaurin series, whose terms alternate: good to 1e-12 up to 4. */
function erf(x: number): number {
  let [sum, term] = [0, x];
  for (let n = 0; n < 100; n++) {
    sum += term / (2 * n + 1);
    term *= (-x * x) / (n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
const cdf = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2;

/** Distance of `value` from `expected` in units of the last place of an f32 near `expected`. */
const ulps = (value: number, expected: number): number =>
  Math.abs(value - expected) / 2 ** (Math.floor(Math.log2(Math.max(Math.abs(expected), 2 ** -126))) - 23);

/** Function, f64, arguments, the most units in the last place that it may be off. */
const accuracies: Record<string, [(x: Expr) => Expr, (x: number) => number, readonly number[], number]> = {
  reciprocal: [functions.reciprocal, (x) => 1 / x, magnitudes(-50, 49.9), 1.2],
  sqrt: [functions.sqrt, Math.sqrt, positive(magnitudes(-50, 127)), 0.500_001],
  rsqrt: [functions.rsqrt, (x) => 1 / Math.sqrt(x), positive(magnitudes(-50, 99)), 1.3],
  exp: [functions.exp, Math.exp, evenly(-34.6, 88.7), 1.2],
  'exp near 0': [functions.exp, Math.exp, magnitudes(-40, 1), 1.2],
  log: [functions.log, Math.log, positive(magnitudes(-50, 127)), 1],
  'log near 1': [functions.log, Math.log, evenly(0.5, 2), 1],
  tanh: [functions.tanh, Math.tanh, evenly(-10, 10), 2.5],
  'tanh near 0': [functions.tanh, Math.tanh, magnitudes(-49, 1), 2.5],
  sigmoid: [functions.sigmoid, sigmoid, evenly(-34.6, 34.6), 3],
  erf: [functions.erf, erf, evenly(-3.9, 3.9), 2],
  'erf near 0': [functions.erf, erf, magnitudes(-48, 1), 2],
  sin: [functions.sin, Math.sin, evenly(-100, 100), 3],
  'sin near 0': [functions.sin, Math.sin, magnitudes(-40, 0), 1.5],
  cos: [functions.cos, Math.cos, evenly(-100, 100), 3],
};

/** Function, f64, arguments, the largest error; for functions whose zeros are not exact. */
const errors: Record<string, [(x: Expr) => Expr, (x: number) => number, readonly number[], number]> = {
  'sin far out': [functions.sin, Math.sin, evenly(-1e5, 1e5), 1.2e-7],
  'cos far out': [functions.cos, Math.cos, evenly(-1e5, 1e5), 1.2e-7],
  geluTanh: [functions.geluTanh, (x) => x * sigmoid(x * slope(x)), evenly(-6, 6), 6e-7],
  geluErf: [functions.geluErf, (x) => x * cdf(x), evenly(-5, 5), 5e-7],
  geluErfDerivative: [
    functions.geluErfDerivative,
    (x) => cdf(x) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI),
    evenly(-5, 5),
    3e-7,
  ],
  geluTanhDerivative: [
    functions.geluTanhDerivative,
    (x) => {
      const gate = sigmoid(x * slope(x));
      return gate + x * gate * (1 - gate) * slope(x, 3);
    },
    evenly(-6, 6),
    6e-7,
  ],
};

describe('functions of exact arithmetic', () => {
  it.each(Object.entries(accuracies))('%s is within its units in the last place', (_, [f, f64, xs, limit]) => {
    const values = at(f, xs);
    expect(xs.reduce((worst, x, i) => Math.max(worst, ulps(values[i]!, f64(x))), 0)).toBeLessThan(limit);
  });

  it.each(Object.entries(errors))('%s is within its error', (_, [f, f64, xs, limit]) => {
    const values = at(f, xs);
    expect(xs.reduce((worst, x, i) => Math.max(worst, Math.abs(values[i]! - f64(x))), 0)).toBeLessThan(limit);
  });

  it('a quotient is the nearest f32', () => {
    const [xs, ys] = [magnitudes(-24, 24), magnitudes(-24, 24).toReversed()];
    const value = functions.divide(load(0, axis(0)), load(1, axis(0)));
    const quotients = interpretMap({ shape: [xs.length], value }, [Float32Array.from(xs), Float32Array.from(ys)]);
    expect(quotients).toEqual(Float32Array.from(xs, (x, i) => x / ys[i]!));
  });
});

const NONE = Number.NaN;
/** Results at 0, −0, ∞, −∞, NaN, the largest f32, its negative, the smallest that is not flushed. */
const ends: Record<string, [(x: Expr) => Expr, readonly number[]]> = {
  reciprocal: [functions.reciprocal, [Infinity, -Infinity, 0, 0, NONE, 0, 0, 2 ** 50]],
  sqrt: [functions.sqrt, [0, 0, Infinity, NONE, NONE, Math.fround(1.844_674_3e19), NONE, 2 ** -25]],
  rsqrt: [functions.rsqrt, [Infinity, Infinity, 0, NONE, NONE, 0, NONE, 2 ** 25]],
  exp: [functions.exp, [1, 1, Infinity, 0, NONE, Infinity, 0, 1]],
  log: [
    functions.log,
    [-Infinity, -Infinity, Infinity, NONE, NONE, Math.fround(88.722_839), NONE, Math.fround(-34.657_36)],
  ],
  tanh: [functions.tanh, [0, 0, 1, -1, NONE, 1, -1, 2 ** -50]],
  sigmoid: [functions.sigmoid, [0.5, 0.5, 1, 0, NONE, 1, 0, 0.5]],
  erf: [functions.erf, [0, 0, 1, -1, NONE, 1, -1, Math.fround(1.128_379_1 * 2 ** -50)]],
  sin: [functions.sin, [0, 0, NONE, NONE, NONE, NONE, NONE, 2 ** -50]],
  cos: [functions.cos, [1, 1, NONE, NONE, NONE, NONE, NONE, 1]],
  geluTanh: [functions.geluTanh, [0, 0, Infinity, NONE, NONE, 2 ** 128 - 2 ** 104, 0, 0]],
  geluTanhDerivative: [functions.geluTanhDerivative, [0.5, 0.5, 1, 0, NONE, 1, 0, 0.5]],
  geluErf: [functions.geluErf, [0, 0, Infinity, NONE, NONE, 2 ** 128 - 2 ** 104, 0, 0]],
  geluErfDerivative: [functions.geluErfDerivative, [0.5, 0.5, 1, 0, NONE, 1, 0, 0.5]],
};
const ENDS = [0, -0, Infinity, -Infinity, Number.NaN, 2 ** 128 - 2 ** 104, -(2 ** 128 - 2 ** 104), 2 ** -50];

describe('at the ends of the range', () => {
  it.each(Object.entries(ends))('%s is defined', (_, [f, expected]) => {
    expect(at(f, ENDS)).toEqual(Float32Array.from(expected));
  });

  it('a quotient is what IEEE 754 says', () => {
    const pairs = [...ENDS, 1, -3].flatMap((x) => [...ENDS, 1, -3].map((y) => [x, y] as const));
    const value = functions.divide(load(0, axis(0)), load(1, axis(0)));
    const operands = [0, 1].map((side) => Float32Array.from(pairs, (pair) => pair[side]!));
    const flushed = pairs.map(([x, y]) => (Math.abs(x / y) < 2 ** -50 ? 0 : x / y));
    expect(interpretMap({ shape: [pairs.length], value }, operands)).toEqual(Float32Array.from(flushed));
  });
});

describe('what a function promises of its intermediate values', () => {
  const all: Record<string, (x: Expr) => Expr> = {
    ...Object.fromEntries(Object.entries(ends).map(([name, [f]]) => [name, f])),
    divide: (x) => functions.divide(x, functions.exp(x)),
  };
  const xs = [...magnitudes(-50, 127, 400), ...evenly(-12, 12, 600), ...ENDS];
  it.each(Object.entries(all))('holds for %s', (_, f) => {
    for (const { x, least, unit } of promisesOf(f(load(0, axis(0))))) {
      const broken = (value: number): boolean =>
        Number.isFinite(value) && value !== 0 && (Math.abs(value) < 2 ** least || value % 2 ** unit !== 0);
      expect(at(() => x, xs).find(broken)).toBeUndefined();
    }
  });
});

/** The `bounded` nodes under a node. */
function promisesOf(root: Expr): readonly Extract<Expr, { kind: 'bounded' }>[] {
  const seen = new Set<Expr>([root]);
  for (const node of seen) childrenOf(node).forEach((child) => seen.add(child));
  return [...seen].filter((node) => node.kind === 'bounded');
}
