/** What the emitter makes of ops' calls, read back from the encoded bytes. */
import { describe, expect, it } from 'vitest';
import { wrapModel } from './encode.ts';
import { GraphEmitter } from './emitter.ts';
import { decodeModel } from './schema.ts';

const f32 = (...shape: number[]) => ({ dtype: 'f32' as const, shape });
const decoded = (emitter: GraphEmitter) =>
  decodeModel(wrapModel(emitter.finish('test'), { description: 'about', metadata: { run: 'r1' } }));

describe('GraphEmitter', () => {
  it('survives encoding: nodes, attributes of every kind, constants, shapes, metadata', () => {
    const emitter = new GraphEmitter({ target: 'onnxruntime' });
    const x = emitter.input('x', f32(2, 3));
    const attributes = { axis: -1, epsilon: { float: 0.5 }, mode: 'constant', pads: [0, 300, -1] };
    emitter.output(
      'y',
      emitter.node('Thing', [x, emitter.integers([2 ** 40, -2])], attributes, { domain: 'com.microsoft' }),
      f32(2, 3),
    );
    const model = decoded(emitter);
    expect(model).toMatchObject({ irVersion: 8, docString: 'about', metadataProps: [{ key: 'run', value: 'r1' }] });
    expect(model.opsetImport).toEqual([
      { domain: '', version: 18 },
      { domain: 'com.microsoft', version: 1 },
    ]);
    expect(model.graph.node[0]).toMatchObject({ opType: 'Thing', domain: 'com.microsoft', output: ['y'] });
    const read = Object.fromEntries(
      model.graph.node[0]!.attribute.map(({ name, f, i, s, ints }) => [
        name,
        [f, i, s && new TextDecoder().decode(s), ints?.length && ints],
      ]),
    );
    expect(read['axis']?.[1]).toBe(-1);
    expect(read['epsilon']?.[0]).toBe(0.5);
    expect(read['mode']?.[2]).toBe('constant');
    expect(read['pads']?.[3]).toEqual([0, 300, -1]);
    const [constant] = model.graph.initializer;
    expect(new BigInt64Array(Uint8Array.from(constant!.rawData).buffer)).toEqual(BigInt64Array.of(2n ** 40n, -2n));
    expect(model.graph.input[0]?.type.tensorType.shape.dim).toEqual([{ dimValue: 2 }, { dimValue: 3 }]);
  });

  it('hands a condition the very bool that a comparison gave, and casts any other truth value', () => {
    const emitter = new GraphEmitter({ target: 'portable' });
    const [a, given] = [emitter.input('a', f32(2)), emitter.input('given', { dtype: 'i32', shape: [2] })];
    const less = emitter.node('Less', [a, emitter.scalar(0)]);
    expect(emitter.toBool(emitter.fromBool(less))).toBe(less);
    emitter.output('y', emitter.node('Where', [emitter.toBool(given), a, a]), f32(2));
    const types = decoded(emitter).graph.node.map(({ opType }) => opType);
    expect(types.filter((type) => type === 'Cast').length).toBeLessThanOrEqual(2);
    expect(types.at(-1)).toBe('Where');
  });

  it('declares what the host computes once, and not in a model for everybody', () => {
    const emitter = new GraphEmitter({ target: 'onnxruntime' });
    const factors = ['seed/0', 'seed/1', 'seed/0'].map((name) => emitter.hostInput(name, f32(3)));
    emitter.output('y', emitter.node('Sum', factors), f32(3));
    expect(decoded(emitter).graph.input.map(({ name }) => name)).toEqual(['seed/0', 'seed/1']);
    const portable = new GraphEmitter({ target: 'portable' });
    expect(() => portable.hostInput('seed/0', f32(3))).toThrow(/Export the inference graph/);
  });

  it('leaves contributed operators out of the imports of a model that uses none', () => {
    const emitter = new GraphEmitter({ target: 'portable' });
    emitter.output('y', emitter.node('Relu', [emitter.input('x', f32(1))]), f32(1));
    expect(decoded(emitter).opsetImport).toEqual([{ domain: '', version: 18 }]);
  });

  it('shares equal nodes and equal constants, and only those', () => {
    const emitter = new GraphEmitter({ target: 'portable' });
    const x = emitter.input('x', f32(2));
    expect(emitter.node('Add', [x, emitter.scalar(1)])).toBe(emitter.node('Add', [x, emitter.scalar(1)]));
    expect(emitter.node('Add', [x, emitter.scalar(1)])).not.toBe(emitter.node('Add', [x, emitter.scalar(2)]));
    expect(emitter.constant('f32', [1], [1])).not.toBe(emitter.constant('i32', [1], [1]));
    expect(emitter.node('Softmax', [x], { axis: 0 })).not.toBe(emitter.node('Softmax', [x], { axis: 1 }));
  });

  it('leaves out nodes that no output depends on', () => {
    const emitter = new GraphEmitter({ target: 'portable' });
    const x = emitter.input('x', f32(2));
    emitter.node('Exp', [emitter.node('Neg', [x])]);
    emitter.output('y', emitter.node('Relu', [x]), f32(2));
    expect(decoded(emitter).graph.node.map(({ opType }) => opType)).toEqual(['Relu']);
  });

  it('lets a matrix product add what is added to it, unless something else reads the bare product', () => {
    const emitter = new GraphEmitter({ target: 'onnxruntime' });
    const [x, sum] = [emitter.input('x', f32(2, 2)), emitter.input('sum', f32(2, 2))];
    const [alone, shared] = [
      emitter.node('Gemm', [x, x], { transA: 1 }),
      emitter.node('Gemm', [x, sum], { transA: 1 }),
    ];
    emitter.output('a', emitter.add(sum, alone), f32(2, 2));
    emitter.output('b', emitter.node('Relu', [shared]), f32(2, 2));
    emitter.output('c', emitter.add(sum, shared), f32(2, 2));
    const nodes = decoded(emitter).graph.node.map(({ opType, input }) => [opType, input.length]);
    expect(nodes).toEqual([
      ['Gemm', 2],
      ['Gemm', 3],
      ['Relu', 1],
      ['Add', 2],
    ]);
  });

  it('reshapes what was there before other reshapes, and nothing that comes back', () => {
    const emitter = new GraphEmitter({ target: 'portable' });
    const x = emitter.input('x', f32(6));
    const column = emitter.reshape(x, [6, 1]);
    expect(emitter.reshape(column, [6])).toBe(x);
    emitter.output('y', emitter.reshape(column, [2, 3]), f32(2, 3));
    expect(decoded(emitter).graph.node.map(({ input }) => input[0])).toEqual(['x']);
  });

  it('gives outputs their names even where a value is an input or has two names', () => {
    const emitter = new GraphEmitter({ target: 'portable' });
    const x = emitter.input('x', f32(2));
    const y = emitter.node('Relu', [x]);
    for (const [name, value] of [
      ['first', y],
      ['second', y],
      ['same', x],
    ] as const)
      emitter.output(name, value, f32(2));
    const { graph } = decoded(emitter);
    expect(graph.node.map(({ opType, input, output }) => [opType, input, output])).toEqual([
      ['Relu', ['x'], ['first']],
      ['Identity', ['first'], ['second']],
      ['Identity', ['x'], ['same']],
    ]);
  });

  it('never takes the name of a parameter', () => {
    const emitter = new GraphEmitter({ target: 'portable' });
    const taken = ['Relu_1', 'Relu_2', 'Relu_3', 'Relu_4', 'constant_5'];
    const [x = ''] = taken.map((name) => emitter.input(name, f32(1)));
    const made = [emitter.node('Relu', [x]), emitter.scalar(1), emitter.node('Neg', [x])];
    expect(new Set([...taken, ...made]).size).toBe(taken.length + made.length);
  });

  describe('with a free batch', () => {
    const emitter = () => new GraphEmitter({ target: 'portable', freeBatch: 7919 });

    it('names the dimensions that hold the batch and leaves them to be inferred', () => {
      const e = emitter();
      const x = e.input('x', f32(7919, 4, 6));
      e.output('y', e.reshape(x, [7919 * 4, 6]), f32(7919 * 4, 6));
      const { graph } = decoded(e);
      expect(graph.input[0]?.type.tensorType.shape.dim).toEqual([
        { dimParam: 'batch' },
        { dimValue: 4 },
        { dimValue: 6 },
      ]);
      expect(graph.output[0]?.type.tensorType.shape.dim).toEqual([{ dimParam: 'batch_x_4' }, { dimValue: 6 }]);
      expect(new BigInt64Array(Uint8Array.from(graph.initializer[0]!.rawData).buffer)).toEqual(
        BigInt64Array.of(-1n, 6n),
      );
    });

    it('refuses what it cannot express', () => {
      const e = emitter();
      const x = e.input('x', f32(7919, 1));
      expect(() => e.reshape(x, [7919, 7919])).toThrow(expect.objectContaining({ code: 'ONNX_EXPORT' }));
      expect(() => e.fill([7919], 1)).toThrow(expect.objectContaining({ code: 'ONNX_EXPORT' }));
      expect(() => e.broadcast({ name: x, type: f32(1) }, [7919, 1])).toThrow(
        expect.objectContaining({ code: 'ONNX_EXPORT' }),
      );
      expect(() => e.broadcast({ name: x, type: f32(7919, 1) }, [7919, 5])).not.toThrow();
    });
  });
});
