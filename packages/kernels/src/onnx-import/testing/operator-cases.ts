/** A small model for each operator and each of its forms. */
import type { TestModel, TestNode } from './build-model.ts';

/** Samples of a run. */
export const BATCH = 2;

/** A case: nodes whose last one makes `y`, on samples of `sample`. */
export interface OperatorCase extends Omit<TestModel, 'input' | 'outputs'> {
  readonly sample?: readonly number[];
  /** Samples are whole numbers below this. */
  readonly ids?: number;
}

const one = (op: string, more: Partial<TestNode> = {}, rest: Partial<OperatorCase> = {}): OperatorCase => ({
  nodes: [{ op, inputs: ['x'], ...more }],
  ...rest,
});
/** `op` between the data and a weight. */
const withWeight = (
  op: string,
  dims: readonly number[],
  more: Partial<TestNode> = {},
  rest: Partial<OperatorCase> = {},
): OperatorCase => ({
  nodes: [{ op, inputs: ['x', 'w'], ...more }],
  weights: { w: [dims, ramp(dims)] },
  ...rest,
});
const ramp = (dims: readonly number[]): number[] =>
  Array.from({ length: dims.reduce((product, size) => product * size, 1) }, (_, i) => Math.sin(i + 1) + 0.1);
const image = { sample: [2, 5, 6] };
const unary = (...names: string[]): Record<string, OperatorCase> =>
  Object.fromEntries(names.map((op) => [op, one(op)]));
const positive: TestNode = { op: 'Exp', inputs: ['x'], outputs: ['p'] };
const truth = (op: string): OperatorCase => ({
  nodes: [
    { op, inputs: ['x', 'w'], outputs: ['c'] },
    { op: 'Where', inputs: ['c', 'x', 'w'] },
  ],
  weights: { w: [[3], [0.1, -0.2, 0.3]] },
});
const logical = (op: string): OperatorCase => ({
  nodes: [
    { op: 'Greater', inputs: ['x', 'w'], outputs: ['a'] },
    { op: 'Less', inputs: ['x', 'x2'], outputs: ['b'] },
    { op, inputs: op === 'Not' ? ['a'] : ['a', 'b'], outputs: ['c'] },
    { op: 'Cast', inputs: ['c'], attributes: { to: 1 } },
  ],
  weights: { w: [[3], [0.1, -0.2, 0.3]], x2: [[3], [0.5, 0.5, -0.1]] },
});
const normed = (mode: number, opset: number): OperatorCase => ({
  nodes: [
    {
      op: 'BatchNormalization',
      inputs: ['x', 'g', 'b', 'm', 'v'],
      attributes: { epsilon: { float: 1e-3 }, ...(opset > 13 && { training_mode: mode }) },
    },
  ],
  weights: { g: [[2], [1.5, -0.5]], b: [[2], [0.1, 0.2]], m: [[2], [0.3, -0.3]], v: [[2], [0.8, 1.7]] },
  opset,
  ...image,
});

export const operatorCases: Readonly<Record<string, OperatorCase>> = {
  ...unary(
    'Abs',
    'Neg',
    'Sign',
    'Exp',
    'Sin',
    'Cos',
    'Relu',
    'Sigmoid',
    'Tanh',
    'Erf',
    'Softplus',
    'Softsign',
    'HardSwish',
    'Identity',
    'Elu',
    'Selu',
    'LeakyRelu',
    'HardSigmoid',
    'Reciprocal',
  ),
  ...Object.fromEntries(['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'PRelu'].map((op) => [op, withWeight(op, [3])])),
  ...Object.fromEntries(['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'].map((op) => [op, truth(op)])),
  ...Object.fromEntries(['And', 'Or', 'Not'].map((op) => [op, logical(op)])),
  Log: { nodes: [positive, { op: 'Log', inputs: ['p'] }] },
  Sqrt: { nodes: [positive, { op: 'Sqrt', inputs: ['p'] }] },
  'Elu with alpha': one('Elu', { attributes: { alpha: { float: 0.7 } } }),
  'Max of three': { ...withWeight('Max', [1, 3]), nodes: [{ op: 'Max', inputs: ['x', 'w', 'x'] }] },
  Sum: { ...withWeight('Sum', [3]), nodes: [{ op: 'Sum', inputs: ['x', 'w', 'x'] }] },
  Mean: { ...withWeight('Mean', [3]), nodes: [{ op: 'Mean', inputs: ['x', 'w', 'x'] }] },
  'Pow 2': { nodes: [{ op: 'Pow', inputs: ['x', 'e'] }], weights: { e: [[], [2]] } },
  'Pow 3': { nodes: [{ op: 'Pow', inputs: ['x', 'e'] }], weights: { e: [[], [3]] } },
  'Pow 0.5': { nodes: [positive, { op: 'Pow', inputs: ['p', 'e'] }], weights: { e: [[], [0.5]] } },
  'Pow -1.5': { nodes: [positive, { op: 'Pow', inputs: ['p', 'e'] }], weights: { e: [[], [-1.5]] } },
  Clip: { nodes: [{ op: 'Clip', inputs: ['x', 'low', 'high'] }], weights: { low: [[], [-0.5]], high: [[], [0.4]] } },
  'Clip from below': { nodes: [{ op: 'Clip', inputs: ['x', 'low'] }], weights: { low: [[], [-0.5]] } },
  'Clip from above': { nodes: [{ op: 'Clip', inputs: ['x', '', 'high'] }], weights: { high: [[], [0.2]] } },
  'Cast to whole numbers and back': {
    nodes: [
      { op: 'Cast', inputs: ['x'], outputs: ['i'], attributes: { to: 7 } },
      { op: 'Cast', inputs: ['i'], attributes: { to: 1 } },
    ],
  },
  Gemm: withWeight('Gemm', [3, 4]),
  'Gemm, transposed, scaled, with a bias': {
    nodes: [
      { op: 'Gemm', inputs: ['x', 'w', 'b'], attributes: { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } } },
    ],
    weights: { w: [[4, 3], ramp([4, 3])], b: [[4], ramp([4])] },
  },
  'MatMul by a matrix': withWeight('MatMul', [3, 4], {}, { sample: [5, 3] }),
  'MatMul by a vector': withWeight('MatMul', [3], {}, { sample: [5, 3] }),
  'MatMul of stacks that broadcast': withWeight('MatMul', [2, 1, 3, 4], {}, { sample: [5, 3] }),
  'MatMul with the data on the right': {
    ...withWeight('MatMul', [4, 5], {}, { sample: [5, 3] }),
    nodes: [{ op: 'MatMul', inputs: ['w', 'x'] }],
  },
  Gather: {
    ...withWeight('Gather', [7, 3], {}, { sample: [4], ids: 7 }),
    nodes: [{ op: 'Gather', inputs: ['w', 'x'] }],
  },
  'Gather along another axis': {
    ...withWeight('Gather', [3, 7], {}, { sample: [4], ids: 7 }),
    nodes: [
      { op: 'Gather', inputs: ['w', 'x'], outputs: ['g'], attributes: { axis: 1 } },
      { op: 'Transpose', inputs: ['g'], attributes: { perm: [1, 2, 0] } },
    ],
  },
  'Gather of constant neighbours': {
    nodes: [{ op: 'Gather', inputs: ['x', 'i'], attributes: { axis: 1 } }],
    integers: { i: [1, 2] },
  },
  'Gather of scattered constants': {
    nodes: [{ op: 'Gather', inputs: ['x', 'i'], attributes: { axis: -1 } }],
    integers: { i: [2, 0, -1] },
  },
  Softmax: one('Softmax', {}, { sample: [4, 3] }),
  'Softmax along another axis': one('Softmax', { attributes: { axis: 1 } }, { sample: [4, 3] }),
  LogSoftmax: one('LogSoftmax', {}, { sample: [4, 3] }),
  LayerNormalization: {
    nodes: [{ op: 'LayerNormalization', inputs: ['x', 'g', 'b'], attributes: { epsilon: { float: 1e-3 } } }],
    weights: { g: [[3], ramp([3])], b: [[3], ramp([3])] },
    sample: [4, 3],
  },
  'LayerNormalization over two axes without a bias': {
    nodes: [{ op: 'LayerNormalization', inputs: ['x', 'g'], attributes: { axis: 1 } }],
    weights: { g: [[4, 3], ramp([4, 3])] },
    sample: [4, 3],
  },
  'a layer norm taken apart': {
    nodes: [
      { op: 'ReduceMean', inputs: ['x'], outputs: ['m'], attributes: { axes: [-1] } },
      { op: 'Sub', inputs: ['x', 'm'], outputs: ['d'] },
      { op: 'Pow', inputs: ['d', 'two'], outputs: ['q'] },
      { op: 'ReduceMean', inputs: ['q'], outputs: ['v'], attributes: { axes: [-1] } },
      { op: 'Add', inputs: ['v', 'e'], outputs: ['s'] },
      { op: 'Sqrt', inputs: ['s'], outputs: ['r'] },
      { op: 'Div', inputs: ['d', 'r'], outputs: ['n'] },
      { op: 'Mul', inputs: ['n', 'g'], outputs: ['k'] },
      { op: 'Add', inputs: ['k', 'b'] },
    ],
    weights: { two: [[], [2]], e: [[], [1e-5]], g: [[3], ramp([3])], b: [[3], ramp([3])] },
    sample: [4, 3],
    opset: 13,
  },
  'a GELU taken apart': {
    nodes: [
      { op: 'Div', inputs: ['x', 'root'], outputs: ['d'] },
      { op: 'Erf', inputs: ['d'], outputs: ['e'] },
      { op: 'Add', inputs: ['e', 'one'], outputs: ['a'] },
      { op: 'Mul', inputs: ['x', 'a'], outputs: ['m'] },
      { op: 'Mul', inputs: ['m', 'half'] },
    ],
    weights: { root: [[], [Math.SQRT2]], one: [[], [1]], half: [[], [0.5]] },
  },
  ...Object.fromEntries(
    ['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceL2', 'ReduceSumSquare'].map((op) => [
      op,
      op === 'ReduceSum'
        ? { nodes: [{ op, inputs: ['x', 'axes'] }], integers: { axes: [-1] }, sample: [4, 3] }
        : one(op, { attributes: { axes: [1, 2], keepdims: 0 } }, { sample: [4, 3] }),
    ]),
  ),
  'ReduceMean with axes as an operand': {
    nodes: [{ op: 'ReduceMean', inputs: ['x', 'axes'] }],
    integers: { axes: [1] },
    sample: [4, 3],
    opset: 18,
  },
  ...Object.fromEntries(
    (
      [
        ['bij,kj->bik', [5, 3]],
        ['bij,kj->ikb', [5, 3]],
        ['bij, kj', [5, 3]],
        ['bij,bkj->bik', [2, 5, 3]],
        ['bij,ck->bj', [4, 2]],
      ] as const
    ).map(([equation, dims]) => [
      `Einsum ${equation}`,
      {
        nodes: [
          { op: 'Einsum', inputs: ['x', 'w'], outputs: ['e'], attributes: { equation } },
          // The batch comes first again.
          equation.endsWith('ikb')
            ? { op: 'Transpose', inputs: ['e'], attributes: { perm: [2, 0, 1] } }
            : { op: 'Identity', inputs: ['e'] },
        ],
        weights: { w: [dims, ramp(dims)] },
        sample: [4, 3],
      } satisfies OperatorCase,
    ]),
  ),
  'Einsum of one operand': one('Einsum', { attributes: { equation: 'bij->bj' } }, { sample: [4, 3] }),
  Transpose: one('Transpose', { attributes: { perm: [0, 2, 1] } }, { sample: [4, 3] }),
  Reshape: { nodes: [{ op: 'Reshape', inputs: ['x', 's'] }], integers: { s: [0, -1, 2] }, sample: [4, 3] },
  Flatten: one('Flatten', {}, { sample: [4, 3] }),
  Squeeze: { nodes: [{ op: 'Squeeze', inputs: ['x', 'a'] }], integers: { a: [1] }, sample: [1, 3] },
  Unsqueeze: { nodes: [{ op: 'Unsqueeze', inputs: ['x', 'a'] }], integers: { a: [1, -1] } },
  Expand: { nodes: [{ op: 'Expand', inputs: ['x', 's'] }], integers: { s: [1, 4, 3] }, sample: [1, 3] },
  Concat: { ...one('Concat', { inputs: ['x', 'x'], attributes: { axis: 1 } }) },
  Split: {
    nodes: [
      { op: 'Split', inputs: ['x', 'n'], outputs: ['a', 'b'], attributes: { axis: 1 } },
      { op: 'Concat', inputs: ['b', 'a'], attributes: { axis: -1 } },
    ],
    integers: { n: [1, 2] },
  },
  'Split into equal parts': {
    nodes: [
      { op: 'Split', inputs: ['x'], outputs: ['a', 'b'], attributes: { axis: 2 } },
      { op: 'Sub', inputs: ['b', 'a'] },
    ],
    sample: [3, 4],
  },
  Slice: {
    nodes: [{ op: 'Slice', inputs: ['x', 's', 'e', 'a'] }],
    integers: { s: [1, -3], e: [2 ** 53, -1], a: [1, 2] },
    sample: [4, 3],
  },
  'Slice in steps': {
    nodes: [{ op: 'Slice', inputs: ['x', 's', 'e', 'a', 't'] }],
    integers: { s: [0], e: [100], a: [1], t: [2] },
    sample: [5, 3],
  },
  Pad: { nodes: [{ op: 'Pad', inputs: ['x', 'p'] }], integers: { p: [0, 1, 0, 2] } },
  'Pad with a constant and a cut': {
    nodes: [{ op: 'Pad', inputs: ['x', 'p', 'v'] }],
    integers: { p: [0, -1, 0, 2] },
    weights: { v: [[], [7]] },
  },
  Where: truth('Less'),
  Mod: {
    nodes: [
      { op: 'Mod', inputs: ['i', 'k'], outputs: ['j'] },
      { op: 'Gather', inputs: ['x', 'j'], attributes: { axis: 1 } },
    ],
    integers: { i: [-1, 4, 5], k: [3] },
  },
  Dropout: one('Dropout'),
  Conv: withWeight('Conv', [4, 2, 3, 3], { attributes: { pads: [1, 1, 1, 1] } }, image),
  'Conv in groups, with strides, dilations, a bias and uneven pads': {
    nodes: [
      {
        op: 'Conv',
        inputs: ['x', 'w', 'b'],
        attributes: { group: 2, strides: [2, 1], dilations: [1, 2], pads: [0, 2, 1, 1] },
      },
    ],
    weights: { w: [[4, 1, 3, 2], ramp([4, 1, 3, 2])], b: [[4], ramp([4])] },
    ...image,
  },
  'Conv, same size above': withWeight(
    'Conv',
    [3, 2, 4, 3],
    { attributes: { auto_pad: 'SAME_UPPER', strides: [2, 2] } },
    image,
  ),
  'Conv, same size below': withWeight('Conv', [3, 2, 4, 3], { attributes: { auto_pad: 'SAME_LOWER' } }, image),
  'Conv of a sequence': withWeight(
    'Conv',
    [3, 2, 3],
    { attributes: { pads: [1, 0], strides: [2] } },
    { sample: [2, 7] },
  ),
  ConvTranspose: withWeight('ConvTranspose', [2, 3, 2, 2], { attributes: { strides: [2, 2] } }, image),
  'ConvTranspose in groups, with pads, output pads and a bias': {
    nodes: [
      {
        op: 'ConvTranspose',
        inputs: ['x', 'w', 'b'],
        attributes: { group: 2, strides: [2, 3], pads: [1, 0, 1, 1], output_padding: [1, 2], dilations: [1, 2] },
      },
    ],
    weights: { w: [[2, 2, 3, 2], ramp([2, 2, 3, 2])], b: [[4], ramp([4])] },
    ...image,
  },
  'ConvTranspose of a sequence': withWeight(
    'ConvTranspose',
    [2, 3, 3],
    { attributes: { strides: [2] } },
    { sample: [2, 5] },
  ),
  InstanceNormalization: {
    nodes: [{ op: 'InstanceNormalization', inputs: ['x', 'g', 'b'], attributes: { epsilon: { float: 1e-3 } } }],
    weights: { g: [[2], [1.5, -0.5]], b: [[2], [0.1, 0.2]] },
    ...image,
  },
  GlobalMaxPool: one('GlobalMaxPool', {}, image),
  Resize: {
    nodes: [
      {
        op: 'Resize',
        inputs: ['x', '', 's'],
        attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
      },
    ],
    weights: { s: [[4], [1, 1, 2, 3]] },
    ...image,
  },
  'Resize to sizes': {
    nodes: [{ op: 'Resize', inputs: ['x', '', '', 's'], attributes: { mode: 'nearest' } }],
    integers: { s: [BATCH, 2, 10, 18] },
    ...image,
  },
  Tile: { nodes: [{ op: 'Tile', inputs: ['x', 'r'] }], integers: { r: [1, 2, 3] }, sample: [4, 3] },
  'Floor and Ceil of sizes': {
    nodes: [
      { op: 'Floor', inputs: ['a'], outputs: ['f'] },
      { op: 'Ceil', inputs: ['a'], outputs: ['c'] },
      { op: 'Sub', inputs: ['c', 'f'], outputs: ['d'] },
      { op: 'Add', inputs: ['x', 'd'] },
    ],
    weights: { a: [[3], [1.5, 2, -0.5]] },
  },
  MaxPool: one('MaxPool', { attributes: { kernel_shape: [2, 2], strides: [2, 2] } }, image),
  'MaxPool that overlaps and pads': one(
    'MaxPool',
    { attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } },
    image,
  ),
  'MaxPool rounded up': one('MaxPool', { attributes: { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 } }, image),
  'MaxPool of a sequence': one('MaxPool', { attributes: { kernel_shape: [3], strides: [2] } }, { sample: [2, 7] }),
  AveragePool: one('AveragePool', { attributes: { kernel_shape: [3, 2], strides: [1, 2], pads: [1, 0, 1, 1] } }, image),
  'AveragePool that counts pads': one(
    'AveragePool',
    { attributes: { kernel_shape: [3, 2], strides: [1, 2], pads: [1, 0, 1, 1], count_include_pad: 1 } },
    image,
  ),
  GlobalAveragePool: one('GlobalAveragePool', {}, image),
  BatchNormalization: normed(0, 15),
  'BatchNormalization of opset 13': normed(0, 13),
  'shape arithmetic: Shape, Size, Gather, Cast, Range, ConstantOfShape, Trilu': {
    nodes: [
      { op: 'Shape', inputs: ['x'], outputs: ['s'] },
      { op: 'Size', inputs: ['s'], outputs: ['rank'] },
      { op: 'Gather', inputs: ['s', 'last'], outputs: ['n'] },
      { op: 'Squeeze', inputs: ['n'], outputs: ['limit'] },
      { op: 'Range', inputs: ['zero', 'limit', 'step'], outputs: ['r'] },
      { op: 'Cast', inputs: ['r'], outputs: ['f'], attributes: { to: 1 } },
      { op: 'Concat', inputs: ['n', 'n'], outputs: ['nn'], attributes: { axis: 0 } },
      { op: 'ConstantOfShape', inputs: ['nn'], outputs: ['c'] },
      { op: 'Add', inputs: ['c', 'f'], outputs: ['full'] },
      { op: 'Trilu', inputs: ['full'], outputs: ['t'], attributes: { upper: 0 } },
      { op: 'MatMul', inputs: ['x', 't'] },
    ],
    integers: { last: [-1], zeros: [0] },
    weights: {},
  },
};
