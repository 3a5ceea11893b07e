/**
 * maxPool2d over windows of size × size that don't overlap (rows and columns that fill no window are dropped), and its
 * gradient: each window's dy goes to the first element, row-major, that equals the window's maximum.
 */
import { natural } from '../graph/attributes.ts';
import type { OpCall, OpDefinition, ReferenceCall } from '../graph/op.ts';
import type { OnnxLowering } from '../onnx/lowering.ts';
import { maxPool2dGradientLowering, maxPool2dLowering } from '../webgpu/kernels/max-pool2d.ts';
import {
  backwardOnly,
  elements,
  expectRank,
  expectShape,
  f32,
  perOperand,
  refuse,
  type Shape,
  shapeAt,
  streamedBytes,
} from './shape.ts';

function pooledShape(call: OpCall): Shape {
  expectRank(call, 0, 4);
  const [batch = 1, channels = 1, height = 1, width = 1] = shapeAt(call, 0);
  const size = natural(call.attributes, 'size');
  if (size < 1 || size > Math.min(height, width)) {
    refuse(call, `a ${size}×${size} window doesn't fit ${height}×${width}`, 'Use a size from 1 to the smaller side.');
  }
  return [batch, channels, Math.floor(height / size), Math.floor(width / size)];
}

/** For each window, in the output's row-major order, the offset in x of its first greatest element. */
function winners({
  inputs,
  attributes,
  operands: [x],
}: Pick<ReferenceCall, 'inputs' | 'attributes' | 'operands'>): number[] {
  const [batch = 1, channels = 1, height = 1, width = 1] = shapeAt({ inputs }, 0);
  const size = natural(attributes, 'size');
  const result: number[] = [];
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let i = 0; i + size <= height; i += size)
      for (let j = 0; j + size <= width; j += size) {
        result.push(windowWinner(x ?? new Float64Array(), (plane * height + i) * width + j, width, size));
      }
  }
  return result;
}

function windowWinner(x: Float64Array, corner: number, width: number, size: number): number {
  let best = corner;
  for (let u = 0; u < size; u++)
    for (let v = 0; v < size; v++) {
      const at = corner + u * width + v;
      if (x[at]! > x[best]!) best = at;
    }
  return best;
}

const onnxWindow = (attributes: OpCall['attributes']) => {
  const size = natural(attributes, 'size');
  return { kernel_shape: [size, size], strides: [size, size] };
};

/** onnxruntime's MaxPool keeps the first greatest element's place, as the reference does; MaxUnpool writes dy there. */
const onnxGradient: OnnxLowering = ({ emit, names: [x = '', , dy = ''], attributes, output }) => {
  const [, places = ''] = emit.nodeOutputs('MaxPool', [x], 2, onnxWindow(attributes));
  return emit.node('MaxUnpool', [dy, places, emit.integers(output.shape)], onnxWindow(attributes));
};

export const maxPool2d: OpDefinition = {
  name: 'maxPool2d',
  operands: ['f32'],
  attributes: { size: 'natural' },
  infer: (call) => f32(pooledShape(call)),
  gradient: ({ emit, inputs, output, outputGradient, attributes }) => [
    emit.apply('maxPool2dGradient', [...inputs, output, outputGradient], attributes),
  ],
  reference: (call) => Float64Array.from(winners(call), (at) => call.operands[0]?.[at] ?? 0),
  flops: perOperand(0, 1),
  bytes: streamedBytes,
  onnx: ({ emit, names, attributes }) => emit.node('MaxPool', names, onnxWindow(attributes)),
  wgsl: maxPool2dLowering,
};

/** x, y = maxPool2d(x), dy → dx. y is passed so that a backend need not find the maximum again. */
export const maxPool2dGradient: OpDefinition = {
  name: 'maxPool2dGradient',
  operands: ['f32', 'f32', 'f32'],
  attributes: { size: 'natural' },
  infer: (call) => {
    const pooled = pooledShape(call);
    expectShape(call, 1, pooled);
    expectShape(call, 2, pooled);
    return f32(shapeAt(call, 0));
  },
  gradient: backwardOnly,
  reference: (call) => {
    const result = new Float64Array(elements(call.output.shape));
    winners(call).forEach((at, i) => {
      result[at] = call.operands[2]?.[i] ?? 0;
    });
    return result;
  },
  flops: perOperand(0, 1),
  bytes: streamedBytes,
  onnx: onnxGradient,
  wgsl: maxPool2dGradientLowering,
};
