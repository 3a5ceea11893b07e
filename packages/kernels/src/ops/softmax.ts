/**
 * softmax of factor · x over the last axis, optionally causal: in the last two axes, row i sees columns ≤ i only and the
 * others are exactly 0. The factor and the mask are part of the op so that attention is two products and one softmax.
 */
import { softmaxExactly, softmaxGradientExactly } from '../canonical/lowerings/rows.ts';
import { flag, number } from '../graph/attributes.ts';
import type { OpDefinition } from '../graph/op.ts';
import type { OnnxEmitter, OnnxLowering, OnnxValue } from '../onnx/lowering.ts';
import { softmaxGradientLowering, softmaxLowering } from '../webgpu/kernels/softmax.ts';
import { backwardOnly, expectShape, f32, perOperand, refuse, shapeAt, streamedBytes } from './shape.ts';

/** Softmax of the first `visible` entries of a row; the rest are 0. */
function softmaxRow(row: Float64Array, visible: number, factor: number): Float64Array {
  const seen = row.subarray(0, visible).map((value) => factor * value);
  const top = seen.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = seen.map((value) => Math.exp(value - top));
  const total = weights.reduce((a, b) => a + b, 0);
  const result = new Float64Array(row.length);
  result.set(weights.map((value) => value / total));
  return result;
}

export const onnxScaled = (emit: OnnxEmitter, x: OnnxValue, factor: number): OnnxValue =>
  factor === 1 ? x : emit.node('Mul', [x, emit.scalar(factor)]);

/** −∞ above the diagonal, 0 elsewhere; built by two nodes that onnxruntime folds, so that the file stays small. */
export const onnxCausalMask = (emit: OnnxEmitter, shape: readonly number[]): OnnxValue =>
  emit.node('Trilu', [emit.fill(shape.slice(-2), -Infinity), emit.constant('i64', [], [1])], { upper: 1 });

const onnxSoftmax: OnnxLowering = ({ emit, names: [x = ''], attributes, output: { shape } }) => {
  const scaled = onnxScaled(emit, x, number(attributes, 'factor'));
  const seen = flag(attributes, 'causal') ? emit.node('Add', [scaled, onnxCausalMask(emit, shape)]) : scaled;
  return emit.node('Softmax', [seen], { axis: -1 });
};

const onnxGradient: OnnxLowering = ({ emit, names: [y = '', dy = ''], attributes }) => {
  const sum = emit.node('ReduceSum', [emit.node('Mul', [y, dy]), emit.integers([-1])], { keepdims: 1 });
  return onnxScaled(emit, emit.node('Mul', [y, emit.node('Sub', [dy, sum])]), number(attributes, 'factor'));
};

export const softmax: OpDefinition = {
  name: 'softmax',
  operands: ['f32'],
  attributes: { factor: 'number', causal: 'flag' },
  infer: (call) => {
    const [x, causal] = [shapeAt(call, 0), flag(call.attributes, 'causal')];
    if (x.length < (causal ? 2 : 1))
      refuse(call, `shape [${x}] has too few axes`, 'Pass at least one axis, two if causal.');
    return f32(x);
  },
  // Where the mask hides a score, y is 0 and so is its gradient: the causal case needs no rule of its own.
  gradient: ({ emit, output, outputGradient, attributes }) => [
    emit.apply('softmaxGradient', [output, outputGradient], { factor: number(attributes, 'factor') }),
  ],
  reference: ({ inputs, attributes, operands: [x = new Float64Array()] }) => {
    const [rows = 1, columns = 1] = [1, ...shapeAt({ inputs }, 0)].slice(-2);
    const result = new Float64Array(x.length);
    for (let start = 0, index = 0; start < x.length; start += columns, index++) {
      const visible = flag(attributes, 'causal') ? Math.min((index % rows) + 1, columns) : columns;
      result.set(softmaxRow(x.subarray(start, start + columns), visible, number(attributes, 'factor')), start);
    }
    return result;
  },
  flops: perOperand(0, 5),
  bytes: streamedBytes,
  onnx: onnxSoftmax,
  wgsl: softmaxLowering,
  exact: softmaxExactly,
};

/** y = softmax(factor · x), dy → dx = factor · y ⊙ (dy − Σ y ⊙ dy), by rows of the last axis. */
export const softmaxGradient: OpDefinition = {
  name: 'softmaxGradient',
  operands: ['f32', 'f32'],
  attributes: { factor: 'number' },
  infer: (call) => {
    const y = shapeAt(call, 0);
    if (y.length < 1) refuse(call, 'y is a scalar', 'Pass a tensor of rank 1 or more.');
    expectShape(call, 1, y);
    return f32(y);
  },
  gradient: backwardOnly,
  reference: ({ inputs, attributes, operands: [y = new Float64Array(), dy = y] }) => {
    const columns = shapeAt({ inputs }, 0).at(-1) ?? 1;
    const result = new Float64Array(y.length);
    for (let start = 0; start < y.length; start += columns) {
      let dot = 0;
      for (let i = start; i < start + columns; i++) dot += y[i]! * dy[i]!;
      for (let i = start; i < start + columns; i++) result[i] = number(attributes, 'factor') * y[i]! * (dy[i]! - dot);
    }
    return result;
  },
  flops: perOperand(0, 5),
  bytes: streamedBytes,
  onnx: onnxGradient,
  wgsl: softmaxGradientLowering,
  exact: softmaxGradientExactly,
};
