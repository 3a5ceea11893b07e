/** concat: tensors joined along one axis, in operand order. */
import { concatExactly } from '../canonical/lowerings/movement.ts';
import { natural } from '../graph/attributes.ts';
import type { OpDefinition } from '../graph/op.ts';
import { concatLowering } from '../webgpu/kernels/layout.ts';
import { elements, f32, offsets, refuse, sameShape, shapeAt, streamedBytes, strides } from './shape.ts';

export const concat: OpDefinition = {
  name: 'concat',
  operands: { variadic: 'f32' },
  attributes: { axis: 'natural' },
  infer: (call) => {
    const [axis, first] = [natural(call.attributes, 'axis'), shapeAt(call, 0)];
    if (axis >= first.length) refuse(call, `axis ${axis} is not in shape [${first}]`, 'Name one of its axes.');
    const odd = call.inputs.find(
      ({ shape }) => shape.length !== first.length || !sameShape(shape.with(axis, 1), first.with(axis, 1)),
    );
    if (odd)
      refuse(
        call,
        `shapes [${first}] and [${odd.shape}] differ off axis ${axis}`,
        'Join tensors that differ on that axis only.',
      );
    return f32(
      first.with(
        axis,
        call.inputs.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0),
      ),
    );
  },
  gradient: ({ emit, inputs, outputGradient, attributes }) => {
    const axis = natural(attributes, 'axis');
    let start = 0;
    return inputs.map((input) => {
      const length = emit.typeOf(input).shape[axis] ?? 0;
      start += length;
      return emit.apply('slice', [outputGradient], { axis, start: start - length, length });
    });
  },
  reference: ({ inputs, attributes, output, operands }) => {
    const [axis, own] = [natural(attributes, 'axis'), strides(output.shape)];
    const result = new Float64Array(elements(output.shape));
    let start = 0;
    for (const [index, { shape }] of inputs.entries()) {
      offsets(shape, own, start * (own[axis] ?? 0)).forEach((at, i) => {
        result[at] = operands[index]?.[i] ?? 0;
      });
      start += shape[axis] ?? 0;
    }
    return result;
  },
  flops: () => 0,
  bytes: streamedBytes,
  onnx: ({ emit, names, attributes }) => emit.node('Concat', names, { axis: natural(attributes, 'axis') }),
  wgsl: concatLowering,
  exact: concatExactly,
};
