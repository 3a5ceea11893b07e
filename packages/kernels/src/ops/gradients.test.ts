/** Every differentiable op's rule against finite differences of its float64 reference, over generated shapes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import { checkGradients, worstError } from '../graph/finite-differences.ts';
import type { Graph } from '../graph/graph.ts';
import { conformanceCases, outputTypeOf, typeOf } from './conformance.ts';
import { generatedCases, ungenerated } from './conformance-generated.ts';
import { type Call, call, type Operand } from './gradient-calls.testing.ts';
import { coreCalls } from './gradient-calls-core.testing.ts';
import { languageCalls } from './gradient-calls-language.testing.ts';
import { visionCalls } from './gradient-calls-vision.testing.ts';
import { ops } from './index.ts';
import { elements } from './shape.ts';

const fewer = fc.integer({ min: 1, max: 5 });

/** One generator of calls for every op that has a gradient rule. */
const calls: Readonly<Record<string, fc.Arbitrary<Call>>> = {
  ...coreCalls(fewer),
  ...languageCalls(fewer),
  ...visionCalls,
};

/** Distinct values, well apart from one another and from 0, so that no kink lies within a difference step. */
function values({ shape: dimensions, kind, below = 1 }: Operand, salt: number): Float64Array {
  const size = elements(dimensions);
  const draw: Record<Operand['kind'], (i: number) => number> = {
    free: (i) => (((i * 7919 + salt * 131) % size) - size / 2 + 0.25 + salt * 0.11) * (3 / size),
    positive: (i) => 0.5 + ((i * 7919 + salt * 131) % size) / size,
    fixed: (i) => 0.25 + ((i + salt) % 3) / 4,
    ids: (i) => (i * 3 + salt) % below,
  };
  return Float64Array.from({ length: size }, (_, i) => draw[kind](i));
}

/** loss = Σ op(…) ⊙ r with fixed r, so that every output element matters differently. */
function lossGraph(op: string, { operands, attributes }: Call): { graph: Graph; feeds: Record<string, Float64Array> } {
  const builder = new GraphBuilder();
  const inputs = operands.map(({ shape: s, kind }, i) =>
    builder.input(
      `operand${i}`,
      { dtype: kind === 'ids' ? 'i32' : 'f32', shape: s },
      kind === 'free' || kind === 'positive' ? 'parameter' : 'data',
    ),
  );
  const probe = new GraphBuilder();
  const result = probe.apply(
    op,
    operands.map(({ shape: s, kind }, i) =>
      probe.input(`p${i}`, { dtype: kind === 'ids' ? 'i32' : 'f32', shape: s }, 'data'),
    ),
    attributes,
  );
  const size = elements(probe.shapeOf(result));
  const r = builder.input('r', { dtype: 'f32', shape: [size] }, 'data');
  const flat = builder.apply('reshape', [builder.apply(op, inputs, attributes)], { shape: [size] });
  builder.output('loss', builder.apply('reduceSum', [builder.apply('mul', [flat, r])], { axes: [0], keepDims: false }));
  const feeds: Record<string, Float64Array> = Object.fromEntries(
    operands.map((operand, i) => [`operand${i}`, values(operand, i)]),
  );
  feeds['r'] = Float64Array.from({ length: size }, (_, i) => Math.cos(2.3 * i + 0.4));
  return { graph: builder.build(), feeds };
}

const differentiable = Object.values(ops)
  .filter(({ gradient }) => typeof gradient === 'function')
  .map(({ name }) => name);

describe('gradient rules', () => {
  it('have a generator for every op that has a rule', () => {
    expect(differentiable.filter((name) => !calls[name])).toEqual([]);
  });

  it.each(differentiable)('%s equals its finite differences', (op) => {
    fc.assert(
      fc.property(calls[op] ?? fc.constant(call([])), (generated) => {
        const { graph, feeds } = lossGraph(op, generated);
        expect(worstError(checkGradients(graph, 'loss', feeds))).toBeLessThan(2e-6);
      }),
      { seed: 20261122, numRuns: 40 },
    );
  });
});

describe('the conformance table', () => {
  it('has whole, finite counts of FLOPs and bytes for every case', () => {
    const odd = Object.keys(ops).flatMap((op) =>
      [...conformanceCases.filter((row) => row.op === op), ...generatedCases(op)].filter((row) => {
        const call = { inputs: row.operands.map(typeOf), attributes: row.attributes, output: outputTypeOf(row) };
        const [flops, bytes] = [ops[op]?.flops(call) ?? -1, ops[op]?.bytes(call) ?? -1];
        return !(
          Number.isSafeInteger(flops) &&
          flops >= 0 &&
          Number.isSafeInteger(bytes) &&
          bytes >= 0 &&
          bytes % 4 === 0
        );
      }),
    );
    expect(odd.map(({ name }) => name)).toEqual([]);
  });

  it('has rows for every op and no name twice', () => {
    expect(Object.keys(ops).filter((op) => !conformanceCases.some((row) => row.op === op))).toEqual([]);
    expect(ungenerated).toEqual([]);
    expect(new Set(conformanceCases.map(({ name }) => name)).size).toBe(conformanceCases.length);
  });
});
