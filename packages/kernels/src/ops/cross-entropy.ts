/** crossEntropy, the weighted sum of −log softmax(logits)[label] in nats, and its gradient with respect to the logits. */
import { crossEntropyExactly, crossEntropyGradientExactly } from '../canonical/lowerings/predictions.ts';
import type { OpCall, OpDefinition } from '../graph/op.ts';
import type { OnnxEmitter, OnnxLowering, OnnxValue } from '../onnx/lowering.ts';
import { crossEntropyGradientLowering, crossEntropyLowering } from '../webgpu/kernels/predictions.ts';
import { backwardOnly, expectRank, expectShape, f32, perOperand, type Shape, shapeAt, streamedBytes } from './shape.ts';

/** Checks logits [n, c], labels [n], weight [n]; returns the logits' shape. Shared with countCorrect. */
export function checkPredictions(call: OpCall): Shape {
  expectRank(call, 0, 2);
  const [rows = 1] = shapeAt(call, 0);
  expectShape(call, 1, [rows]);
  expectShape(call, 2, [rows]);
  return shapeAt(call, 0);
}

/** log Σ exp of a row, shifted by its maximum so that it can't overflow. */
function logSumExp(row: Float64Array): number {
  const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
  return top + Math.log(row.reduce((sum, value) => sum + Math.exp(value - top), 0));
}

/** A vector [n] as a column [n, 1]. */
const onnxColumn = (emit: OnnxEmitter, vector: OnnxValue): OnnxValue =>
  emit.node('Unsqueeze', [vector, emit.integers([1])]);

const onnxLoss: OnnxLowering = ({ emit, names: [logits = '', labels = '', weight = ''] }) => {
  const logProbabilities = emit.node('LogSoftmax', [logits], { axis: 1 });
  const atLabel = emit.node('GatherElements', [logProbabilities, onnxColumn(emit, labels)], { axis: 1 });
  const weighted = emit.node('Mul', [atLabel, onnxColumn(emit, weight)]);
  return emit.node('Neg', [emit.node('ReduceSum', [weighted, emit.integers([0, 1])], { keepdims: 0 })]);
};

const onnxGradient: OnnxLowering = ({ emit, names: [logits = '', labels = '', weight = ''], output: { shape } }) => {
  const classes = emit.constant('i32', [1], [shape[1] ?? 1]);
  const oneHot = emit.node('OneHot', [labels, classes, emit.constant('f32', [2], [0, 1])], { axis: -1 });
  const error = emit.node('Sub', [emit.node('Softmax', [logits], { axis: 1 }), oneHot]);
  return emit.node('Mul', [error, onnxColumn(emit, weight)]);
};

/** logits [n, c], labels i32 [n], weight [n] → scalar. */
export const crossEntropy: OpDefinition = {
  name: 'crossEntropy',
  operands: ['f32', 'i32', 'f32'],
  attributes: {},
  infer: (call) => {
    checkPredictions(call);
    return f32([]);
  },
  gradient: ({ emit, inputs, outputGradient }) => {
    const gradient = emit.apply('crossEntropyGradient', inputs);
    return [emit.apply('mul', [gradient, outputGradient]), null, null];
  },
  reference: ({ inputs, operands: [logits = new Float64Array(), labels = logits, weight = logits] }) => {
    const columns = shapeAt({ inputs }, 0)[1] ?? 1;
    let total = 0;
    for (let i = 0; i < labels.length; i++) {
      const row = logits.subarray(i * columns, (i + 1) * columns);
      total += weight[i]! * (logSumExp(row) - row[labels[i]!]!);
    }
    return Float64Array.of(total);
  },
  flops: perOperand(0, 4),
  bytes: streamedBytes,
  onnx: onnxLoss,
  wgsl: crossEntropyLowering,
  exact: crossEntropyExactly,
};

/** logits [n, c], labels i32 [n], weight [n] → weight · (softmax(logits) − onehot(label)) [n, c]. */
export const crossEntropyGradient: OpDefinition = {
  name: 'crossEntropyGradient',
  operands: ['f32', 'i32', 'f32'],
  attributes: {},
  infer: (call) => f32(checkPredictions(call)),
  gradient: backwardOnly,
  reference: ({ inputs, operands: [logits = new Float64Array(), labels = logits, weight = logits] }) => {
    const columns = shapeAt({ inputs }, 0)[1] ?? 1;
    const result = new Float64Array(logits.length);
    for (let i = 0; i < labels.length; i++) {
      const row = logits.subarray(i * columns, (i + 1) * columns);
      const total = logSumExp(row);
      result.set(
        row.map((value, j) => weight[i]! * (Math.exp(value - total) - (j === labels[i] ? 1 : 0))),
        i * columns,
      );
    }
    return result;
  },
  flops: perOperand(0, 6),
  bytes: streamedBytes,
  onnx: onnxGradient,
  wgsl: crossEntropyGradientLowering,
  exact: crossEntropyGradientExactly,
};
