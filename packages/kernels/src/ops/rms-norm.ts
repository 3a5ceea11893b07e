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
import type { OpCall, OpDefinition } from '../graph/op.ts';
import type { OnnxLowering, OnnxLoweringContext, OnnxValue } from '../onnx/lowering.ts';
import {
  rmsNormGainGradientLowering,
  rmsNormInputGradientLowering,
  rmsNormLowering,
} from '../webgpu/kernels/rms-norm.ts';
import { backwardOnly, elements, expectShape, f32, perOperand, refuse, shapeAt, streamedBytes } from './shape.ts';

function featuresOf(call: OpCall): number {
  const [x, epsilon] = [shapeAt(call, 0), number(call.attributes, 'epsilon')];
  if (x.length < 1) refuse(call, 'x is a scalar', 'Pass a tensor of rank 1 or more.');
  if (epsilon <= 0) refuse(call, `epsilon is ${epsilon}`, 'Use a small positive epsilon such as 1e-5.');
  return x.at(-1) ?? 1;
}

/** 1/√(mean of squares + epsilon) of each row of x. */
function inverses(x: Float64Array, features: number, epsilon: number): Float64Array {
  return Float64Array.from({ length: x.length / features }, (_, row) => {
    const values = x.subarray(row * features, (row + 1) * features);
    return 1 / Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / features + epsilon);
  });
}

const onnxMean = ({ emit }: OnnxLoweringContext, value: OnnxValue): OnnxValue =>
  emit.node('ReduceMean', [value, emit.integers([-1])], { keepdims: 1 });

/** The rows' inverses as a column; equal calls of an op and its gradients are one node. */
function onnxInverse(context: OnnxLoweringContext): OnnxValue {
  const {
    emit,
    names: [x = ''],
    attributes,
  } = context;
  const square = onnxMean(context, emit.node('Mul', [x, x]));
  return emit.node('Reciprocal', [
    emit.node('Sqrt', [emit.node('Add', [square, emit.scalar(number(attributes, 'epsilon'))])]),
  ]);
}

const onnxRow = (context: OnnxLoweringContext): OnnxValue =>
  context.emit.node('Mul', [context.names[0] ?? '', onnxInverse(context)]);

const onnxInputGradient: OnnxLowering = (context) => {
  const { emit, names } = context;
  const [row, g] = [onnxRow(context), emit.node('Mul', [names[2] ?? '', names[1] ?? ''])];
  const projection = emit.node('Mul', [row, onnxMean(context, emit.node('Mul', [g, row]))]);
  return emit.node('Mul', [emit.node('Sub', [g, projection]), onnxInverse(context)]);
};

const onnxGainGradient: OnnxLowering = (context) => {
  const { emit, names, inputs } = context;
  const axes = (inputs[0]?.type.shape ?? []).slice(0, -1).map((_, axis) => axis);
  const products = emit.node('Mul', [names[1] ?? '', onnxRow(context)]);
  return axes.length > 0 ? emit.node('ReduceSum', [products, emit.integers(axes)], { keepdims: 0 }) : products;
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
    const inverse = inverses(x, gain.length, number(attributes, 'epsilon'));
    return x.map((value, i) => value * inverse[Math.floor(i / gain.length)]! * gain[i % gain.length]!);
  },
  flops: perOperand(0, 4),
  bytes: streamedBytes,
  onnx: (context) => context.emit.node('Mul', [onnxRow(context), context.names[1] ?? '']),
  wgsl: rmsNormLowering,
  exact: rmsNormExactly,
};

/** x [.., c], gain [c], dy [.., c] → dx = inverse · (g − x̂ · mean(g ⊙ x̂)) with g = dy ⊙ gain and x̂ = x · inverse. */
export const rmsNormInputGradient: OpDefinition = {
  name: 'rmsNormInputGradient',
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
    const inverse = inverses(x, features, number(attributes, 'epsilon'));
    const result = new Float64Array(x.length);
    inverse.forEach((scale, row) => {
      const start = row * features;
      const projection =
        gain.reduce((sum, each, i) => sum + dy[start + i]! * each * x[start + i]! * scale, 0) / features;
      for (let i = 0; i < features; i++)
        result[start + i] = scale * (dy[start + i]! * gain[i]! - x[start + i]! * scale * projection);
    });
    return result;
  },
  flops: perOperand(0, 9),
  bytes: streamedBytes,
  onnx: onnxInputGradient,
  wgsl: rmsNormInputGradientLowering,
  exact: rmsNormInputGradientExactly,
};

/** x [.., c], dy [.., c] → Σ over rows of dy ⊙ x̂ [c]. */
export const rmsNormGainGradient: OpDefinition = {
  name: 'rmsNormGainGradient',
  operands: ['f32', 'f32'],
  attributes: { epsilon: 'number' },
  infer: (call) => {
    const features = featuresOf(call);
    expectShape(call, 1, shapeAt(call, 0));
    return f32([features]);
  },
  gradient: backwardOnly,
  reference: ({ attributes, output, operands: [x = new Float64Array(), dy = x] }) => {
    const features = elements(output.shape);
    const inverse = inverses(x, features, number(attributes, 'epsilon'));
    const result = new Float64Array(features);
    x.forEach((value, i) => (result[i % features]! += dy[i]! * value * inverse[Math.floor(i / features)]!));
    return result;
  },
  flops: perOperand(0, 6),
  bytes: streamedBytes,
  onnx: onnxGainGradient,
  wgsl: rmsNormGainGradientLowering,
  exact: rmsNormGainGradientExactly,
};
