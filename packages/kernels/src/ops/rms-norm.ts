/**
 * rmsNorm over the last axis (Zhang and Sennrich, 2019), y = x · inverse · gain with inverse = 1/√(mean(x²) + epsilon), and
 * its gradients: layerNorm without mean and bias.
 */
import {
  rmsNormExactly,
  rmsNormGainGradientExactly,
  rmsNormInputGradientExactly,
} from '../canonical/lowerings/rms-norm.ts';
import { number } from '../graph/attributes.ts';
import type { OpDefinition } from '../graph/op.ts';
import type { OnnxLoweringContext } from '../onnx/lowering.ts';
import {
  rmsNormGainGradientLowering,
  rmsNormInputGradientLowering,
  rmsNormLowering,
} from '../webgpu/kernels/rms-norm.ts';
import {
  featuresOf,
  normalisedRows,
  normGainGradient,
  normInputGradient,
  onnxRowMean,
  type RowNorm,
} from './row-norm.ts';
import { expectShape, f32, perOperand, shapeAt, streamedBytes } from './shape.ts';

/** Equal calls of the op and its gradients are one node. */
function onnxNormalised({ emit, names: [x = ''], attributes }: OnnxLoweringContext) {
  const square = onnxRowMean({ emit }, emit.node('Mul', [x, x]));
  const variance = emit.node('Add', [square, emit.scalar(number(attributes, 'epsilon'))]);
  const inverse = emit.node('Reciprocal', [emit.node('Sqrt', [variance])]);
  return { row: emit.node('Mul', [x, inverse]), inverse };
}

const norm: RowNorm = {
  name: 'rmsNorm',
  centred: false,
  normalise: (values, epsilon) => {
    const inverse = 1 / Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length + epsilon);
    return { row: values.map((value) => value * inverse), inverse };
  },
  onnxNormalised,
};

/** x [.., c], gain [c] → x's shape. */
export const rmsNorm: OpDefinition = {
  name: 'rmsNorm',
  operands: ['f32', 'f32'],
  attributes: { epsilon: 'number' },
  infer: (call) => {
    expectShape(call, 1, [featuresOf(call)]);
    return f32(shapeAt(call, 0));
  },
  gradient: ({ emit, inputs: [x = -1, gain = -1], outputGradient, attributes }) => [
    emit.apply('rmsNormInputGradient', [x, gain, outputGradient], attributes),
    emit.apply('rmsNormGainGradient', [x, outputGradient], attributes),
  ],
  reference: ({ attributes, operands: [x = new Float64Array(), gain = x] }) => {
    const result = new Float64Array(x.length);
    for (const { start, row } of normalisedRows(norm, x, gain.length, number(attributes, 'epsilon')))
      result.set(
        row.map((value, i) => value * gain[i]!),
        start,
      );
    return result;
  },
  flops: perOperand(0, 4),
  bytes: streamedBytes,
  onnx: (context) => context.emit.node('Mul', [onnxNormalised(context).row, context.names[1] ?? '']),
  wgsl: rmsNormLowering,
  exact: rmsNormExactly,
};

export const rmsNormInputGradient = normInputGradient(norm, {
  flops: 9,
  wgsl: rmsNormInputGradientLowering,
  exact: rmsNormInputGradientExactly,
});

export const rmsNormGainGradient = normGainGradient(norm, {
  flops: 6,
  wgsl: rmsNormGainGradientLowering,
  exact: rmsNormGainGradientExactly,
});
