/** What of a well-formed file is imported, under which names, and what is said of what isn't. */
import { describe, expect, it } from 'vitest';
import { interpret } from '../graph/interpret.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { ONNX_VALUES } from '../models/onnx-spec.ts';
import { OnnxImportError } from './errors.ts';
import { OnnxModel, type OnnxModelOptions } from './onnx-model.ts';
import { type DataBinding, onnxSpec } from './step-spec.ts';
import { onnxFile, type TestModel } from './testing/build-model.ts';
import { fixtureFile } from './testing/fixtures.ts';

const linear: TestModel = {
  nodes: [
    { op: 'Gemm', inputs: ['x', 'fc.weight', 'fc.bias'], outputs: ['h'], name: 'fc' },
    { op: 'Relu', inputs: ['h'], name: 'act' },
  ],
  weights: {
    'fc.weight': [
      [3, 2],
      [1, 2, 3, 4, 5, 6],
    ],
    'fc.bias': [[2], [7, 8]],
  },
};
const bind = (model: TestModel, options: OnnxModelOptions = {}, batch = 2, sample: readonly number[] = [3]) =>
  new OnnxModel(onnxFile(model), options).bind(batch, sample);

/** The issues that a model is refused for. */
function issuesOf(work: () => unknown): OnnxImportError {
  try {
    work();
  } catch (error) {
    if (error instanceof OnnxImportError) return error;
    throw error;
  }
  throw new Error('it was imported');
}

describe('an unsupported model', () => {
  it('is refused with every node that is unsupported, and the list of what is supported', () => {
    const error = issuesOf(() =>
      bind({
        nodes: [
          { op: 'Lstm', inputs: ['x'], outputs: ['a'], name: 'rnn' },
          { op: 'Relu', inputs: ['a'], outputs: ['b'] },
          { op: 'Gelu', inputs: ['b'], outputs: ['c'], name: 'gelu', domain: 'com.microsoft' },
          { op: 'Softmax', inputs: ['x'], outputs: ['d'], name: 'soft', attributes: { axis: 9 } },
          { op: 'Add', inputs: ['c', 'd'] },
        ],
      }),
    );
    expect(error.issues).toEqual([
      { place: 'node 0 "rnn"', op: 'Lstm', problem: 'this operator is not supported' },
      { place: 'node 2 "gelu"', op: 'com.microsoft.Gelu', problem: 'this operator is not supported' },
      { place: 'node 3 "soft"', op: 'Softmax', problem: expect.stringMatching(/axis 9/) },
    ]);
    expect(error.message).toMatch(/Lstm at node 0 "rnn"/);
    expect(error.mend).toMatch(/opsets 13 to 18 with the operators .*BatchNormalization.*Conv.*Where/);
  });

  it('may hold what the output does not need', () => {
    const nodes = [...linear.nodes, { op: 'Lstm', inputs: ['h'], outputs: ['other'] }];
    expect(bind({ ...linear, nodes }).parameters).toHaveLength(2);
  });

  it.each<[string, TestModel, RegExp]>([
    [
      '10⁹ elements out of nothing',
      {
        nodes: [
          { op: 'ConstantOfShape', inputs: ['s'], outputs: ['c'] },
          { op: 'Add', inputs: ['x', 'c'] },
        ],
        integers: { s: [1e9] },
      },
      /shape \[1000000000\]/,
    ],
    [
      '10⁹ elements by repeating',
      { nodes: [{ op: 'Expand', inputs: ['x', 's'] }], integers: { s: [1e9, 1, 3] } },
      /too large/,
    ],
    [
      'a count to 10⁹',
      {
        nodes: [
          { op: 'Range', inputs: ['a', 'b', 'c'], outputs: ['r'] },
          { op: 'Add', inputs: ['x', 'r'] },
        ],
        scalars: { a: 0, b: 1e9, c: 1 },
      },
      /counts from 0 to 1000000000/,
    ],
    ['pads of 10⁹', { nodes: [{ op: 'Pad', inputs: ['x', 'p'] }], integers: { p: [0, 0, 0, 1e9] } }, /too large/],
    [
      'a tensor doubled forty times',
      {
        nodes: Array.from({ length: 40 }, (_, i) => ({
          op: 'Concat',
          inputs: [i === 0 ? 'x' : `v${i}`, i === 0 ? 'x' : `v${i}`],
          outputs: [i === 39 ? 'y' : `v${i + 1}`],
          attributes: { axis: 1 },
        })),
      },
      /too large/,
    ],
    [
      'a constant doubled forty times',
      {
        nodes: [
          ...Array.from({ length: 40 }, (_, i) => ({
            op: 'Concat',
            inputs: [`v${i}`, `v${i}`],
            outputs: [`v${i + 1}`],
            attributes: { axis: 0 },
          })),
          { op: 'Add', inputs: ['x', 'v40'] },
        ],
        integers: { v0: [1, 2, 3] },
      },
      /more than is computed at import/,
    ],
    [
      'no element at all',
      { nodes: [{ op: 'Slice', inputs: ['x', 's', 'e'] }], integers: { s: [0, 2], e: [9, 1] } },
      /no element of axis 1/,
    ],
    [
      'a shape that depends on the data',
      {
        nodes: [
          { op: 'Cast', inputs: ['x'], outputs: ['i'], attributes: { to: 7 } },
          { op: 'Reshape', inputs: ['x', 'i'] },
        ],
      },
      /depends on the data/,
    ],
  ])('is refused for %s', (_, model, message) => {
    const { issues } = issuesOf(() => bind(model));
    expect(issues.map(({ problem }) => problem).join()).toMatch(message);
  });

  it('is refused where the output is not chosen, is unknown, or has no batch', () => {
    const two = { ...linear, outputs: ['y', 'h'] };
    expect(issuesOf(() => bind(two)).mend).toMatch(/one of y, h/);
    expect(bind(two, { output: 'h' }).outputShape).toEqual([2, 2]);
    expect(issuesOf(() => bind(two, { output: 'z' })).issues[0]?.place).toBe('output "z"');
    const summed = { nodes: [{ op: 'ReduceSum', inputs: ['x'] }] };
    expect(issuesOf(() => bind(summed)).issues[0]?.problem).toMatch(/first axis must be the batch/);
  });

  it('is refused for samples of another size', () => {
    expect(issuesOf(() => bind(linear, {}, 2, [4])).issues[0]).toMatchObject({
      place: 'input "x"',
      problem: expect.stringMatching(/takes samples of \[3\]/),
    });
  });
});

describe('the tensors of a file', () => {
  const updates = (model: TestModel, options: OnnxModelOptions = {}) =>
    Object.fromEntries(
      bind(model, options).parameters.map(({ name, update, decay }) => [name, decay ? `${update}, decay` : update]),
    );

  it('are trained under their names where a derivative flows through them; matrices decay', () => {
    expect(updates(linear)).toEqual({ 'fc.weight': 'optimizer, decay', 'fc.bias': 'optimizer' });
  });

  it('are constants where none flows, where they are scalars, or where they are not finite', () => {
    const masked: TestModel = {
      nodes: [
        { op: 'Equal', inputs: ['tril', 'zero'], outputs: ['hide'] },
        { op: 'Where', inputs: ['hide', 'low', 'x'], outputs: ['m'] },
        { op: 'Add', inputs: ['m', 'bias'] },
      ],
      weights: {
        tril: [[3], [1, 0, 1]],
        zero: [[], [0]],
        low: [[], [Number.NEGATIVE_INFINITY]],
        bias: [[3], [0, Number.NEGATIVE_INFINITY, 0]],
      },
    };
    const model = new OnnxModel(onnxFile(masked));
    const { parameters } = model.bind(2, [3]);
    expect(parameters.map(({ update }) => update)).toEqual(['frozen', 'frozen']);
    // Every constant of a graph is finite; this is as low as f32 goes.
    expect(model.valuesOf('bias')).toEqual(Float32Array.of(0, -3.4028234663852886e38, 0));
  });

  it('are trained or frozen by pattern', () => {
    expect(updates(linear, { train: ['*.bias'] })).toEqual({ 'fc.weight': 'frozen', 'fc.bias': 'optimizer' });
    expect(updates(linear, { freeze: ['fc.w*t'] })).toEqual({ 'fc.weight': 'frozen', 'fc.bias': 'optimizer' });
    expect(issuesOf(() => bind(linear, { freeze: ['conv*'] }))).toMatchObject({
      issues: [{ place: 'pattern "conv*"' }],
      mend: expect.stringMatching(/fc\.weight, fc\.bias/),
    });
  });

  it('that a sample repeats are kept once', () => {
    const model: TestModel = {
      nodes: [
        { op: 'Expand', inputs: ['row', 's'], outputs: ['wide'] },
        { op: 'Cast', inputs: ['wide'], outputs: ['f'], attributes: { to: 1 } },
        { op: 'Add', inputs: ['x', 'f'] },
      ],
      integers: { row: [1, 2, 3], s: [4, 3] },
    };
    const { parameters } = bind(model, {}, 4);
    expect(parameters.map(({ shape }) => shape)).toEqual([[1, 3]]);
    expect(bind({ ...model, integers: { row: [1, 2, 3], s: [7, 3] } }, {}, 7).parameters).toEqual(parameters);
  });

  it('keep their layout at every batch size', () => {
    const model = new OnnxModel(fixtureFile('transformer'));
    expect(model.bind(3, [12]).parameters).toEqual(model.bind(8, [12]).parameters);
  });
});

describe('a file that was exported for one sample', () => {
  it('serves any batch: its fixed size is scaled in shapes', () => {
    const model: TestModel = {
      nodes: [
        { op: 'Reshape', inputs: ['x', 'flat'], outputs: ['f'] },
        { op: 'Relu', inputs: ['f'], outputs: ['r'] },
        { op: 'Reshape', inputs: ['r', 'rows'] },
      ],
      integers: { flat: [1, 6], rows: [2, 3] },
      input: { shape: [1, 2, 3] },
    };
    const wide = {
      ...model,
      nodes: [...model.nodes.slice(0, 2), { op: 'Reshape', inputs: ['r', 'back'] }],
      integers: { flat: [1, -1], back: [1, 3, 2] },
    };
    expect(bind(wide, {}, 5, [2, 3]).outputShape).toEqual([5, 3, 2]);
    expect(issuesOf(() => bind(model, {}, 5, [2, 3])).issues[0]?.problem).toMatch(/\[2,3\] for 1 samples/);
  });

  it('is refused where its shapes could be read in two ways and the scores show that one was wrong', () => {
    // [4, b, 2] as [4, 2b]: whether the batch is in the second axis or in the first, elements fit, and samples get mixed.
    const mixed: TestModel = {
      nodes: [
        { op: 'Transpose', inputs: ['x'], outputs: ['t'], attributes: { perm: [1, 0, 2] } },
        { op: 'Reshape', inputs: ['t', 'rows'], outputs: ['r'] },
        { op: 'Reshape', inputs: ['r', 'back'] },
      ],
      integers: { rows: [4, 2], back: [1, 8] },
      input: { shape: [1, 4, 2] },
    };
    expect(issuesOf(() => bind(mixed, {}, 3, [4, 2])).issues[0]).toMatchObject({
      place: 'the batch of input "x"',
      problem: expect.stringMatching(/can't be read for others/),
    });
    expect(
      bind({ ...mixed, input: { shape: ['b', 4, 2] }, integers: { rows: [4, -1], back: [-1, 8] } }, {}, 3, [4, 2])
        .outputShape,
    ).toEqual([3, 8]);
  });
});

describe('training mode', () => {
  const dropped: TestModel = {
    nodes: [
      { op: 'Dropout', inputs: ['x', 'ratio', 'on'], outputs: ['d', 'mask'] },
      { op: 'Mul', inputs: ['d', 'w'] },
    ],
    weights: { ratio: [[], [0.25]], on: [[], [1]], w: [[3], [1, 2, 3]] },
  };

  it('drops out in the train graph alone', () => {
    const { train, evaluate } = bind(dropped);
    expect(train.nodes.find(({ op }) => op === 'dropout')?.attributes['rate']).toBe(0.25);
    expect(evaluate.nodes.some(({ op }) => op === 'dropout')).toBe(false);
  });

  it('moves running statistics as ONNX says, by the samples that are no padding', () => {
    const model = new OnnxModel(
      onnxFile({
        nodes: [
          {
            op: 'BatchNormalization',
            inputs: ['x', 'g', 'b', 'm', 'v'],
            outputs: ['y', 'm2', 'v2'],
            attributes: { training_mode: 1, momentum: { float: 0.75 } },
          },
        ],
        weights: { g: [[1], [1]], b: [[1], [0]], m: [[1], [10]], v: [[1], [20]] },
        input: { shape: ['n', 1, 2] },
      }),
    );
    const { train, parameters } = model.bind(3, [1, 2]);
    expect(parameters.map(({ name, update }) => [name, update])).toEqual([
      ['g', 'optimizer'],
      ['b', 'optimizer'],
      ['m', 'statistic'],
      ['v', 'statistic'],
    ]);
    const x = [1, 3, 5, 7, 100, 100];
    const values = { g: [1], b: [0], m: [10], v: [20], input: x, weight: [1, 1, 0] };
    const result = interpret(train, values);
    expect(result[ONNX_VALUES.change('m')]?.[0]).toBeCloseTo((10 - 4) * 0.25, 5);
    expect(result[ONNX_VALUES.change('v')]?.[0]).toBeCloseTo((20 - 5) * 0.25, 5);
  });
});

describe('onnxSpec', () => {
  const file = new OnnxModel(onnxFile(linear));
  const data: DataBinding = {
    input: { name: 'x', shape: [3], range: null },
    labels: { name: 'y', shape: [], dtype: 'i32', range: 2 },
    loss: 'crossEntropy',
  };

  it('trains towards numbers, and towards the sample itself where the output has its size', () => {
    const one = new OnnxModel(
      onnxFile({
        nodes: [{ op: 'MatMul', inputs: ['x', 'w'] }],
        weights: {
          w: [
            [3, 1],
            [1, 1, 1],
          ],
        },
      }),
    );
    const regress = buildStepProgram(onnxSpec(one, 2, { ...data, loss: 'mse' }), 2);
    const batch = { w: [1, 1, 1], x: [1, 2, 3, 0, 0, 0], y: [4, 1], weight: [1, 1] };
    expect(interpret(regress.train, batch)['loss']?.[0]).toBeCloseTo(4 + 1);
    expect(interpret(regress.evaluate, batch)).toEqual({
      loss: Float64Array.of(5),
      correct: Float64Array.of(0),
      predictions: Float64Array.of(2),
    });
    const same = new OnnxModel(
      onnxFile({ nodes: [{ op: 'Mul', inputs: ['x', 'w'] }], weights: { w: [[3], [2, 2, 2]] } }),
    );
    const rebuild = buildStepProgram(onnxSpec(same, 2, { ...data, loss: 'mse' }), 2);
    expect(rebuild.train.inputs.filter(({ role }) => role === 'data').map(({ name }) => name)).toEqual(['x', 'weight']);
    expect(interpret(rebuild.train, { w: [2, 2, 2], x: [1, 2, 3, 0, 0, 0], weight: [1, 1] })['loss']?.[0]).toBeCloseTo(
      14 / 3,
    );
  });

  it.each<[string, DataBinding, RegExp]>([
    [
      'labels of another shape',
      { ...data, labels: { ...data.labels, shape: [5] } },
      /output is \[2\], where the labels ask for \[5,classes\]/,
    ],
    [
      'more classes than outputs',
      { ...data, labels: { ...data.labels, range: 3 } },
      /has 2 classes, and the data have 3/,
    ],
    [
      'tokens for a model of numbers',
      { ...data, input: { ...data.input, range: 9 } },
      /takes f32 samples, and the data are tokens/,
    ],
  ])('refuses %s', (_, binding, message) => {
    expect(issuesOf(() => onnxSpec(file, 2, binding)).message).toMatch(message);
  });

  it('refuses probabilities where logits are wanted', () => {
    const model: TestModel = { ...linear, nodes: [linear.nodes[0]!, { op: 'Softmax', inputs: ['h'] }] };
    expect(issuesOf(() => onnxSpec(new OnnxModel(onnxFile(model)), 2, data)).message).toMatch(/ends in a Softmax/);
    const logs: TestModel = { ...linear, nodes: [linear.nodes[0]!, { op: 'LogSoftmax', inputs: ['h'] }] };
    const program = buildStepProgram(onnxSpec(new OnnxModel(onnxFile(logs)), 2, data), 2);
    const plain = buildStepProgram(
      onnxSpec(new OnnxModel(onnxFile({ ...linear, nodes: [{ ...linear.nodes[0]!, outputs: ['y'] }] })), 2, data),
      2,
    );
    // Far enough apart that a probability is 0 in f32.
    const batch = {
      'fc.weight': [90, 0, 0, 1, 1, 1],
      'fc.bias': [0, 0],
      x: [3, 1, 2, 0.01, 0, 1],
      y: [1, 0],
      weight: [1, 1],
    };
    const [logged, expected] = [interpret(program.train, batch), interpret(plain.train, batch)];
    for (const name of Object.keys(expected))
      logged[name]!.forEach((value, i) => expect(value).toBeCloseTo(expected[name]![i]!, 8));
  });

  it('refuses tokens beyond a table', () => {
    const transformer = new OnnxModel(fixtureFile('transformer'));
    const text: DataBinding = {
      input: { name: 'x', shape: [12], range: 30 },
      labels: { name: 'y', shape: [12], dtype: 'i32', range: 29 },
      loss: 'crossEntropy',
    };
    expect(issuesOf(() => onnxSpec(transformer, 2, text)).message).toMatch(
      /tables have 29 rows, and the data have 30 tokens/,
    );
  });
});
