/** What exporters take apart is put together again, and what only looks like it is not. */
import { describe, expect, it } from 'vitest';
import { OnnxModel } from '../onnx-model.ts';
import { onnxFile, type TestModel } from '../testing/build-model.ts';
import { fixtureFile } from '../testing/fixtures.ts';

const opsOf = (model: TestModel, sample: readonly number[] = [4, 3]): string[] =>
  new OnnxModel(onnxFile({ ...model, input: { shape: ['batch', ...sample] } }))
    .bind(2, sample)
    .evaluate.nodes.map(({ op }) => op);

const gelu = (factor = 0.5): TestModel => ({
  nodes: [
    { op: 'Div', inputs: ['x', 'root'], outputs: ['d'] },
    { op: 'Erf', inputs: ['d'], outputs: ['e'] },
    { op: 'Add', inputs: ['e', 'one'], outputs: ['a'] },
    { op: 'Mul', inputs: ['x', 'a'], outputs: ['m'] },
    { op: 'Mul', inputs: ['m', 'half'] },
  ],
  weights: { root: [[], [Math.SQRT2]], one: [[], [1]], half: [[], [factor]] },
});

const norm = (axis = -1): TestModel => ({
  nodes: [
    { op: 'ReduceMean', inputs: ['x'], outputs: ['m'], attributes: { axes: [axis] } },
    { op: 'Sub', inputs: ['x', 'm'], outputs: ['d'] },
    { op: 'Pow', inputs: ['d', 'two'], outputs: ['q'] },
    { op: 'ReduceMean', inputs: ['q'], outputs: ['v'], attributes: { axes: [axis] } },
    { op: 'Add', inputs: ['v', 'e'], outputs: ['s'] },
    { op: 'Sqrt', inputs: ['s'], outputs: ['r'] },
    { op: 'Div', inputs: ['d', 'r'], outputs: ['n'] },
    { op: 'Mul', inputs: ['n', 'g'], outputs: ['k'] },
    { op: 'Add', inputs: ['k', 'b'] },
  ],
  weights: { two: [[], [2]], e: [[], [1e-5]], g: [[3], [1, 2, 3]], b: [[3], [1, 2, 3]] },
});

/** softmax of scores [3, 3] under a mask that is added. */
const masked = (mask: readonly number[]): TestModel => ({
  nodes: [
    { op: 'Add', inputs: ['x', 'mask'], outputs: ['s'] },
    { op: 'Softmax', inputs: ['s'] },
  ],
  weights: { mask: [[3, 3], mask] },
});

describe('recognition', () => {
  it('of the exact GELU', () => {
    expect(opsOf(gelu())).toEqual(['geluErf']);
    expect(opsOf(gelu(0.4))).not.toContain('geluErf');
  });

  it('of a layer norm over the last axis', () => {
    expect(opsOf(norm())).toEqual(['layerNorm']);
    expect(opsOf(norm(1))).not.toContain('layerNorm');
  });

  it('of a causal mask', () => {
    const low = Number.NEGATIVE_INFINITY;
    expect(opsOf(masked([0, low, low, 0, 0, low, 0, 0, 0]), [3, 3])).toEqual(['softmax']);
    expect(opsOf(masked([0, low, 0, 0, 0, low, 0, 0, 0]), [3, 3])).toEqual(['add', 'softmax']);
    expect(opsOf(masked([low, low, low, 0, 0, low, 0, 0, 0]), [3, 3])).toEqual(['add', 'softmax']);
  });

  it('of attention, mask and scale included, in a transformer of PyTorch', () => {
    const { train, parameters } = new OnnxModel(fixtureFile('transformer')).bind(4, [12]);
    const heads = train.nodes.filter(({ op }) => op === 'attention');
    expect(heads.map(({ attributes }) => attributes)).toEqual(
      Array.from({ length: 2 }, () => ({ causal: true, factor: expect.closeTo(1 / Math.sqrt(8), 6) })),
    );
    // The mask became an attribute, so nothing is left that is not trained.
    expect(parameters.filter(({ update }) => update !== 'optimizer')).toEqual([]);
  });
});
