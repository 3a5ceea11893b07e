import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import { ops } from '../ops/index.ts';
import { interpretExactly } from './interpret-graph.ts';
import { planCanonical } from './plan.ts';

const f32 = (...shape: number[]) => ({ dtype: 'f32', shape }) as const;

/** The graph with every value an output too: then nothing can be fused. */
function unfused(graph: Graph): Graph {
  const named = new Set(graph.outputs.map(({ value }) => value));
  const values = graph.nodes.map((_, index) => graph.inputs.length + index).filter((value) => !named.has(value));
  return { ...graph, outputs: [...graph.outputs, ...values.map((value) => ({ name: `value ${value}`, value }))] };
}

const bitsOf = (values: ArrayLike<number> | undefined): number[] => [
  ...new Uint32Array(Float32Array.from(values ?? []).buffer),
];

describe('planCanonical', () => {
  it('fuses without changing a bit', () => {
    const builder = new GraphBuilder();
    const [x, gain] = [builder.input('x', f32(50, 7), 'data'), builder.input('gain', f32(7), 'data')];
    const bent = builder.apply('mul', [builder.apply('tanh', [x]), gain]);
    const swing = builder.apply('div', [
      builder.apply('exp', [bent]),
      builder.apply('gelu', [builder.apply('sub', [x, gain])]),
    ]);
    builder.output('y', builder.apply('scale', [builder.apply('add', [swing, bent])], { factor: 1e-3 }));
    const graph = builder.build();
    const feeds = {
      x: Float32Array.from({ length: 350 }, (_, i) => Math.sin(i * i) * 10 ** (i % 9) * 1e-5),
      gain: Float32Array.from({ length: 7 }, (_, i) => 0.3 * (i - 3)),
    };
    const [fused, plain] = [interpretExactly(graph, feeds, ops), interpretExactly(unfused(graph), feeds, ops)];
    expect(planCanonical(graph, ops).steps).toHaveLength(1);
    expect(planCanonical(unfused(graph), ops).steps).toHaveLength(graph.nodes.length);
    expect(bitsOf(fused['y'])).toEqual(bitsOf(plain['y']));
  });

  it('computes a chain in one step and reads each tensor once', () => {
    const builder = new GraphBuilder();
    const [x, y] = [builder.input('x', f32(4, 3), 'data'), builder.input('y', f32(3), 'data')];
    const sum = builder.apply('add', [x, y]);
    builder.output('z', builder.apply('mul', [builder.apply('relu', [sum]), x]));
    const { steps } = planCanonical(builder.build(), ops);
    expect(steps).toMatchObject([{ kind: 'map', label: 'add relu mul', operands: [0, 1], shape: [4, 3] }]);
  });

  it('keeps a value that somebody else reads', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', f32(4), 'data');
    const shared = builder.apply('neg', [x]);
    builder.output('total', builder.apply('reduceSum', [shared], { axes: [0], keepDims: false }));
    builder.output('again', builder.apply('relu', [shared]));
    expect(planCanonical(builder.build(), ops).steps.map(({ label }) => label)).toEqual(['neg', 'reduceSum', 'relu']);
  });

  it('stores no view', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', f32(2, 3), 'data');
    const negated = builder.apply('neg', [x]);
    builder.output('y', builder.apply('reshape', [negated], { shape: [6] }));
    const plan = planCanonical(builder.build(), ops);
    expect([plan.steps.length, plan.tensors.length, plan.outputs]).toEqual([1, 2, [1]]);
  });

  it('reads no more than seven tensors in one map, as devices bind eight', () => {
    const builder = new GraphBuilder();
    const inputs = Array.from({ length: 20 }, (_, i) => builder.input(`x${i}`, f32(4), 'data'));
    builder.output(
      'sum',
      inputs.reduce((total, value) => builder.apply('add', [total, value])),
    );
    builder.output('joined', builder.apply('concat', inputs, { axis: 0 }));
    const { steps } = planCanonical(builder.build(), ops);
    expect(Math.max(...steps.map((step) => (step.kind === 'map' ? step.operands.length : 2)))).toBeLessThanOrEqual(7);
  });

  it('names an op that is not offered', () => {
    const builder = new GraphBuilder();
    builder.output('y', builder.apply('neg', [builder.input('x', f32(1), 'data')]));
    expect(() => planCanonical(builder.build(), {})).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_OP' }));
  });
});
