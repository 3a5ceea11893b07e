/**
 * erf, and gelu in its exact form, x·Φ(x) with Φ(x) = ½·(1 + erf(x/√2)): PyTorch's default `nn.GELU`. GPT-2's tanh form is
 * the op `gelu`.
 */
import * as functions from '../canonical/functions.ts';
import type { OnnxEmitter, OnnxLowering, OnnxValue } from '../onnx/lowering.ts';
import { onnxOperator } from '../onnx/lowering.ts';
import { elementwise, f32Literal, horner } from '../webgpu/wgsl.ts';
import { activation } from './activation.ts';
import { unary } from './unary.ts';

/** 2/√π, the slope of erf at 0. */
const ERF_SLOPE = 2 / Math.sqrt(Math.PI);
/** φ(0) = 1/√(2π), the peak of the normal density. */
const DENSITY_PEAK = 1 / Math.sqrt(2 * Math.PI);

/** From here on erf is 1 in float64. */
const ERF_END = 6;

/** erf to float64: 2/√π · e^(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!, whose terms all have one sign, so that nothing cancels. */
export function erfOf(x: number): number {
  if (Math.abs(x) >= ERF_END) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 2 ** -54; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return ERF_SLOPE * Math.exp(-x * x) * sum;
}

const normalCdf = (x: number): number => 0.5 * (1 + erfOf(x * Math.SQRT1_2));
const geluSlope = (x: number): number => normalCdf(x) + x * DENSITY_PEAK * Math.exp(-0.5 * x * x);

/** Coefficients of erf's Taylor series in x², for |x| < 1: the first that is left out is 1.3e−8. */
export const ERF_TAYLOR: readonly number[] = Array.from({ length: 10 }, (_, n) => {
  const factorial = Array.from({ length: n }, (__, i) => i + 1).reduce((product, i) => product * i, 1);
  return ((n % 2 === 0 ? 1 : -1) * ERF_SLOPE) / (factorial * (2 * n + 1));
});
/** Abramowitz and Stegun 7.1.26, for |x| ≥ 1: erfc(x) ≈ e^(−x²) · Σ aᵢ tⁱ with t = 1/(1 + p·x), to 1.5e−7. */
export const ERFC_TAIL = {
  p: 0.3275911,
  a: [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429],
} as const;

const WGSL_FUNCTIONS = {
  erf: `fn erf(x: f32) -> f32 {
  let a = abs(x);
  let z = x * x;
  let t = 1.0f / (1.0f + ${f32Literal(ERFC_TAIL.p)} * a);
  let tail = 1.0f - exp(-z) * t * ${horner(ERFC_TAIL.a, 't')};
  return select(sign(x) * tail, x * ${horner(ERF_TAYLOR, 'z')}, a < 1.0f);
}`,
  normalCdf: `fn normalCdf(x: f32) -> f32 { return 0.5f * (1.0f + erf(x * ${f32Literal(Math.SQRT1_2)})); }`,
  geluErfSlope: `fn geluErfSlope(x: f32) -> f32 { return normalCdf(x) + x * ${f32Literal(DENSITY_PEAK)} * exp(-0.5f * x * x); }`,
};

/** dx = dy · 2/√π · e^(−x²). */
export const erf = unary({
  name: 'erf',
  scalar: erfOf,
  derivative: ({ emit, x, dy }) => {
    const density = emit.apply('exp', [emit.apply('neg', [emit.apply('mul', [x, x])])]);
    return emit.apply('scale', [emit.apply('mul', [dy, density])], { factor: ERF_SLOPE });
  },
  onnx: onnxOperator('Erf'),
  wgsl: elementwise('erf($0)', { erf: WGSL_FUNCTIONS.erf }),
  exact: functions.erf,
});

/** Φ(x); forward and gradient share it. */
function onnxCdf(emit: OnnxEmitter, x: OnnxValue): OnnxValue {
  const erfValue = emit.node('Erf', [emit.node('Mul', [x, emit.scalar(Math.SQRT1_2)])]);
  return emit.node('Mul', [emit.node('Add', [erfValue, emit.scalar(1)]), emit.scalar(0.5)]);
}

/** dx = dy · (Φ(x) + x · φ(x)). */
const onnxGradient: OnnxLowering = ({ emit, names: [x = '', dy = ''] }) => {
  const exponent = emit.node('Mul', [emit.node('Mul', [x, x]), emit.scalar(-0.5)]);
  const density = emit.node('Mul', [emit.node('Exp', [exponent]), emit.scalar(DENSITY_PEAK)]);
  const slope = emit.node('Add', [onnxCdf(emit, x), emit.node('Mul', [x, density])]);
  return emit.node('Mul', [dy, slope]);
};

/** `geluErf`, and `geluErfGradient`: x, dy → dy · (x·Φ(x))′. */
export const { forward: geluErf, backward: geluErfGradient } = activation({
  name: 'geluErf',
  curve: {
    scalar: (x) => x * normalCdf(x),
    flops: 5,
    onnx: ({ emit, names: [x = ''] }) => emit.node('Mul', [x, onnxCdf(emit, x)]),
    wgsl: '$0 * normalCdf($0)',
    exact: functions.geluErf,
  },
  slope: {
    scalar: geluSlope,
    flops: 11,
    onnx: onnxGradient,
    wgsl: 'geluErfSlope($0)',
    exact: functions.geluErfDerivative,
  },
  functions: WGSL_FUNCTIONS,
});
