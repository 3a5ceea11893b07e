import { describe, expect, it } from 'vitest';
import { modelCases } from '../../backend/conformance-programs.ts';
import { GraphBuilder } from '../../graph/builder.ts';
import type { Attributes, Graph } from '../../graph/graph.ts';
import { buildStepProgram } from '../../models/build-step-program.ts';
import { ops } from '../../ops/index.ts';
import type { DeviceTraits } from '../lowering.ts';
import { shaderSource } from '../shader.ts';
import { planExact } from './plan-exact.ts';

const traits: DeviceTraits = { subgroups: false, subgroupSize: 0, software: false, maxScratchBytes: 0 };
const planOf = (graph: Graph, rounding: 'plain' | 'barrier' = 'plain') => planExact(graph, { ops, traits, rounding });

/** A graph of one call over f32 operands of these shapes. */
function oneCall(op: string, shapes: readonly (readonly number[])[], attributes: Attributes = {}): Graph {
  const builder = new GraphBuilder();
  const operands = shapes.map((shape, at) => builder.input(`in${at}`, { dtype: 'f32', shape }, 'data'));
  builder.output('y', builder.apply(op, operands, attributes));
  return builder.build();
}

const keysOf = (graph: Graph): readonly string[] => planOf(graph).calls.map(({ kernel }) => kernel.key);

describe('an exact plan', () => {
  it.each([
    ['sub', [[6, 12], [12]], [[30, 4], [4]], {}],
    ['softmax', [[5, 24]], [[7, 32]], { factor: 0.5, causal: false }],
    ['reduceSum', [[9, 40]], [[3, 16]], { axes: [1], keepDims: false }],
    ['transpose', [[2, 3, 5]], [[7, 4, 9]], { permutation: [1, 0, 2] }],
  ])('has the same kernels for every shape of %s', (op, one, other, attributes) => {
    expect(keysOf(oneCall(op, one, attributes))).toEqual(keysOf(oneCall(op, other, attributes)));
  });

  it('reads and writes four elements at once where they lie in a row', () => {
    const [wide] = planOf(oneCall('add', [[6, 8], [8]])).calls;
    const [narrow] = planOf(oneCall('add', [[6, 7], [7]])).calls;
    expect(wide!.kernel.bindings.map(({ element }) => element)).toEqual(['vec4<f32>', 'vec4<f32>', 'vec4<f32>']);
    expect(narrow!.kernel.bindings.map(({ element }) => element)).toEqual(['f32', 'f32', 'f32']);
  });

  it('finishes a product with the map that alone reads it', () => {
    const { spec, batch } = modelCases['mlp with relu']!;
    const labels = planOf(buildStepProgram(spec, batch).evaluate).calls.map(({ label }) => label);
    expect(labels.slice(0, 3)).toEqual(['matmul+add+relu', 'matmul+add+relu', 'matmul+add']);
  });

  it('tells products apart whose maps differ only in how an operand lies', () => {
    const keyOf = (shape: readonly number[]): string => {
      const builder = new GraphBuilder();
      const [a, b] = ['a', 'b'].map((name) => builder.input(name, { dtype: 'f32', shape: [4, 4] }, 'data'));
      const added = builder.input('c', { dtype: 'f32', shape }, 'data');
      const product = builder.apply('matmul', [a!, b!], { transposeA: false, transposeB: false });
      builder.output('y', builder.apply('add', [product, added]));
      return keysOf(builder.build()).join();
    };
    expect(new Set([keyOf([4]), keyOf([4, 4]), keyOf([])]).size).toBe(3);
  });

  it('keeps a product that is read twice', () => {
    const builder = new GraphBuilder();
    const [a, b] = ['a', 'b'].map((name) => builder.input(name, { dtype: 'f32', shape: [4, 4] }, 'data'));
    const product = builder.apply('matmul', [a!, b!], { transposeA: false, transposeB: false });
    builder.output('y', builder.apply('exp', [product]));
    builder.output('z', builder.apply('tanh', [product]));
    expect(planOf(builder.build()).calls.map(({ label }) => label)).toEqual(['matmul', 'exp', 'tanh']);
  });

  it('hides every product of a map from sums, and those of matrix products where the device contracts', () => {
    const [map] = planOf(oneCall('exp', [[8]])).calls;
    const products = map!.kernel.body.split('\n').filter((line) => /^let t\d+ = .* \* /.test(line));
    expect(products.length).toBeGreaterThan(5);
    for (const line of products) expect(line).toMatch(/= apart4\(/);
    const product = oneCall(
      'matmul',
      [
        [8, 8],
        [8, 8],
      ],
      { transposeA: false, transposeB: false },
    );
    const sourceOf = (rounding: 'plain' | 'barrier') => shaderSource(planOf(product, rounding).calls[0]!.kernel);
    expect(sourceOf('plain')).toMatch(/t = t \+ [^;(]+ \* bs;/);
    expect(sourceOf('barrier')).toMatch(/t = t \+ apart4\([^;]+ \* bs\);/);
    expect(sourceOf('plain')).not.toContain('fma(');
  });
});
