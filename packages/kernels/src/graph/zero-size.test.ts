/** No tensor has a dimension of 0, wherever a graph comes from: such shapes are refused by name before anything computes. */
import { describe, expect, it } from 'vitest';
import { conformanceCases, instantiate } from '../ops/conformance.ts';
import { ops } from '../ops/index.ts';
import { GraphBuilder } from './builder.ts';
import { GraphError } from './errors.ts';
import type { Graph, TensorType } from './graph.ts';
import { verifyGraph } from './verify.ts';

const emptied = ({ dtype, shape }: TensorType, axis: number): TensorType => ({ dtype, shape: shape.with(axis, 0) });

/** The graph with one axis of one operand, or of the result, empty; one variant for each. */
function variants(graph: Graph): Graph[] {
  const inputs = graph.inputs.flatMap(({ type }, index) =>
    type.shape.map((_, axis) => ({
      ...graph,
      inputs: graph.inputs.map((input, at) => (at === index ? { ...input, type: emptied(type, axis) } : input)),
    })),
  );
  const outputs = graph.nodes.flatMap(({ output }) =>
    output.shape.map((_, axis) => ({
      ...graph,
      nodes: graph.nodes.map((node) => ({ ...node, output: emptied(output, axis) })),
    })),
  );
  return [...inputs, ...outputs];
}

describe('zero-size shapes', () => {
  it.each(Object.keys(ops))('are refused in graphs that call %s', (op) => {
    const graphs = conformanceCases
      .filter((row) => row.op === op && row.operands.every(({ shape }) => shape.length < 5))
      .slice(0, 6)
      .flatMap((row) => variants(instantiate(row).graph));
    expect(graphs.length).toBeGreaterThan(0);
    for (const graph of graphs) expect(() => verifyGraph(graph)).toThrow(GraphError);
  });

  it.each<[op: string, attributes: Record<string, number | number[]>]>([
    ['fill', { value: 1, shape: [2, 0] }],
    ['broadcast', { shape: [0] }],
    ['reshape', { shape: [0] }],
    ['slice', { axis: 0, start: 0, length: 0 }],
  ])('are refused as a result of %s %j', (op, attributes) => {
    const builder = new GraphBuilder();
    const x = op === 'fill' ? [] : [builder.input('x', { dtype: 'f32', shape: [1] }, 'data')];
    expect(() => builder.apply(op, x, attributes)).toThrow(GraphError);
  });

  it('are refused as an input, by its name', () => {
    const place = { code: 'GRAPH_ILLEGAL', place: 'input "x"' };
    const declare = () => new GraphBuilder().input('x', { dtype: 'i32', shape: [3, 0] }, 'data');
    expect(declare).toThrow(expect.objectContaining(place) as Error);
  });
});
