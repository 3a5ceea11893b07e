/**
 * gelu in GPT-2's tanh form, ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), and the gradient of exactly that form.
 */
import { add, float, maximum, minimum, multiply, subtract } from '../canonical/build.ts';
import type { Expr } from '../canonical/expression.ts';
import { sigmoid } from '../canonical/functions.ts';
import type { OnnxEmitter, OnnxLowering, OnnxValue } from '../onnx/lowering.ts';
import { f32Literal, SAFE_SIGMOID } from '../webgpu/wgsl.ts';
import { activation } from './activation.ts';

/** √(2/π). */
const GELU_SCALE = 0.7978845608028654;
const GELU_CUBIC = 0.044715;
/** From here on σ(2z) is 0 or 1 and its slope 0; without a limit x² would overflow to ∞ · 0. */
const LIMIT = 10;

const inner = (x: number): number => Math.tanh(GELU_SCALE * (x + GELU_CUBIC * x * x * x));

function slope(x: number): number {
  const t = inner(x);
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * GELU_SCALE * (1 + 3 * GELU_CUBIC * x * x);
}

/**
 * ½·(1 + tanh(z)) = sigmoid(2z), so gelu(x) = x·σ(2z) with 2z = x·(2s + 2sc·x²). The gradient shares σ and x·σ with the
 * forward pass, and no operator of onnxruntime's computes it whole.
 */
function onnxParts(emit: OnnxEmitter, x: OnnxValue) {
  const square = emit.node('Mul', [x, x]);
  const slopeOf = (cubic: number) =>
    emit.node('Add', [emit.node('Mul', [square, emit.scalar(2 * GELU_SCALE * cubic)]), emit.scalar(2 * GELU_SCALE)]);
  const sigmoid = emit.node('Sigmoid', [emit.node('Mul', [x, slopeOf(GELU_CUBIC)])]);
  return { sigmoid, y: emit.node('Mul', [x, sigmoid]), innerSlope: () => slopeOf(3 * GELU_CUBIC) };
}

/** dx = dy · (σ + y·(1 − σ)·(2z)′). */
const onnxGradient: OnnxLowering = ({ emit, names: [x = '', dy = ''] }) => {
  const { sigmoid, y, innerSlope } = onnxParts(emit, x);
  const tail = emit.node('Sub', [y, emit.node('Mul', [y, sigmoid])]);
  return emit.node('Mul', [dy, emit.node('Add', [sigmoid, emit.node('Mul', [tail, innerSlope()])])]);
};

/** 2z and (2z)′, as WGSL over `x`. */
const wgslSlope = (cubic: number): string =>
  `(${f32Literal(2 * GELU_SCALE)} + ${f32Literal(2 * GELU_SCALE * cubic)} * x * x)`;

/** σ(1 − σ) is e/(1 + e)² with e = e^(−|2z|), which loses no digits. Beyond the limit x² could overflow to ∞ · 0. */
const WGSL_FUNCTIONS = {
  [SAFE_SIGMOID.name]: SAFE_SIGMOID.source,
  gelu: `fn gelu(x: f32) -> f32 { return x * ${SAFE_SIGMOID.name}(x * ${wgslSlope(GELU_CUBIC)}); }`,
  geluSlope: `fn geluSlope(x: f32) -> f32 {
  let u = x * ${wgslSlope(GELU_CUBIC)};
  let e = exp(-abs(u));
  let r = 1.0f / (1.0f + e);
  let near = select(e * r, r, u >= 0.0f) + x * (e * r * r) * ${wgslSlope(3 * GELU_CUBIC)};
  return select(near, select(0.0f, 1.0f, x > 0.0f), abs(x) > ${f32Literal(LIMIT)});
}`,
};

/** σ(2z) and (2z)′ of the form above. */
function exactParts(x: Expr): { readonly sigmoid: Expr; readonly innerSlope: Expr } {
  const near = maximum(minimum(x, float(LIMIT)), float(-LIMIT));
  const square = multiply(near, near);
  const slopeOf = (cubic: number): Expr => add(multiply(square, float(2 * GELU_SCALE * cubic)), float(2 * GELU_SCALE));
  return { sigmoid: sigmoid(multiply(near, slopeOf(GELU_CUBIC))), innerSlope: slopeOf(3 * GELU_CUBIC) };
}

function exactSlope(x: Expr): Expr {
  const parts = exactParts(x);
  const y = multiply(x, parts.sigmoid);
  return add(parts.sigmoid, multiply(subtract(y, multiply(y, parts.sigmoid)), parts.innerSlope));
}

/** `gelu`, and `geluGradient`: x, dy → dy · gelu′(x). */
export const { forward: gelu, backward: geluGradient } = activation({
  name: 'gelu',
  curve: {
    scalar: (x) => 0.5 * x * (1 + inner(x)),
    flops: 9,
    onnx: ({ emit, names: [x = ''] }) => onnxParts(emit, x).y,
    wgsl: 'gelu($0)',
    exact: (x) => multiply(x, exactParts(x).sigmoid),
  },
  slope: { scalar: slope, flops: 19, onnx: onnxGradient, wgsl: 'geluSlope($0)', exact: exactSlope },
  functions: WGSL_FUNCTIONS,
});
