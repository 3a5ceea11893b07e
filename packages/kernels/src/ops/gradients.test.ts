/** Every differentiable op's rule against finite differences of its float64 reference, over generated shapes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import { checkGradients, worstError } from '../graph/finite-differences.ts';
import type { Attributes, Graph } from '../graph/graph.ts';
import { conformanceCases } from './conformance.ts';
import { type Call, call, fixed, free, ids, type Operand, positive } from './gradient-calls.testing.ts';
import { visionCalls } from './gradient-calls-vision.testing.ts';
import { ops } from './index.ts';
import { elements } from './shape.ts';

const side = fc.integer({ min: 1, max: 5 });
const shape = fc.array(side, { minLength: 0, maxLength: 4 });
const matrixOrMore = fc.array(side, { minLength: 2, maxLength: 3 });

const unary = (attributes: Attributes = {}, operand = free) => shape.map((s) => call([operand(...s)], attributes));

/** Two shapes that broadcast: one shape, and the same with a prefix dropped and some axes set to 1, in either order. */
const broadcastPair = (operand: typeof free): fc.Arbitrary<Call> =>
  fc
    .record({
      s: shape,
      drop: fc.nat(4),
      ones: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      swap: fc.boolean(),
    })
    .map(({ s, drop, ones, swap }) => {
      const other = s.map((dimension, axis) => (ones[axis] ? 1 : dimension)).slice(Math.min(drop, s.length));
      return call(swap ? [operand(...other), operand(...s)] : [operand(...s), operand(...other)]);
    });

const reduction = fc
  .record({
    s: fc.array(side, { minLength: 1, maxLength: 4 }),
    keepDims: fc.boolean(),
    pick: fc.integer({ min: 1, max: 15 }),
  })
  .map(({ s, keepDims, pick }) => {
    const axes = s.map((_, axis) => axis).filter((axis) => pick & (1 << axis));
    return call([free(...s)], { axes: axes.length > 0 ? axes : [0], keepDims });
  });

const product = fc
  .record({
    batch: fc.array(side, { maxLength: 2 }),
    m: side,
    k: side,
    n: side,
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    shared: fc.boolean(),
  })
  .map(({ batch, m, k, n, transposeA, transposeB, shared }) =>
    call(
      [
        free(...batch, ...(transposeA ? [k, m] : [m, k])),
        free(...(shared ? [] : batch), ...(transposeB ? [n, k] : [k, n])),
      ],
      { transposeA, transposeB },
    ),
  );

const axisOf = (s: readonly number[], pick: number): number => pick % s.length;
const sliced = fc
  .record({ s: fc.array(side, { minLength: 1, maxLength: 4 }), pick: fc.nat(), from: fc.nat(), keep: fc.nat() })
  .map(({ s, pick, from, keep }) => {
    const [axis, size] = [axisOf(s, pick), s[axisOf(s, pick)] ?? 1];
    const start = from % size;
    return call([free(...s)], { axis, start, length: 1 + (keep % (size - start)) });
  });
const padded = fc
  .record({ s: fc.array(side, { minLength: 1, maxLength: 4 }), pick: fc.nat(), before: fc.nat(3), after: fc.nat(3) })
  .map(({ s, pick, before, after }) => call([free(...s)], { axis: axisOf(s, pick), before, after }));
const joined = fc
  .record({
    s: fc.array(side, { minLength: 1, maxLength: 4 }),
    pick: fc.nat(),
    sizes: fc.array(side, { minLength: 1, maxLength: 3 }),
  })
  .map(({ s, pick, sizes }) =>
    call(
      sizes.map((size) => free(...s.with(axisOf(s, pick), size))),
      { axis: axisOf(s, pick) },
    ),
  );
const transposed = fc
  .record({ s: shape, seed: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }) })
  .map(({ s, seed }) => {
    const permutation = s.map((_, axis) => axis).sort((a, b) => (seed[a] ?? 0) - (seed[b] ?? 0));
    return call([free(...s)], { permutation });
  });

const predictions = fc.record({ n: side, c: side }).map(({ n, c }) => call([free(n, c), ids(c, n), fixed(n)]));

/** One generator of calls for every op that has a gradient rule. */
const calls: Readonly<Record<string, fc.Arbitrary<Call>>> = {
  add: broadcastPair(free),
  sub: broadcastPair(free),
  mul: broadcastPair(free),
  div: broadcastPair(positive),
  maximum: broadcastPair(free),
  minimum: broadcastPair(free),
  where: broadcastPair(free).chain(({ operands }) =>
    shape.map((s) => s.map(() => 1)).map((s) => call([ids(2, ...s), ...operands])),
  ),
  toF32: shape.map((s) => call([ids(7, ...s)])),
  neg: unary(),
  abs: unary(),
  sign: unary(),
  exp: unary(),
  log: unary({}, positive),
  sqrt: unary({}, positive),
  tanh: unary(),
  sigmoid: unary(),
  erf: unary(),
  sin: unary(),
  cos: unary(),
  power: fc.constantFrom(2, 3, 1, 0, -1, 0.5, -0.5, 1.7).chain((exponent) => unary({ exponent }, positive)),
  relu: unary(),
  gelu: unary(),
  geluErf: unary(),
  scale: unary({ factor: -1.75 }),
  reduceSum: reduction,
  reduceMax: reduction,
  broadcast: shape.chain((s) => fc.nat(s.length).map((drop) => call([free(...s.slice(drop))], { shape: s }))),
  fill: fc.constant(call([], { value: 2, shape: [3] })),
  reshape: shape.map((s) => call([free(...s)], { shape: [elements(s), 1] })),
  transpose: transposed,
  slice: sliced,
  pad: padded,
  concat: joined,
  matmul: product,
  gather: fc
    .record({ rows: side, s: fc.array(side, { maxLength: 2 }), r: fc.array(side, { maxLength: 2 }) })
    .map(({ rows, s, r }) => call([free(rows, ...r), ids(rows, ...s)])),
  scatterAdd: fc
    .record({ rows: side, s: fc.array(side, { maxLength: 2 }), r: fc.array(side, { maxLength: 2 }) })
    .map(({ rows, s, r }) => call([ids(rows, ...s), free(...s, ...r)], { rows })),
  ...visionCalls,
  layerNorm: fc
    .record({ lead: fc.array(side, { maxLength: 2 }), c: fc.integer({ min: 2, max: 7 }) })
    .map(({ lead, c }) => call([free(...lead, c), free(c), free(c)], { epsilon: 1e-3 })),
  rmsNorm: fc
    .record({ lead: fc.array(side, { maxLength: 2 }), c: fc.integer({ min: 2, max: 7 }) })
    .map(({ lead, c }) => call([free(...lead, c), free(c)], { epsilon: 1e-3 })),
  rotaryTable: fc.constant(call([], { length: 3, size: 4, theta: 100 })),
  rotary: fc
    .record({ lead: fc.array(side, { maxLength: 2 }), n: side, half: side, inverse: fc.boolean() })
    .map(({ lead, n, half, inverse }) => call([free(...lead, n, 2 * half), fixed(2, n, half)], { inverse })),
  attention: fc
    .record({
      b: side,
      g: fc.integer({ min: 1, max: 2 }),
      r: fc.integer({ min: 1, max: 3 }),
      n: side,
      m: side,
      d: side,
      causal: fc.boolean(),
    })
    .map(({ b, g, r, n, m, d, causal }) =>
      call([free(b, g * r, n, d), free(b, g, m, d), free(b, g, m, d)], { factor: 0.6, causal }),
    ),
  softmax: fc
    .record({ s: matrixOrMore, causal: fc.boolean() })
    .map(({ s, causal }) => call([free(...s)], { factor: 0.7, causal })),
  dropout: shape.map((s) => call([free(...s), ids(1000, 2)], { rate: 0.3, stream: 5 })),
  crossEntropy: predictions,
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
  it('has rows for every op and no name twice', () => {
    expect(Object.keys(ops).filter((op) => !conformanceCases.some((row) => row.op === op))).toEqual([]);
    expect(new Set(conformanceCases.map(({ name }) => name)).size).toBe(conformanceCases.length);
  });
});
