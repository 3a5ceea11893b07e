import { describe, expect, it } from 'vitest';
import { GraphBuilder } from './builder.ts';
import type { Graph } from './graph.ts';
import { interpret } from './interpret.ts';
import { spreadConstants } from './spread-constants.ts';
import { verifyGraph } from './verify.ts';

const X = Float64Array.from({ length: 6 }, (_, i) => i - 2);
const isElementwise = ({ op }: { op: string }): boolean => ['fill', 'add', 'maximum', 'exp'].includes(op);

function graphOf(build: (builder: GraphBuilder, x: number, constant: number) => number): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [2, 3] }, 'data');
  builder.output('y', build(builder, x, builder.apply('fill', [], { value: 2, shape: [] })));
  return builder.build();
}

/** The shapes of a graph's constants. */
const constants = ({ nodes }: Graph): (readonly number[])[] =>
  nodes.flatMap(({ op, output }) => (op === 'fill' ? [output.shape] : []));

describe('constants', () => {
  it('are spread to the shape of each elementwise reader', () => {
    const graph = graphOf((builder, x, two) =>
      builder.apply('add', [builder.apply('maximum', [x, two]), builder.apply('exp', [two])]),
    );
    const spread = verifyGraph(spreadConstants(graph, isElementwise));
    expect(constants(spread)).toEqual([[2, 3], []]);
    expect(interpret(spread, { x: X })).toEqual(interpret(graph, { x: X }));
  });

  it('stay where something else reads them, or where they are outputs', () => {
    const graph = graphOf((builder, x, two) => {
      builder.output('two', two);
      const wide = builder.apply('fill', [], { value: 1, shape: [2, 3] });
      const sums = builder.apply('reduceSum', [wide], { axes: [1], keepDims: true });
      return builder.apply('add', [builder.apply('add', [x, wide]), sums]);
    });
    const spread = verifyGraph(spreadConstants(graph, isElementwise));
    expect(constants(spread)).toEqual([[], [2, 3], [2, 3]]);
    expect(interpret(spread, { x: X })).toEqual(interpret(graph, { x: X }));
  });

  it('leave a graph without any as it is', () => {
    const graph = graphOf((builder, x) => builder.apply('exp', [x]));
    const bare = { ...graph, nodes: graph.nodes.slice(1), outputs: [{ name: 'y', value: 1 }] };
    expect(spreadConstants(bare, isElementwise)).toBe(bare);
  });
});
