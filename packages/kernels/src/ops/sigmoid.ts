/** sigmoid, 1/(1 + e^−x). silu and the like are composites of it (`composites.ts`). */
import * as functions from '../canonical/functions.ts';
import { onnxOperator } from '../onnx/lowering.ts';
import { elementwise } from '../webgpu/wgsl.ts';
import { unary } from './unary.ts';

/** The exponential of −|x| never overflows, and 1 − σ(x) = σ(−x) does the other side. */
const WGSL_SIGMOID = `fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(e, 1.0f, x >= 0.0f) / (1.0f + e);
}`;

/** dx = dy · y · (1 − y). */
export const sigmoid = unary({
  name: 'sigmoid',
  scalar: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  derivative: ({ emit, y, dy }) => {
    const flow = emit.apply('mul', [dy, y]);
    return emit.apply('sub', [flow, emit.apply('mul', [flow, y])]);
  },
  onnx: onnxOperator('Sigmoid'),
  wgsl: elementwise('sigmoid($0)', { sigmoid: WGSL_SIGMOID }),
  exact: functions.sigmoid,
});
