/** power: x to a constant exponent. Reciprocals, squares and inverse roots are cases of it, and lower to plain arithmetic. */
import { absolute, float, less, multiply, select } from '../canonical/build.ts';
import type { Expr } from '../canonical/expression.ts';
import { exp, log, reciprocal, sqrt } from '../canonical/functions.ts';
import { number } from '../graph/attributes.ts';
import type { OnnxEmitter, OnnxValue } from '../onnx/lowering.ts';
import { elementwiseOf, f32Literal } from '../webgpu/wgsl.ts';
import { unary } from './unary.ts';

/** Up to here a whole power is a chain of products. */
const MOST_PRODUCTS = 8;

/** x multiplied `count` times, by halving, so that equal halves are equal expressions. */
function productOf<T>(x: T, count: number, multiply: (a: T, b: T) => T): T {
  if (count === 1) return x;
  const half = productOf(x, Math.floor(count / 2), multiply);
  return multiply(half, count % 2 === 0 ? half : productOf(x, Math.ceil(count / 2), multiply));
}

interface Arithmetic<T> {
  /** A tensor of ones like x. */
  readonly one: (x: T) => T;
  readonly multiply: (a: T, b: T) => T;
  readonly reciprocal: (x: T) => T;
  readonly root: (x: T) => T;
  /** Any exponent; whole ones are past {@link MOST_PRODUCTS}. */
  readonly general: (x: T, exponent: number) => T;
}

/** x^exponent over some arithmetic. */
function lowered<T>(arithmetic: Arithmetic<T>, x: T, exponent: number): T {
  if (exponent === 0) return arithmetic.one(x);
  const size = Math.abs(exponent);
  const whole = Number.isInteger(size) && size <= MOST_PRODUCTS;
  if (!whole && size !== 0.5) return arithmetic.general(x, exponent);
  const positive = whole ? productOf(x, size, arithmetic.multiply) : arithmetic.root(x);
  return exponent < 0 ? arithmetic.reciprocal(positive) : positive;
}

const WGSL: Arithmetic<string> = {
  one: () => '1.0f',
  multiply: (a, b) => `(${a} * ${b})`,
  reciprocal: (x) => `1.0f / ${x}`,
  root: (x) => `sqrt(${x})`,
  // WGSL's pow goes through a logarithm, so it takes no negative number.
  general: (x, exponent) => {
    const power = `pow(${Number.isInteger(exponent) ? `abs(${x})` : x}, ${f32Literal(exponent)})`;
    return Math.abs(exponent % 2) === 1 ? `sign(${x}) * ${power}` : power;
  },
};

const EXACT: Arithmetic<Expr> = {
  one: () => float(1),
  multiply,
  reciprocal,
  root: sqrt,
  general: (x, exponent) => {
    const whole = Number.isInteger(exponent);
    const power = exp(multiply(log(whole ? absolute(x) : x), float(exponent)));
    const odd = whole && Math.abs(exponent % 2) === 1;
    return odd ? select(less(x, float(0)), multiply(power, float(-1)), power) : power;
  },
};

const onnxArithmetic = (emit: OnnxEmitter): Arithmetic<OnnxValue> => {
  const general = (x: OnnxValue, exponent: number) => emit.node('Pow', [x, emit.scalar(exponent)]);
  return {
    one: (x) => general(x, 0),
    multiply: (a, b) => emit.node('Mul', [a, b]),
    reciprocal: (x) => emit.node('Reciprocal', [x]),
    root: (x) => emit.node('Sqrt', [x]),
    general,
  };
};

/** x^exponent as IEEE pow: NaN for a negative x and an exponent that is not whole; 1 for the exponent 0. */
export const power = unary({
  name: 'power',
  attributes: { exponent: 'number' },
  scalar: (x, attributes) => x ** number(attributes, 'exponent'),
  derivative: ({ emit, x, dy, attributes }) => {
    const exponent = number(attributes, 'exponent');
    if (exponent === 0) return null;
    const slope = emit.apply('power', [x], { exponent: exponent - 1 });
    return emit.apply('scale', [emit.apply('mul', [dy, slope])], { factor: exponent });
  },
  onnx: ({ emit, names: [x = ''], attributes }) => lowered(onnxArithmetic(emit), x, number(attributes, 'exponent')),
  wgsl: elementwiseOf(([x = ''], attributes) => lowered(WGSL, x, number(attributes, 'exponent'))),
  exact: (x, attributes) => lowered(EXACT, x, number(attributes, 'exponent')),
});
