/** Well-formed files that mean nothing: random operators on random values, with attributes drawn to hurt. */
import { encodeModel, type AttributeMessage, type NodeMessage, type TensorMessage } from '../../onnx/schema.ts';
import { tensorBytes } from '../../onnx/tensors.ts';
import { supportedOperators } from '../convert/index.ts';

const INTEGERS = [0, 1, -1, 2, 3, 4, 7, -2, 100, 2 ** 31, -(2 ** 31), 1e9, 2 ** 53 - 1];
const ATTRIBUTES: Readonly<Record<string, readonly ('i' | 'f' | 'ints' | 's')[]>> = {
  axis: ['i'],
  keepdims: ['i'],
  num_outputs: ['i'],
  start: ['i'],
  end: ['i'],
  to: ['i'],
  transA: ['i'],
  transB: ['i'],
  group: ['i'],
  ceil_mode: ['i'],
  count_include_pad: ['i'],
  allowzero: ['i'],
  upper: ['i'],
  training_mode: ['i'],
  alpha: ['f'],
  beta: ['f'],
  epsilon: ['f'],
  momentum: ['f'],
  axes: ['ints'],
  perm: ['ints'],
  kernel_shape: ['ints'],
  strides: ['ints'],
  pads: ['ints'],
  dilations: ['ints'],
  value_ints: ['ints'],
  auto_pad: ['s'],
  mode: ['s'],
};

type Next = () => number;
const pick = <T>(from: readonly T[], next: Next): T => from[next() % from.length]!;
const list = <T>(next: Next, most: number, make: () => T): T[] => Array.from({ length: next() % (most + 1) }, make);

function attribute(name: string, next: Next): AttributeMessage {
  const kind = pick(ATTRIBUTES[name] ?? ['i'], next);
  const small = (): number => (next() % 3 === 0 ? pick(INTEGERS, next) : next() % 4);
  if (kind === 'f')
    return { name, type: 1, f: pick([0, 1, -1, 1e-5, 1e30, Number.NaN, Number.POSITIVE_INFINITY], next) };
  if (kind === 'ints') return { name, type: 7, ints: list(next, 5, small) };
  if (kind === 's')
    return { name, type: 3, s: new TextEncoder().encode(pick(['SAME_UPPER', 'VALID', 'constant', 'x'], next)) };
  return { name, type: 2, i: small() };
}

function integerTensor(name: string, next: Next): TensorMessage {
  const values = list(next, 4, () => (next() % 4 === 0 ? pick(INTEGERS, next) : next() % 5));
  return { name, dims: [values.length], dataType: 7, rawData: tensorBytes('i64', values) };
}

function floatTensor(name: string, next: Next): TensorMessage {
  const dims = list(next, 4, () => 1 + (next() % 4));
  const size = dims.reduce((product, dim) => product * dim, 1);
  const values = Array.from({ length: size }, () => pick([0, 1, -1, 0.5, 2, Number.NEGATIVE_INFINITY], next));
  return { name, dims, dataType: 1, rawData: tensorBytes('f32', values) };
}

/** A file of one to twelve nodes that ends in the value `y`; its input `x` takes samples of [3, 4, 4]. */
export function randomModel(next: Next): Uint8Array {
  const initializer = [
    ...Array.from({ length: 4 }, (_, index) => integerTensor(`i${index}`, next)),
    ...Array.from({ length: 4 }, (_, index) => floatTensor(`w${index}`, next)),
  ];
  const values = ['x', ...initializer.map(({ name }) => name)];
  const count = 1 + (next() % 12);
  const node = Array.from({ length: count }, (_, index): NodeMessage => {
    const output = index === count - 1 ? ['y'] : [`v${index}`];
    // The first operand mostly follows from the data, so that chains grow.
    const data = ['x', ...values.filter((name) => name.startsWith('v'))].slice(-4);
    const input = Array.from({ length: 1 + (next() % 3) }, (_unused, operand) =>
      pick(operand === 0 && next() % 8 > 0 ? data : values, next),
    );
    values.push(...output);
    const names = new Set(list(next, 3, () => pick(Object.keys(ATTRIBUTES), next)));
    return {
      name: `n${index}`,
      opType: pick(supportedOperators, next),
      input,
      output,
      attribute: [...names].map((name) => attribute(name, next)),
    };
  });
  const dim = [{ dimParam: 'batch' }, { dimValue: 3 }, { dimValue: 4 }, { dimValue: 4 }];
  return encodeModel({
    irVersion: 8,
    producerName: 'random',
    producerVersion: '1',
    graph: {
      name: 'random',
      node,
      initializer,
      input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim } } } }],
      output: [{ name: 'y', type: { tensorType: { elemType: 1, shape: { dim: [] } } } }],
    },
    opsetImport: [{ domain: '', version: 13 + (next() % 6) }],
    metadataProps: [],
  });
}
