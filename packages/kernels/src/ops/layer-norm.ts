/**
 * layerNorm over the last axis, y = x̂·gain + bias with x̂ = (x − mean) / √(variance + epsilon) (the variance divides by
 * the count), and its gradients. The bias gradient is a plain reduceSum of dy.
 */
import {
  layerNormExactly,
  layerNormGainGradientExactly,
  layerNormInputGradientExactly,
} from '../canonical/lowerings/rows.ts';
import { number } from '../graph/attributes.ts';
import type { OpCall, OpDefinition } from '../graph/op.ts';
import type { OnnxEmitter, OnnxLowering, OnnxLoweringContext, OnnxValue } from '../onnx/lowering.ts';
import {
  layerNormGainGradientLowering,
  layerNormInputGradientLowering,
  layerNormLowering,
} from '../webgpu/kernels/layer-norm.ts';
import { backwardOnly, elements, expectShape, f32, perOperand, refuse, shapeAt, streamedBytes } from './shape.ts';

function featuresOf(call: OpCall): number {
  const [x, epsilon] = [shapeAt(call, 0), number(call.attributes, 'epsilon')];
  if (x.length < 1) refuse(call, 'x is a scalar', 'Pass a tensor of rank 1 or more.');
  if (epsilon <= 0) refuse(call, `epsilon is ${epsilon}`, 'Use a small positive epsilon such as 1e-5.');
  return x.at(-1) ?? 1;
}

/** Rows of x as normalised values, with each row's 1/√(variance + epsilon). */
function* normalisedRows(
  x: Float64Array,
  features: number,
  epsilon: number,
): Generator<{ start: number; row: Float64Array; inverse: number }> {
  for (let start = 0; start < x.length; start += features) {
    const values = x.subarray(start, start + features);
    const mean = values.reduce((sum, value) => sum + value, 0) / features;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / features;
    const inverse = 1 / Math.sqrt(variance + epsilon);
    yield { start, row: values.map((value) => (value - mean) * inverse), inverse };
  }
}

const onnxAttributes = ({ attributes }: OnnxLoweringContext) => ({
  axis: -1,
  epsilon: { float: number(attributes, 'epsilon') },
});

/** x̂ and each row's 1/√(variance + epsilon): a layer norm with unit gain, one node for both gradients. */
function onnxNormalised(context: OnnxLoweringContext, x: OnnxValue): { row: OnnxValue; inverse: OnnxValue } {
  const { emit, inputs } = context;
  const unitGain = emit.fill([inputs[0]?.type.shape.at(-1) ?? 1], 1);
  const [row = '', , inverse = ''] = emit.nodeOutputs('LayerNormalization', [x, unitGain], 3, onnxAttributes(context));
  return { row, inverse };
}

const onnxRowMean = (emit: OnnxEmitter, value: OnnxValue): OnnxValue =>
  emit.node('ReduceMean', [value, emit.integers([-1])], { keepdims: 1 });

const onnxInputGradient: OnnxLowering = (context) => {
  const {
    emit,
    names: [x = '', gain = '', dy = ''],
  } = context;
  const { row, inverse } = onnxNormalised(context, x);
  const g = emit.node('Mul', [dy, gain]);
  const centred = emit.node('Sub', [g, onnxRowMean(emit, g)]);
  const projection = emit.node('Mul', [row, onnxRowMean(emit, emit.node('Mul', [g, row]))]);
  return emit.node('Mul', [emit.node('Sub', [centred, projection]), inverse]);
};

const onnxGainGradient: OnnxLowering = (context) => {
  const {
    emit,
    names: [x = '', dy = ''],
    inputs,
  } = context;
  const axes = (inputs[0]?.type.shape ?? []).slice(0, -1).map((_, axis) => axis);
  const products = emit.node('Mul', [dy, onnxNormalised(context, x).row]);
  return axes.length > 0 ? emit.node('ReduceSum', [products, emit.integers(axes)], { keepdims: 0 }) : products;
};

export const layerNorm: OpDefinition = {
  name: 'layerNorm',
  operands: ['f32', 'f32', 'f32'],
  attributes: { epsilon: 'number' },
  infer: (call) => {
    const features = featuresOf(call);
    expectShape(call, 1, [features]);
    expectShape(call, 2, [features]);
    return f32(shapeAt(call, 0));
  },
  gradient: ({ emit, inputs: [x = -1, gain = -1], outputGradient, attributes }) => {
    const axes = emit
      .typeOf(x)
      .shape.slice(0, -1)
      .map((_, axis) => axis);
    return [
      emit.apply('layerNormInputGradient', [x, gain, outputGradient], attributes),
      emit.apply('layerNormGainGradient', [x, outputGradient], attributes),
      axes.length > 0 ? emit.apply('reduceSum', [outputGradient], { axes, keepDims: false }) : outputGradient,
    ];
  },
  reference: ({ attributes, operands: [x = new Float64Array(), gain = x, bias = x] }) => {
    const result = new Float64Array(x.length);
    for (const { start, row } of normalisedRows(x, gain.length, number(attributes, 'epsilon'))) {
      result.set(
        row.map((value, i) => value * gain[i]! + bias[i]!),
        start,
      );
    }
    return result;
  },
  flops: perOperand(0, 8),
  bytes: streamedBytes,
  onnx: (context) => context.emit.node('LayerNormalization', context.names, onnxAttributes(context)),
  wgsl: layerNormLowering,
  exact: layerNormExactly,
};

/** x [.., c], gain [c], dy [.., c] → dx = inverse · (g − mean(g) − x̂ · mean(g ⊙ x̂)) with g = dy ⊙ gain, by rows. */
export const layerNormInputGradient: OpDefinition = {
  name: 'layerNormInputGradient',
  operands: ['f32', 'f32', 'f32'],
  attributes: { epsilon: 'number' },
  infer: (call) => {
    expectShape(call, 1, [featuresOf(call)]);
    expectShape(call, 2, shapeAt(call, 0));
    return f32(shapeAt(call, 0));
  },
  gradient: backwardOnly,
  reference: ({ attributes, operands: [x = new Float64Array(), gain = x, dy = x] }) => {
    const features = gain.length;
    const result = new Float64Array(x.length);
    for (const { start, row, inverse } of normalisedRows(x, features, number(attributes, 'epsilon'))) {
      const g = gain.map((value, i) => value * dy[start + i]!);
      const mean = g.reduce((sum, value) => sum + value, 0) / features;
      const projection = g.reduce((sum, value, i) => sum + value * row[i]!, 0) / features;
      result.set(
        g.map((value, i) => inverse * (value - mean - row[i]! * projection)),
        start,
      );
    }
    return result;
  },
  flops: perOperand(0, 14),
  bytes: streamedBytes,
  onnx: onnxInputGradient,
  wgsl: layerNormInputGradientLowering,
  exact: layerNormInputGradientExactly,
};

/** x [.., c], dy [.., c] → Σ over rows of dy ⊙ x̂ [c]. */
export const layerNormGainGradient: OpDefinition = {
  name: 'layerNormGainGradient',
  operands: ['f32', 'f32'],
  attributes: { epsilon: 'number' },
  infer: (call) => {
    const features = featuresOf(call);
    expectShape(call, 1, shapeAt(call, 0));
    return f32([features]);
  },
  gradient: backwardOnly,
  reference: ({ attributes, output, operands: [x = new Float64Array(), dy = x] }) => {
    const result = new Float64Array(elements(output.shape));
    for (const { start, row } of normalisedRows(x, result.length, number(attributes, 'epsilon'))) {
      row.forEach((value, i) => {
        result[i]! += value * dy[start + i]!;
      });
    }
    return result;
  },
  flops: perOperand(0, 8),
  bytes: streamedBytes,
  onnx: onnxGainGradient,
  wgsl: layerNormGainGradientLowering,
  exact: layerNormGainGradientExactly,
};
