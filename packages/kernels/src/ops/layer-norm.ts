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
import type { OpDefinition } from '../graph/op.ts';
import type { OnnxLoweringContext, OnnxValue } from '../onnx/lowering.ts';
import {
  layerNormGainGradientLowering,
  layerNormInputGradientLowering,
  layerNormLowering,
} from '../webgpu/kernels/layer-norm.ts';
import { featuresOf, normalisedRows, normGainGradient, normInputGradient, type RowNorm } from './row-norm.ts';
import { expectShape, f32, perOperand, shapeAt, streamedBytes } from './shape.ts';

const onnxAttributes = ({ attributes }: OnnxLoweringContext) => ({
  axis: -1,
  epsilon: { float: number(attributes, 'epsilon') },
});

/** x̂ and each row's 1/√(variance + epsilon): a layer norm with unit gain, one node for both gradients. */
function onnxNormalised(context: OnnxLoweringContext): { row: OnnxValue; inverse: OnnxValue } {
  const {
    emit,
    inputs,
    names: [x = ''],
  } = context;
  const unitGain = emit.fill([inputs[0]?.type.shape.at(-1) ?? 1], 1);
  const [row = '', , inverse = ''] = emit.nodeOutputs('LayerNormalization', [x, unitGain], 3, onnxAttributes(context));
  return { row, inverse };
}

const norm: RowNorm = {
  name: 'layerNorm',
  centred: true,
  normalise: (values, epsilon) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const inverse = 1 / Math.sqrt(variance + epsilon);
    return { row: values.map((value) => (value - mean) * inverse), inverse };
  },
  onnxNormalised,
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
    for (const { start, row } of normalisedRows(norm, x, gain.length, number(attributes, 'epsilon'))) {
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

export const layerNormInputGradient = normInputGradient(norm, {
  flops: 14,
  wgsl: layerNormInputGradientLowering,
  exact: layerNormInputGradientExactly,
});

export const layerNormGainGradient = normGainGradient(norm, {
  flops: 8,
  wgsl: layerNormGainGradientLowering,
  exact: layerNormGainGradientExactly,
});
