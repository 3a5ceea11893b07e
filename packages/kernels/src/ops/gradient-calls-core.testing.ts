/** Generated calls of every op that has a gradient rule and no file of generators of its own, with dimensions as wanted. */
import fc from 'fast-check';
import { type Call, call, fixed, free, ids, type Operand, positive } from './gradient-calls.testing.ts';
import { elements } from './shape.ts';

type Calls = fc.Arbitrary<Call>;
/** One dimension of a generated shape. */
type Side = fc.Arbitrary<number>;
type OperandOf = (...shape: number[]) => Operand;

const MOST_AXES = 4;
const upToFourAxes = (side: Side, minLength = 0) => fc.array(side, { minLength, maxLength: MOST_AXES });
const axisOf = (shape: readonly number[], pick: number): number => pick % shape.length;

/** Calls with one operand of any shape. */
export const unaryCalls = (side: Side, attributes: Call['attributes'] = {}, operand: OperandOf = free): Calls =>
  upToFourAxes(side).map((shape) => call([operand(...shape)], attributes));

/** Two shapes that broadcast: one shape, and the same with a prefix dropped and some axes set to 1, in either order. */
export const broadcastCalls = (side: Side, operand: OperandOf): Calls =>
  fc
    .record({
      shape: upToFourAxes(side),
      drop: fc.nat(MOST_AXES),
      ones: fc.array(fc.boolean(), { minLength: MOST_AXES, maxLength: MOST_AXES }),
      swap: fc.boolean(),
    })
    .map(({ shape, drop, ones, swap }) => {
      const other = shape.map((size, axis) => (ones[axis] ? 1 : size)).slice(Math.min(drop, shape.length));
      return call(swap ? [operand(...other), operand(...shape)] : [operand(...shape), operand(...other)]);
    });

/** A condition of one element for the two. */
const choices = (side: Side): Calls =>
  fc
    .tuple(broadcastCalls(side, free), fc.nat(MOST_AXES))
    .map(([{ operands }, rank]) => call([ids(2, ...Array.from({ length: rank }, () => 1)), ...operands]));

const reductions = (side: Side): Calls =>
  fc
    .record({ shape: upToFourAxes(side, 1), keepDims: fc.boolean(), pick: fc.integer({ min: 1, max: 15 }) })
    .map(({ shape, keepDims, pick }) => {
      const axes = shape.map((_, axis) => axis).filter((axis) => pick & (1 << axis));
      return call([free(...shape)], { axes: axes.length > 0 ? axes : [0], keepDims });
    });

const products = (side: Side): Calls =>
  fc
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

const slices = (side: Side): Calls =>
  fc
    .record({ shape: upToFourAxes(side, 1), pick: fc.nat(), from: fc.nat(), keep: fc.nat() })
    .map(({ shape, pick, from, keep }) => {
      const [axis, size] = [axisOf(shape, pick), shape[axisOf(shape, pick)] ?? 1];
      const start = from % size;
      return call([free(...shape)], { axis, start, length: 1 + (keep % (size - start)) });
    });

const pads = (side: Side): Calls =>
  fc
    .record({ shape: upToFourAxes(side, 1), pick: fc.nat(), before: fc.nat(3), after: fc.nat(3) })
    .map(({ shape, pick, before, after }) => call([free(...shape)], { axis: axisOf(shape, pick), before, after }));

const joins = (side: Side): Calls =>
  fc
    .record({ shape: upToFourAxes(side, 1), pick: fc.nat(), sizes: fc.array(side, { minLength: 1, maxLength: 3 }) })
    .map(({ shape, pick, sizes }) => {
      const axis = axisOf(shape, pick);
      return call(
        sizes.map((size) => free(...shape.with(axis, size))),
        { axis },
      );
    });

const transpositions = (side: Side): Calls =>
  fc
    .record({ shape: upToFourAxes(side), order: fc.array(fc.nat(), { minLength: MOST_AXES, maxLength: MOST_AXES }) })
    .map(({ shape, order }) => {
      const permutation = shape.map((_, axis) => axis).sort((a, b) => (order[a] ?? 0) - (order[b] ?? 0));
      return call([free(...shape)], { permutation });
    });

const broadcasts = (side: Side): Calls =>
  upToFourAxes(side).chain((shape) =>
    fc.nat(shape.length).map((drop) => call([free(...shape.slice(drop))], { shape })),
  );

/** Rows of a table by id, and what is added up by id. */
const tables = (side: Side) =>
  fc.record({ rows: side, picked: fc.array(side, { maxLength: 2 }), row: fc.array(side, { maxLength: 2 }) });

export const predictionCalls = (side: Side): Calls =>
  fc.record({ n: side, c: side }).map(({ n, c }) => call([free(n, c), ids(c, n), fixed(n)]));

export const coreCalls = (side: Side): Readonly<Record<string, Calls>> => ({
  add: broadcastCalls(side, free),
  sub: broadcastCalls(side, free),
  mul: broadcastCalls(side, free),
  div: broadcastCalls(side, positive),
  maximum: broadcastCalls(side, free),
  minimum: broadcastCalls(side, free),
  where: choices(side),
  toF32: unaryCalls(side, {}, (...shape) => ids(7, ...shape)),
  neg: unaryCalls(side),
  abs: unaryCalls(side),
  sign: unaryCalls(side),
  exp: unaryCalls(side),
  log: unaryCalls(side, {}, positive),
  sqrt: unaryCalls(side, {}, positive),
  tanh: unaryCalls(side),
  sigmoid: unaryCalls(side),
  erf: unaryCalls(side),
  sin: unaryCalls(side),
  cos: unaryCalls(side),
  power: fc.constantFrom(2, 3, 1, 0, -1, 0.5, -0.5, 1.7).chain((exponent) => unaryCalls(side, { exponent }, positive)),
  relu: unaryCalls(side),
  gelu: unaryCalls(side),
  geluErf: unaryCalls(side),
  scale: unaryCalls(side, { factor: -1.75 }),
  reduceSum: reductions(side),
  reduceMax: reductions(side),
  broadcast: broadcasts(side),
  fill: upToFourAxes(side).map((shape) => call([], { value: 2, shape })),
  reshape: upToFourAxes(side).map((shape) => call([free(...shape)], { shape: [elements(shape), 1] })),
  transpose: transpositions(side),
  slice: slices(side),
  pad: pads(side),
  concat: joins(side),
  matmul: products(side),
  gather: tables(side).map(({ rows, picked, row }) => call([free(rows, ...row), ids(rows, ...picked)])),
  scatterAdd: tables(side).map(({ rows, picked, row }) =>
    call([ids(rows, ...picked), free(...picked, ...row)], { rows }),
  ),
  // Over two features the normalised values are ±1 whatever x is, and what flows back is rounding.
  layerNorm: fc
    .record({ lead: fc.array(side, { maxLength: 2 }), c: side })
    .map(({ lead, c }) => [...lead, Math.max(c, 3)])
    .map((shape) => call([free(...shape), free(shape.at(-1) ?? 1), free(shape.at(-1) ?? 1)], { epsilon: 1e-3 })),
  softmax: fc
    .record({ shape: fc.array(side, { minLength: 2, maxLength: 3 }), causal: fc.boolean() })
    .map(({ shape, causal }) => call([free(...shape)], { factor: 0.7, causal })),
  dropout: upToFourAxes(side).map((shape) => call([free(...shape), ids(1000, 2)], { rate: 0.3, stream: 5 })),
  crossEntropy: predictionCalls(side),
});
