/** countCorrect: the weight of the rows whose greatest logit stands at the label; a tie takes the lowest index. */
import { countCorrectExactly } from '../canonical/lowerings/predictions.ts';
import type { OpDefinition } from '../graph/op.ts';
import { countCorrectLowering } from '../webgpu/kernels/predictions.ts';
import { checkPredictions } from './cross-entropy.ts';
import { f32, perOperand, shapeAt, streamedBytes } from './shape.ts';

/** logits [n, c], labels i32 [n], weight [n] → scalar. */
export const countCorrect: OpDefinition = {
  name: 'countCorrect',
  operands: ['f32', 'i32', 'f32'],
  attributes: {},
  infer: (call) => {
    checkPredictions(call);
    return f32([]);
  },
  gradient: { reason: 'a count of right predictions is piecewise constant' },
  reference: ({ inputs, operands: [logits = new Float64Array(), labels = logits, weight = logits] }) => {
    const columns = shapeAt({ inputs }, 0)[1] ?? 1;
    let total = 0;
    for (let i = 0; i < labels.length; i++) {
      const row = logits.subarray(i * columns, (i + 1) * columns);
      const best = row.reduce((winner, value, j) => (value > row[winner]! ? j : winner), 0);
      if (best === labels[i]) total += weight[i]!;
    }
    return Float64Array.of(total);
  },
  flops: perOperand(0, 1),
  bytes: streamedBytes,
  onnx: ({ emit, names: [logits = '', labels = '', weight = ''] }) => {
    const best = emit.node('ArgMax', [logits], { axis: 1, keepdims: 0, select_last_index: 0 });
    const right = emit.cast(emit.node('Equal', [best, emit.cast(labels, 'i64')]), 'f32');
    return emit.node('ReduceSum', [emit.node('Mul', [right, weight]), emit.integers([0])], { keepdims: 0 });
  },
  wgsl: countCorrectLowering,
  exact: countCorrectExactly,
};
