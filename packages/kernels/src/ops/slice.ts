/** slice takes a range of one axis; pad puts zeros around one. Each is the other's gradient. */
import { padExactly, sliceExactly } from '../canonical/lowerings/movement.ts';
import { natural } from '../graph/attributes.ts';
import type { OpCall, OpDefinition } from '../graph/op.ts';
import { padLowering, sliceLowering } from '../webgpu/kernels/layout.ts';
import { elements, f32, offsets, refuse, type Shape, shapeAt, streamedBytes, strides } from './shape.ts';

const withAxis = (shape: Shape, axis: number, dimension: number): number[] => shape.with(axis, dimension);

function axisOf(call: OpCall): number {
  const [axis, shape] = [natural(call.attributes, 'axis'), shapeAt(call, 0)];
  return axis < shape.length ? axis : refuse(call, `axis ${axis} is not in shape [${shape}]`, 'Name one of its axes.');
}

export const slice: OpDefinition = {
  name: 'slice',
  operands: ['f32'],
  attributes: { axis: 'natural', start: 'natural', length: 'natural' },
  infer: (call) => {
    const [axis, shape] = [axisOf(call), shapeAt(call, 0)];
    const [start, length] = [natural(call.attributes, 'start'), natural(call.attributes, 'length')];
    if (length < 1 || start + length > (shape[axis] ?? 0)) {
      refuse(
        call,
        `range [${start}, ${start + length}) is outside axis ${axis} of [${shape}]`,
        'Stay within the axis.',
      );
    }
    return f32(withAxis(shape, axis, length));
  },
  gradient: ({ emit, inputs: [x = -1], outputGradient, attributes }) => {
    const [axis, before] = [natural(attributes, 'axis'), natural(attributes, 'start')];
    const after = (emit.typeOf(x).shape[axis] ?? 0) - before - natural(attributes, 'length');
    return [emit.apply('pad', [outputGradient], { axis, before, after })];
  },
  reference: ({ inputs, attributes, output, operands: [x] }) => {
    const own = strides(shapeAt({ inputs }, 0));
    const start = natural(attributes, 'start') * (own[natural(attributes, 'axis')] ?? 0);
    return Float64Array.from(offsets(output.shape, own, start), (at) => x?.[at] ?? 0);
  },
  flops: () => 0,
  bytes: ({ output }) => 8 * elements(output.shape),
  onnx: ({ emit, names: [x = ''], attributes }) => {
    const start = natural(attributes, 'start');
    const bounds = [start, start + natural(attributes, 'length'), natural(attributes, 'axis')];
    return emit.node('Slice', [x, ...bounds.map((bound) => emit.integers([bound]))]);
  },
  wgsl: sliceLowering,
  exact: sliceExactly,
};

export const pad: OpDefinition = {
  name: 'pad',
  operands: ['f32'],
  attributes: { axis: 'natural', before: 'natural', after: 'natural' },
  infer: (call) => {
    const [axis, shape] = [axisOf(call), shapeAt(call, 0)];
    const padding = natural(call.attributes, 'before') + natural(call.attributes, 'after');
    return f32(withAxis(shape, axis, (shape[axis] ?? 0) + padding));
  },
  gradient: ({ emit, inputs: [x = -1], outputGradient, attributes }) => {
    const axis = natural(attributes, 'axis');
    const length = emit.typeOf(x).shape[axis] ?? 0;
    return [emit.apply('slice', [outputGradient], { axis, start: natural(attributes, 'before'), length })];
  },
  reference: ({ inputs, attributes, output, operands: [x] }) => {
    const own = strides(output.shape);
    const start = natural(attributes, 'before') * (own[natural(attributes, 'axis')] ?? 0);
    const result = new Float64Array(elements(output.shape));
    offsets(shapeAt({ inputs }, 0), own, start).forEach((at, i) => {
      result[at] = x?.[i] ?? 0;
    });
    return result;
  },
  flops: () => 0,
  bytes: streamedBytes,
  onnx: ({ emit, names: [x = ''], attributes, output }) => {
    const none = output.shape.map(() => 0);
    const [axis, before, after] = [
      natural(attributes, 'axis'),
      natural(attributes, 'before'),
      natural(attributes, 'after'),
    ];
    return emit.node('Pad', [x, emit.integers([...none.with(axis, before), ...none.with(axis, after)])]);
  },
  wgsl: padLowering,
  exact: padExactly,
};
