/** reshape: the same elements in the same order under another shape. Moves no data. */
import { naturals } from '../graph/attributes.ts';
import type { OpDefinition } from '../graph/op.ts';
import { elements, refuse, shapeAt } from './shape.ts';

export const reshape: OpDefinition = {
  name: 'reshape',
  operands: ['any'],
  attributes: { shape: 'naturals' },
  infer: (call) => {
    const [from, to] = [shapeAt(call, 0), naturals(call.attributes, 'shape')];
    if (elements(from) !== elements(to)) {
      refuse(
        call,
        `[${from}] has ${elements(from)} elements, [${to}] has ${elements(to)}`,
        'Keep the number of elements.',
      );
    }
    return { dtype: call.inputs[0]?.dtype ?? 'f32', shape: to };
  },
  gradient: ({ emit, inputs, outputGradient }) =>
    inputs.map((x) => {
      const { dtype, shape } = emit.typeOf(x);
      return dtype === 'f32' ? emit.apply('reshape', [outputGradient], { shape }) : null;
    }),
  reference: ({ operands: [x] }) => Float64Array.from(x ?? []),
  flops: () => 0,
  bytes: () => 0,
  onnx: ({ emit, names: [x = ''], output }) => emit.reshape(x, output.shape),
  wgsl: { kind: 'view' },
  exact: { kind: 'view' },
};
