/** abs and sign. */
import { absolute, float, less, select } from '../canonical/build.ts';
import { onnxOperator } from '../onnx/lowering.ts';
import { elementwise } from '../webgpu/wgsl.ts';
import { unary } from './unary.ts';

/** dx = dy · sign(x), which is 0 at x = 0. */
export const abs = unary({
  name: 'abs',
  scalar: Math.abs,
  derivative: ({ emit, x, dy }) => emit.apply('mul', [dy, emit.apply('sign', [x])]),
  onnx: onnxOperator('Abs'),
  wgsl: elementwise('abs($0)'),
  exact: absolute,
});

/** −1, 0 or 1; piecewise constant, so nothing flows back. */
export const sign = unary({
  name: 'sign',
  scalar: Math.sign,
  derivative: () => null,
  onnx: onnxOperator('Sign'),
  wgsl: elementwise('sign($0)'),
  exact: (x) => select(less(float(0), x), float(1), select(less(x, float(0)), float(-1), x)),
});
