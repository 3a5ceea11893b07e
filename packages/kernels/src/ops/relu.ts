/** relu, max(x, 0), and its gradient, which is 0 at x = 0. */
import { float, less, select } from '../canonical/build.ts';
import type { OpDefinition } from '../graph/op.ts';
import { onnxOperator } from '../onnx/lowering.ts';
import { elementwise } from '../webgpu/wgsl.ts';
import { backwardOnly, expectShape, f32, perOutput, shapeAt, streamedBytes } from './shape.ts';

export const relu: OpDefinition = {
  name: 'relu',
  operands: ['f32'],
  attributes: {},
  infer: (call) => f32(shapeAt(call, 0)),
  // relu(x) > 0 where x > 0: with the output in x's place, x need not be kept.
  gradient: ({ emit, output, outputGradient }) => [emit.apply('reluGradient', [output, outputGradient])],
  reference: ({ operands: [x] }) => (x ?? new Float64Array()).map((value) => Math.max(value, 0)),
  flops: perOutput(1),
  bytes: streamedBytes,
  onnx: onnxOperator('Relu'),
  // A maximum would make 0 of NaN.
  wgsl: elementwise('select($0, 0.0f, $0 < 0.0f)'),
  exact: { kind: 'elementwise', value: ([x = float(0)]) => select(less(x, float(0)), float(0), x) },
};

/** x, dy → dy where x > 0, else 0. */
export const reluGradient: OpDefinition = {
  name: 'reluGradient',
  operands: ['f32', 'f32'],
  attributes: {},
  infer: (call) => {
    expectShape(call, 1, shapeAt(call, 0));
    return f32(shapeAt(call, 0));
  },
  gradient: backwardOnly,
  reference: ({ operands: [x, dy] }) => (dy ?? new Float64Array()).map((value, i) => ((x?.[i] ?? 0) > 0 ? value : 0)),
  flops: perOutput(1),
  bytes: streamedBytes,
  onnx: ({ emit, names: [x = '', dy = ''] }) =>
    emit.node('Where', [emit.node('Greater', [x, emit.scalar(0)]), dy, emit.scalar(0)]),
  wgsl: elementwise('select(0.0f, $1, $0 > 0.0f)'),
  exact: {
    kind: 'elementwise',
    value: ([x = float(0), dy = float(0)]) => select(less(float(0), x), dy, float(0)),
  },
};
