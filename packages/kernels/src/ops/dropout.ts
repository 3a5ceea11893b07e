/**
 * dropout: elements are 0 with probability `rate`, the others are scaled so that the mean stays. Which ones is a function
 * of the input `seed`, the attribute `stream` and the element's index alone, in integers, so that every backend and an
 * auditor drop the same. The gradient is the same op on dy: no mask is kept between forward and backward.
 */
import { dropoutExactly } from '../canonical/lowerings/dropout.ts';
import { natural, number } from '../graph/attributes.ts';
import type { Graph, TensorType } from '../graph/graph.ts';
import type { OpCall, OpDefinition } from '../graph/op.ts';
import { dropoutLowering } from '../webgpu/kernels/dropout.ts';
import { f32, perOutput, refuse, sameShape, shapeAt, streamedBytes } from './shape.ts';
import { CHANCES, dropoutFactors, type DropoutRule, dropoutRule } from './dropout-rule.ts';

/** Factors that onnxruntime takes as an input, since it has no rotations: computed on the host for each micro-batch. */
export interface HostFactors {
  /** The name of the ONNX model's input. */
  readonly name: string;
  /** The name of the graph's input that the draw depends on. */
  readonly seed: string;
  readonly rule: DropoutRule;
  readonly shape: readonly number[];
}

const factorsName = (seed: string, { stream, threshold }: DropoutRule, { shape }: TensorType): string =>
  `dropout/${seed}/${stream}/${threshold}/${shape.join('x')}`;

/**
 * The factors that a graph's dropouts multiply with, each once; an op and its gradient share theirs.
 * @throws GraphError when a seed is computed by the graph
 */
export function hostFactorsOf({ inputs, nodes }: Graph): readonly HostFactors[] {
  const found = new Map<string, HostFactors>();
  nodes.forEach(({ op, inputs: operands, attributes, output }, index) => {
    if (op !== 'dropout') return;
    const seed = inputs[operands[1] ?? -1]?.name;
    if (seed === undefined)
      refuse({ op, place: `node ${index}` }, 'its seed is no input of the graph', 'Feed the seed as data.');
    const rule = dropoutRule(attributes);
    const name = factorsName(seed, rule, output);
    found.set(name, { name, seed, rule, shape: output.shape });
  });
  return [...found.values()];
}

function infer(call: OpCall): TensorType {
  const [rate, stream] = [number(call.attributes, 'rate'), natural(call.attributes, 'stream')];
  if (!(rate >= 0 && rate <= 1 - 1 / CHANCES))
    refuse(call, `rate is ${rate}`, 'Drop a share of at least 0 and less than 1.');
  if (stream >= 2 ** 32) refuse(call, `stream is ${stream}`, 'Number dropouts from 0, below 2³².');
  if (!sameShape(shapeAt(call, 1), [2]))
    refuse(call, `seed has shape [${shapeAt(call, 1)}], expected [2]`, 'Pass the graph’s seed input, i32 [2].');
  return f32(shapeAt(call, 0));
}

/** x, seed i32 [2] → x's shape. Two dropouts of a graph with the same stream drop the same elements. */
export const dropout: OpDefinition = {
  name: 'dropout',
  operands: ['f32', 'i32'],
  attributes: { rate: 'number', stream: 'natural' },
  infer,
  gradient: ({ emit, inputs: [, seed = -1], outputGradient, attributes }) => [
    emit.apply('dropout', [outputGradient, seed], attributes),
    null,
  ],
  reference: ({ attributes, operands: [x = new Float64Array(), seed = x] }) => {
    const factors = new Float64Array(x.length);
    dropoutFactors(factors, dropoutRule(attributes), seed);
    return x.map((value, i) => (factors[i] === 0 ? 0 : value * (factors[i] ?? 0)));
  },
  flops: perOutput(1),
  bytes: ({ output }) => streamedBytes({ inputs: [output], attributes: {}, output }),
  onnx: ({ emit, names: [x = '', seed = ''], attributes, output }) =>
    emit.node('Mul', [x, emit.hostInput(factorsName(seed, dropoutRule(attributes), output), output)]),
  wgsl: dropoutLowering,
  exact: dropoutExactly,
};
