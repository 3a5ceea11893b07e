/** broadcast: repeats a tensor to a larger shape by the numpy rule. */
import { float } from '../canonical/build.ts';
import { naturals } from '../graph/attributes.ts';
import type { OpDefinition } from '../graph/op.ts';
import { elementwise } from '../webgpu/wgsl.ts';
import { sumToShape } from './arithmetic.ts';
import { broadcastShapes, broadcastStrides, f32, offsets, refuse, sameShape, shapeAt, streamedBytes } from './shape.ts';

export const broadcast: OpDefinition = {
  name: 'broadcast',
  operands: ['f32'],
  attributes: { shape: 'naturals' },
  infer: (call) => {
    const [from, to] = [shapeAt(call, 0), naturals(call.attributes, 'shape')];
    if (!sameShape(broadcastShapes(from, to) ?? [-1], to)) {
      refuse(
        call,
        `shape [${from}] doesn't broadcast to [${to}]`,
        "Make each of its dimensions equal to the target's, or 1.",
      );
    }
    return f32(to);
  },
  gradient: ({ emit, inputs, outputGradient }) => inputs.map((x) => sumToShape(emit, outputGradient, x)),
  reference: ({ inputs, output, operands: [x] }) =>
    Float64Array.from(
      offsets(output.shape, broadcastStrides(shapeAt({ inputs }, 0), output.shape)),
      (at) => x?.[at] ?? 0,
    ),
  flops: () => 0,
  bytes: streamedBytes,
  onnx: ({ emit, inputs: [x], output }) => (x ? emit.broadcast(x, output.shape) : ''),
  wgsl: elementwise('$0'),
  exact: { kind: 'elementwise', value: ([x = float(0)]) => x },
};
