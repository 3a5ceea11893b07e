/**
 * dropout: elements are 0 with probability `rate`, the others are scaled so that the mean stays. Which ones is a function
 * of the input `seed`, the attribute `stream` and the element's index alone, in integers, so that every backend and an
 * auditor drop the same. The gradient is the same op on dy: no mask is kept between forward and backward.
 */
import { natural, number } from '../graph/attributes.ts';
import type { Attributes, Graph, TensorType } from '../graph/graph.ts';
import type { OpCall, OpDefinition } from '../graph/op.ts';
import { dropoutLowering } from '../webgpu/kernels/dropout.ts';
import { f32, perOutput, refuse, sameShape, shapeAt, streamedBytes } from './shape.ts';
import { threefry } from './threefry.ts';

/** An element's chance is 16 random bits, so rates are whole multiples of 2⁻¹⁶. */
const CHANCES = 2 ** 16;
/** Elements that one draw of 64 bits serves. */
const PER_DRAW = 4;

/** What a dropout's attributes mean: elements whose 16 bits are below `threshold` are dropped, the others times `scale`. */
export interface DropoutRule {
  readonly stream: number;
  readonly threshold: number;
  /** An f32. */
  readonly scale: number;
}

export function dropoutRule(attributes: Attributes): DropoutRule {
  const threshold = Math.round(number(attributes, 'rate') * CHANCES);
  return {
    stream: natural(attributes, 'stream'),
    threshold,
    scale: Math.fround(CHANCES / (CHANCES - threshold)),
  };
}

/** Writes the factor of each element, 0 or the rule's scale. `seed` is i32 [2]. */
export function dropoutFactors(
  into: Float32Array | Float64Array,
  { stream, threshold, scale }: DropoutRule,
  seed: ArrayLike<number>,
): void {
  const bits = new Int32Array(2);
  const [k0, k1] = [seed[0] ?? 0, seed[1] ?? 0];
  for (let start = 0, draw = 0; start < into.length; start += PER_DRAW, draw++) {
    threefry(bits, k0, k1, draw, stream);
    const [first, second] = [bits[0] ?? 0, bits[1] ?? 0];
    // Past the end of the array these writes do nothing.
    into[start] = (first & 0xffff) < threshold ? 0 : scale;
    into[start + 1] = first >>> 16 < threshold ? 0 : scale;
    into[start + 2] = (second & 0xffff) < threshold ? 0 : scale;
    into[start + 3] = second >>> 16 < threshold ? 0 : scale;
  }
}

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
  wgsl: dropoutLowering(dropoutRule),
};
