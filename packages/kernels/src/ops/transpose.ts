/** transpose: axes in another order; output axis i is input axis `permutation[i]`. */
import { transposeExactly } from '../canonical/lowerings/movement.ts';
import { naturals } from '../graph/attributes.ts';
import type { OpDefinition } from '../graph/op.ts';
import { transposeLowering } from '../webgpu/kernels/layout.ts';
import { f32, offsets, refuse, shapeAt, streamedBytes, strides } from './shape.ts';

export const transpose: OpDefinition = {
  name: 'transpose',
  operands: ['f32'],
  attributes: { permutation: 'naturals' },
  infer: (call) => {
    const [shape, permutation] = [shapeAt(call, 0), naturals(call.attributes, 'permutation')];
    const complete = permutation.length === shape.length && shape.every((_, axis) => permutation.includes(axis));
    if (!complete) refuse(call, `[${permutation}] is no permutation of ${shape.length} axes`, 'Name each axis once.');
    return f32(permutation.map((axis) => shape[axis] ?? 1));
  },
  gradient: ({ emit, outputGradient, attributes }) => {
    const permutation = naturals(attributes, 'permutation');
    const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
    return [emit.apply('transpose', [outputGradient], { permutation: inverse })];
  },
  reference: ({ inputs, attributes, output, operands: [x] }) => {
    const own = strides(shapeAt({ inputs }, 0));
    const read = naturals(attributes, 'permutation').map((axis) => own[axis] ?? 0);
    return Float64Array.from(offsets(output.shape, read), (at) => x?.[at] ?? 0);
  },
  flops: () => 0,
  bytes: streamedBytes,
  onnx: ({ emit, names: [x = ''], attributes }) => emit.transpose(x, naturals(attributes, 'permutation')),
  wgsl: transposeLowering,
  exact: transposeExactly,
};
