/** What makes a file no model: each fault with its place. */
import { describe, expect, it } from 'vitest';
import { OnnxFileError } from '../errors.ts';
import { onnxFile, type TestModel } from '../testing/build-model.ts';
import { readOnnx } from './read-onnx.ts';

const relu = (inputs: string[], outputs: string[], name = ''): TestModel['nodes'][number] => ({
  op: 'Relu',
  inputs,
  outputs,
  name,
});

/** The place and the message of the error. */
function faultOf(file: Uint8Array): [string, string] {
  try {
    readOnnx(file);
  } catch (error) {
    if (error instanceof OnnxFileError) return [error.place, error.message];
    throw error;
  }
  throw new Error('the file was read');
}

/** Protobuf by hand: a length-delimited field. */
const field = (number: number, bytes: readonly number[]): number[] => [
  (number << 3) | 2,
  ...varint(bytes.length),
  ...bytes,
];
function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
const text = (value: string): number[] => [...new TextEncoder().encode(value)];
const OPSET = field(8, [0x10, 17]);
const graph = (...fields: number[][]): Uint8Array => Uint8Array.from([...field(7, fields.flat()), ...OPSET]);
const output = field(12, field(1, text('y')));
const node = field(1, [...field(1, text('w')), ...field(2, text('y')), ...field(4, text('Relu'))]);
const tensor = (...fields: number[][]): number[] => field(5, [...field(8, text('w')), ...fields.flat()]);

describe('readOnnx', () => {
  it('reads nodes, tensors, inputs and outputs, and leaves unknown fields alone', () => {
    const file = onnxFile({
      nodes: [{ op: 'Gemm', inputs: ['x', 'w'], name: 'fc', attributes: { transB: 1, alpha: { float: 0.5 } } }],
      weights: {
        w: [
          [2, 3],
          [1, 2, 3, 4, 5, 6],
        ],
      },
    });
    const read = readOnnx(Uint8Array.from([...file, ...field(100, [1, 2, 3])]));
    expect(read).toMatchObject({ opset: 17, producer: 'test', inputs: [{ name: 'x', shape: ['batch', 3] }] });
    expect(read.nodes[0]).toMatchObject({ name: 'fc', op: 'Gemm', inputs: ['x', 'w'], outputs: ['y'] });
    expect(read.nodes[0]?.attributes.get('alpha')).toEqual({ kind: 'float', value: 0.5 });
    expect(read.initializers[0]).toMatchObject({ name: 'w', dims: [2, 3] });
  });

  it.each([
    ['nothing', new Uint8Array()],
    ['a number that never ends', new Uint8Array(12).fill(0xff)],
    ['a length beyond the file', Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
    ['a negative length', Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)],
    ['a group', Uint8Array.of(0x0b)],
    ['no graph', Uint8Array.from(OPSET)],
    ['two graphs', Uint8Array.from([...graph(node, output), ...field(7, [])])],
  ])('refuses %s', (_, file) => expect(faultOf(file)[0]).toMatch(/^model/));

  it('refuses every prefix of a model', () => {
    const file = onnxFile({ nodes: [relu(['x'], ['y'])] });
    for (let length = 0; length < file.length; length++)
      expect(() => readOnnx(file.subarray(0, length))).toThrow(OnnxFileError);
  });

  it.each([12, 19, 2 ** 31])('says which opsets it knows when asked for %i', (opset) => {
    const [place, message] = faultOf(onnxFile({ nodes: [relu(['x'], ['y'])], opset }));
    expect(place).toBe('model.opset_import');
    expect(message).toMatch(/opset 13 to 18/);
  });

  it.each<[string, TestModel, string, RegExp]>([
    [
      'a value made twice',
      { nodes: [relu(['x'], ['y']), relu(['x'], ['y'], 'second')] },
      'node 1 "second"',
      /"y" is made twice/,
    ],
    [
      'a value that nothing makes',
      { nodes: [relu(['z'], ['y'], 'first')] },
      'node 0 "first"',
      /reads "z", which nothing makes/,
    ],
    [
      'a cycle',
      { nodes: [relu(['b'], ['a'], 'one'), relu(['a'], ['b'], 'two'), relu(['b'], ['y'])] },
      'node 0 "one"',
      /cycle/,
    ],
    ['a node that reads itself', { nodes: [relu(['y'], ['y'], 'self')] }, 'node 0 "self"', /cycle/],
    [
      'an output that nothing makes',
      { nodes: [relu(['x'], ['a'])] },
      'model.graph.output[0]',
      /nothing makes the value "y"/,
    ],
    [
      'an output named twice',
      { nodes: [relu(['x'], ['y'])], outputs: ['y', 'y'] },
      'model.graph.output[1]',
      /stands twice/,
    ],
    ['no output', { nodes: [relu(['x'], ['y'])], outputs: [] }, 'model.graph', /no output/],
    [
      'a weight of another size',
      { nodes: [relu(['w'], ['y'])], weights: { w: [[2, 3], [1]] } },
      'model.graph.initializer[0]',
      /"w" has the shape \[2,3\], 6 elements, and holds 1/,
    ],
    [
      'a weight of 10⁹ elements',
      { nodes: [relu(['w'], ['y'])], weights: { w: [[1e9], [1]] } },
      'model.graph.initializer[0]',
      /1000000000 elements, and holds 1/,
    ],
    [
      'a weight whose size wraps',
      { nodes: [relu(['w'], ['y'])], weights: { w: [[2 ** 32, 2 ** 32], []] } },
      'model.graph.initializer[0]',
      /holds 0/,
    ],
    [
      'a negative dimension',
      { nodes: [relu(['w'], ['y'])], weights: { w: [[-1], [1]] } },
      'model.graph.initializer[0]',
      /shape \[-1\]/,
    ],
  ])('refuses %s at its place', (_, model, place, message) => {
    const [found, words] = faultOf(onnxFile(model));
    expect(found).toBe(place);
    expect(words).toMatch(message);
  });

  it('puts nodes that stand out of order into order', () => {
    const { nodes } = readOnnx(onnxFile({ nodes: [relu(['a'], ['y'], 'late'), relu(['x'], ['a'], 'early')] }));
    expect(nodes.map(({ name }) => name)).toEqual(['early', 'late']);
  });

  it('refuses weights in other files, and says how to have them inside', () => {
    const [place, message] = faultOf(graph(node, tensor([0x08, 1], [0x10, 1], [0x70, 1]), output));
    expect([place, message]).toEqual([
      'model.graph.initializer[0]',
      expect.stringMatching(/save_as_external_data=False/),
    ]);
  });

  it('refuses more objects than a budget allows, though their bytes are few', () => {
    // Two bytes for a node without anything: a million of them would take hundreds of megabytes.
    const bytes = new Uint8Array(2 * 1_100_000);
    for (let at = 0; at < bytes.length; at += 2) bytes[at] = 0x0a;
    const [, message] = faultOf(Uint8Array.from([0x3a, ...varint(bytes.length), ...bytes, ...OPSET]));
    expect(message).toMatch(/more nodes, names and numbers/);
  });

  it('passes over the bodies of loops without entering them, however deep', () => {
    // An attribute (field 5 of a node) that holds a graph (field 6), which holds a node, which holds an attribute, …
    let nested: number[] = [];
    for (let depth = 0; depth < 100; depth++) nested = field(6, field(1, field(5, nested)));
    const loop = field(1, [
      ...field(1, text('w')),
      ...field(2, text('y')),
      ...field(4, text('Loop')),
      ...field(5, [...field(1, text('body')), ...nested]),
    ]);
    const read = readOnnx(graph(loop, tensor([0x08, 1], [0x10, 1], field(9, [0, 0, 0, 0])), output));
    expect(read.nodes[0]?.attributes.get('body')).toEqual({ kind: 'other' });
  });

  it('reads packed and unpacked numbers, and brings "to the end" within what a double holds', () => {
    const most = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    const numbers = field(7, [5, ...most]);
    const [constant] = readOnnx(graph(node, tensor([0x08, 3], [0x10, 7], numbers, [0x38, 6]), output)).initializers;
    expect(constant?.numbers).toEqual([5, Number.MAX_SAFE_INTEGER, 6]);
  });
});
