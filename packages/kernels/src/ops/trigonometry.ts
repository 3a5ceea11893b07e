/**
 * sin and cos, in radians. WGSL promises 2⁻¹¹ of absolute error for its own and only within [−π, π], so the WebGPU
 * lowering has its own: the argument less the nearest multiple of π/2, then the Taylor polynomial on [−π/4, π/4]. The
 * multiple is subtracted in three parts whose first two have few bits, which is good up to |x| of about 10⁴.
 */
import * as functions from '../canonical/functions.ts';
import { onnxOperator } from '../onnx/lowering.ts';
import { elementwise, f32Literal } from '../webgpu/wgsl.ts';
import { unary } from './unary.ts';

/** π/2 = 201/128 + a part of 12 bits + a rest. */
const HALF_PI_PARTS = [1.5703125, 4.837512969970703e-4, 7.549789948768648e-8] as const;

/** 1 − z/(d₁·d₂)·(1 − z/(d₃·d₄)·(…)) over z = r², Horner's rule on the Taylor series. */
const taylor = (denominators: readonly number[]): string =>
  denominators.reduceRight((rest, denominator) => `(1.0f - z * ${f32Literal(1 / denominator)} * ${rest})`, '1.0f');

const WGSL_SINE = `fn sineOfQuarters(x: f32, quarters: i32) -> f32 {
  let k = round(x * ${f32Literal(2 / Math.PI)});
  let r = ((x - k * ${f32Literal(HALF_PI_PARTS[0])}) - k * ${f32Literal(HALF_PI_PARTS[1])}) - k * ${f32Literal(HALF_PI_PARTS[2])};
  let z = r * r;
  let quadrant = (i32(k) + quarters) & 3;
  let value = select(r * ${taylor([6, 20, 42, 72])}, ${taylor([2, 12, 30, 56, 90])}, (quadrant & 1) == 1);
  return select(value, -value, quadrant >= 2);
}`;

const WGSL_FUNCTIONS = { sineOfQuarters: WGSL_SINE };

export const sin = unary({
  name: 'sin',
  scalar: Math.sin,
  derivative: ({ emit, x, dy }) => emit.apply('mul', [dy, emit.apply('cos', [x])]),
  onnx: onnxOperator('Sin'),
  wgsl: elementwise('sineOfQuarters($0, 0)', WGSL_FUNCTIONS),
  exact: functions.sin,
});

export const cos = unary({
  name: 'cos',
  scalar: Math.cos,
  derivative: ({ emit, x, dy }) => emit.apply('neg', [emit.apply('mul', [dy, emit.apply('sin', [x])])]),
  onnx: onnxOperator('Cos'),
  wgsl: elementwise('sineOfQuarters($0, 1)', WGSL_FUNCTIONS),
  exact: functions.cos,
});
