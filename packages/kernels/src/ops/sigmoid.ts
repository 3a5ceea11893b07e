/** sigmoid, 1/(1 + e^−x). silu and the like are composites of it (`composites.ts`). */
import * as functions from '../canonical/functions.ts';
import { onnxOperator } from '../onnx/lowering.ts';
import { elementwise, SAFE_SIGMOID } from '../webgpu/wgsl.ts';
import { unary } from './unary.ts';

/** dx = dy · y · (1 − y). */
export const sigmoid = unary({
  name: 'sigmoid',
  scalar: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  derivative: ({ emit, y, dy }) => {
    const flow = emit.apply('mul', [dy, y]);
    return emit.apply('sub', [flow, emit.apply('mul', [flow, y])]);
  },
  onnx: onnxOperator('Sigmoid'),
  wgsl: elementwise(`${SAFE_SIGMOID.name}($0)`, { [SAFE_SIGMOID.name]: SAFE_SIGMOID.source }),
  exact: functions.sigmoid,
});
