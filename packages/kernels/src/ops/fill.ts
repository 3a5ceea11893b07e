/** fill: a tensor of one constant. */
import { float } from '../canonical/build.ts';
import { naturals, number } from '../graph/attributes.ts';
import type { OpDefinition } from '../graph/op.ts';
import { elementwiseOf, f32Literal } from '../webgpu/wgsl.ts';
import { elements, f32, streamedBytes } from './shape.ts';

export const fill: OpDefinition = {
  name: 'fill',
  operands: [],
  attributes: { value: 'number', shape: 'naturals' },
  infer: ({ attributes }) => f32(naturals(attributes, 'shape')),
  gradient: () => [],
  reference: ({ attributes, output }) => new Float64Array(elements(output.shape)).fill(number(attributes, 'value')),
  flops: () => 0,
  bytes: streamedBytes,
  onnx: ({ emit, attributes, output }) => emit.fill(output.shape, number(attributes, 'value')),
  wgsl: elementwiseOf((_, attributes) => f32Literal(number(attributes, 'value'))),
  exact: { kind: 'elementwise', value: (_, attributes) => float(number(attributes, 'value')) },
};
