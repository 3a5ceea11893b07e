/** where: a where the condition is not 0, else b, all three with numpy broadcasting. Moves bits: a NaN not chosen is gone. */
import { equal, float, int, select } from '../canonical/build.ts';
import type { OpDefinition } from '../graph/op.ts';
import { elementwise } from '../webgpu/wgsl.ts';
import { sumToShape } from './arithmetic.ts';
import { broadcastReference, expectOneDtype, inferBroadcast } from './elementwise.ts';
import { streamedBytes } from './shape.ts';

/** condition i32, a and b of one dtype → that dtype. */
export const where: OpDefinition = {
  name: 'where',
  operands: ['i32', 'any', 'any'],
  attributes: {},
  infer: (call) => {
    expectOneDtype(call, [1, 2]);
    return { dtype: call.inputs[1]?.dtype ?? 'f32', shape: inferBroadcast(call) };
  },
  gradient: ({ emit, inputs: [condition = -1, a = -1, b = -1], outputGradient }) => {
    const zero = emit.apply('fill', [], { value: 0, shape: [] });
    return [
      null,
      sumToShape(emit, emit.apply('where', [condition, outputGradient, zero]), a),
      sumToShape(emit, emit.apply('where', [condition, zero, outputGradient]), b),
    ];
  },
  reference: broadcastReference((condition = 0, a = 0, b = 0) => (condition === 0 ? b : a)),
  flops: () => 0,
  bytes: streamedBytes,
  onnx: ({ emit, names: [condition = '', a = '', b = ''] }) => emit.node('Where', [emit.toBool(condition), a, b]),
  wgsl: elementwise('select($2, $1, $0 != 0i)'),
  exact: {
    kind: 'elementwise',
    value: ([condition = int(0), a = float(0), b = float(0)]) => select(equal(condition, int(0)), b, a),
  },
};
