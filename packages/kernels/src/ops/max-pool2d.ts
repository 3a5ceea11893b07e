/**
 * maxPool2d, whose padding is never the maximum, and its gradient: each window's dy goes to the first element, row-major,
 * that equals the window's maximum.
 */
import { maxPool2dExactly, maxPool2dGradientExactly } from '../canonical/lowerings/pool2d.ts';
import type { OpDefinition, ReferenceCall } from '../graph/op.ts';
import type { OnnxLowering } from '../onnx/lowering.ts';
import { maxPool2dGradientLowering, maxPool2dLowering } from '../webgpu/kernels/max-pool2d.ts';
import { onnxPool, overlaps, type Pool2dSizes, POOL_ATTRIBUTES, pooledOperand, poolOf } from './pool2d.ts';
import { backwardOnly, elements, expectShape, f32, perOperand, shapeAt, streamedBytes } from './shape.ts';
import { eachTap } from './window2d.ts';

/** For each window, in the output's row-major order, the offset in x of its first greatest element. */
function winners({
  inputs,
  attributes,
  operands: [x = new Float64Array()],
}: Pick<ReferenceCall, 'inputs' | 'attributes' | 'operands'>): number[] {
  const sizes = poolOf(inputs, attributes);
  const [plane, windows] = [sizes.height * sizes.width, sizes.outHeight * sizes.outWidth];
  const result: number[] = [];
  for (let at = 0; at < sizes.planes; at++) {
    eachTap(sizes, (place, _, out) => {
      const [window, candidate] = [at * windows + out, at * plane + place];
      const best = result[window];
      if (best === undefined || x[candidate]! > x[best]!) result[window] = candidate;
    });
  }
  return result;
}

/**
 * Whether windows don't overlap, and onnxruntime's guess of the output's size, which it makes although it is told, is a size:
 * a window of which pads leave nothing makes it 0.
 */
const unpools = (sizes: Pool2dSizes): boolean =>
  !overlaps(sizes) &&
  (sizes.outHeight - 1) * sizes.strideY + sizes.kernelHeight > sizes.top + sizes.bottom &&
  (sizes.outWidth - 1) * sizes.strideX + sizes.kernelWidth > sizes.left + sizes.right;

/**
 * onnxruntime's MaxPool keeps the first greatest element's place, as the reference does. MaxUnpool writes dy there; where
 * windows overlap, one element may win several and their dy are added.
 */
const onnxGradient: OnnxLowering = ({ emit, names: [x = '', , dy = ''], inputs, attributes, output }) => {
  const sizes = poolOf(
    inputs.map(({ type }) => type),
    attributes,
  );
  const [, places = ''] = emit.nodeOutputs('MaxPool', [x], 2, onnxPool(sizes));
  if (unpools(sizes)) return emit.node('MaxUnpool', [dy, places, emit.integers(output.shape)], onnxPool(sizes));
  const windows = sizes.planes * sizes.outHeight * sizes.outWidth;
  const flat = [emit.fill([elements(output.shape)], 0), emit.reshape(places, [windows]), emit.reshape(dy, [windows])];
  const summed = emit.node('ScatterElements', flat, { axis: 0, reduction: 'add' });
  return emit.reshape(summed, output.shape);
};

export const maxPool2d: OpDefinition = {
  name: 'maxPool2d',
  operands: ['f32'],
  attributes: POOL_ATTRIBUTES,
  infer: (call) => f32(pooledOperand(call)),
  gradient: ({ emit, inputs, output, outputGradient, attributes }) => [
    emit.apply('maxPool2dGradient', [...inputs, output, outputGradient], attributes),
  ],
  reference: (call) => Float64Array.from(winners(call), (at) => call.operands[0]?.[at] ?? 0),
  flops: ({ attributes, inputs, output }) => {
    const { kernelHeight, kernelWidth } = poolOf(inputs, attributes);
    return elements(output.shape) * kernelHeight * kernelWidth;
  },
  bytes: streamedBytes,
  onnx: ({ emit, names, inputs, attributes }) =>
    emit.node(
      'MaxPool',
      names,
      onnxPool(
        poolOf(
          inputs.map(({ type }) => type),
          attributes,
        ),
      ),
    ),
  wgsl: maxPool2dLowering(poolOf),
  exact: maxPool2dExactly(poolOf),
};

/** x, y = maxPool2d(x), dy → dx. y is passed so that a backend need not find the maximum again. */
export const maxPool2dGradient: OpDefinition = {
  name: 'maxPool2dGradient',
  operands: ['f32', 'f32', 'f32'],
  attributes: POOL_ATTRIBUTES,
  infer: (call) => {
    const pooled = pooledOperand(call);
    expectShape(call, 1, pooled);
    expectShape(call, 2, pooled);
    return f32(shapeAt(call, 0));
  },
  gradient: backwardOnly,
  reference: (call) => {
    const result = new Float64Array(elements(call.output.shape));
    winners(call).forEach((at, i) => {
      result[at]! += call.operands[2]?.[i] ?? 0;
    });
    return result;
  },
  flops: perOperand(0, 1),
  bytes: streamedBytes,
  onnx: onnxGradient,
  wgsl: maxPool2dGradientLowering(poolOf),
  exact: maxPool2dGradientExactly(poolOf),
};
