/** Composites against values worked out by hand, and their gradients against finite differences. */
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import { checkGradients, worstError } from '../graph/finite-differences.ts';
import type { ValueId } from '../graph/graph.ts';
import { interpret } from '../graph/interpret.ts';
import * as composites from './composites.ts';

type Composite = (builder: GraphBuilder, x: ValueId) => ValueId;

const SHAPE = [2, 3];
const X = [-3, -0.5, 0.25, 1, 2, 4];

const all = (axes: number[]) => ({ axes, keepDims: false });
const rows: Readonly<Record<string, readonly [Composite, shape: number[], expected: number[]]>> = {
  reciprocal: [composites.reciprocal, SHAPE, [-1 / 3, -2, 4, 1, 0.5, 0.25]],
  'rsqrt of squares': [(b, x) => composites.rsqrt(b, composites.square(b, x)), SHAPE, [1 / 3, 2, 4, 1, 0.5, 0.25]],
  silu: [composites.silu, SHAPE, X.map((x) => x / (1 + Math.exp(-x)))],
  leakyRelu: [(b, x) => composites.leakyRelu(b, x, 0.1), SHAPE, [-0.3, -0.05, 0.25, 1, 2, 4]],
  clamp: [(b, x) => composites.clamp(b, x, { low: -1, high: 1.5 }), SHAPE, [-1, -0.5, 0.25, 1, 1.5, 1.5]],
  'clamp from above': [(b, x) => composites.clamp(b, x, { high: 0.5 }), SHAPE, [-3, -0.5, 0.25, 0.5, 0.5, 0.5]],
  hardSwish: [composites.hardSwish, SHAPE, X.map((x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6)],
  reduceMin: [(b, x) => composites.reduceMin(b, x, all([0])), [3], [-3, -0.5, 0.25]],
  reduceMean: [(b, x) => composites.reduceMean(b, x, all([0, 1])), [], [3.75 / 6]],
  'padConstant with 0': [
    (b, x) => composites.padConstant(b, x, { before: [1, 0], after: [0, 1], value: 0 }),
    [3, 4],
    [0, 0, 0, 0, -3, -0.5, 0.25, 0, 1, 2, 4, 0],
  ],
  'padConstant with 7': [
    (b, x) => composites.padConstant(b, x, { before: [0, 1], after: [1, 0], value: 7 }),
    [3, 4],
    [7, -3, -0.5, 0.25, 7, 1, 2, 4, 7, 7, 7, 7],
  ],
  stridedSlice: [
    (b, x) => composites.stridedSlice(b, x, { axis: 1, start: 0, length: 2, step: 2 }),
    [2, 2],
    [-3, 0.25, 1, 4],
  ],
  'stridedSlice from within': [
    (b, x) =>
      composites.stridedSlice(b, b.apply('reshape', [x], { shape: [6] }), { axis: 0, start: 1, length: 2, step: 3 }),
    [2],
    [-0.5, 2],
  ],
};

function graphOf(composite: Composite) {
  const builder = new GraphBuilder();
  const y = composite(builder, builder.input('x', { dtype: 'f32', shape: SHAPE }, 'parameter'));
  builder.output('y', y);
  const weights = composites.square(builder, builder.apply('sin', [y]));
  const axes = builder.shapeOf(y).map((_, axis) => axis);
  builder.output('loss', axes.length > 0 ? builder.apply('reduceSum', [weights], { axes, keepDims: false }) : weights);
  return { graph: builder.build(), shape: builder.shapeOf(y) };
}

describe('composites', () => {
  it.each(Object.keys(rows))('%s', (name) => {
    const [composite, shape, expected] = rows[name]!;
    const { graph, shape: actual } = graphOf(composite);
    expect(actual).toEqual(shape);
    const values = interpret(graph, { x: X })['y'] ?? new Float64Array();
    expect(values.length).toBe(expected.length);
    expected.forEach((value, i) => expect(values[i]).toBeCloseTo(value, 12));
    expect(worstError(checkGradients(graph, 'loss', { x: Float64Array.from(X) }))).toBeLessThan(2e-6);
  });

  it('compare', () => {
    const builder = new GraphBuilder();
    const [x, two] = ['x', 'two'].map((name) =>
      builder.input(name, { dtype: 'f32', shape: name === 'x' ? [3] : [] }, 'data'),
    );
    const { greater, greaterOrEqual, notEqual } = composites;
    for (const comparison of [greater, greaterOrEqual, notEqual])
      builder.output(comparison.name, comparison(builder, x ?? -1, two ?? -1));
    const results = interpret(builder.build(), { x: [1, 2, 3], two: [2] });
    expect(Object.values(results).map((values) => [...values])).toEqual([
      [0, 0, 1],
      [0, 1, 1],
      [1, 0, 1],
    ]);
  });

  it.each([0, 1, 2])('gatherAxis picks along axis %d', (axis) => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [2, 3, 4] }, 'data');
    const ids = builder.input('ids', { dtype: 'i32', shape: [2, 1] }, 'data');
    const y = composites.gatherAxis(builder, x, ids, axis);
    builder.output('y', y);
    const shape = [2, 3, 4];
    expect(builder.shapeOf(y)).toEqual([...shape.slice(0, axis), 2, 1, ...shape.slice(axis + 1)]);
    const values = Array.from({ length: 24 }, (_, i) => i);
    const picked = interpret(builder.build(), { x: values, ids: [1, 0] })['y'];
    const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    const outer = 24 / inner / shape[axis]!;
    const expected = Array.from({ length: outer }, (_, o) =>
      [1, 0].flatMap((id) => Array.from({ length: inner }, (__, i) => (o * shape[axis]! + id) * inner + i)),
    ).flat();
    expect([...(picked ?? [])]).toEqual(expected);
  });

  it('squaredError weights samples and averages their elements', () => {
    const builder = new GraphBuilder();
    const input = (name: string, shape: number[]) => builder.input(name, { dtype: 'f32', shape }, 'data');
    const parts = {
      prediction: input('prediction', [2, 2]),
      target: input('target', [2, 2]),
      weight: input('weight', [2]),
    };
    builder.output('loss', composites.squaredError(builder, parts));
    const feeds = { prediction: [1, 2, 3, 4], target: [0, 0, 3, 0], weight: [1, 0.5] };
    expect(interpret(builder.build(), feeds)['loss']).toEqual(Float64Array.of(2.5 + 4));
  });
});
