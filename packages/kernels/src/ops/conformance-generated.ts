/**
 * Conformance cases that fast-check generates: for every op a few calls with one-element, odd and large shapes and random
 * attributes. They are the same in every run; a case's name holds the seed and all that it takes to call it again.
 */
import fc from 'fast-check';
import { definitionOf } from '../graph/check-call.ts';
import type { Attributes } from '../graph/graph.ts';
import type { Call, Operand } from './gradient-calls.testing.ts';
import { broadcastCalls, coreCalls, predictionCalls, unaryCalls } from './gradient-calls-core.testing.ts';
import { languageCalls } from './gradient-calls-language.testing.ts';
import { ids as idOperand } from './gradient-calls.testing.ts';
import { visionCalls } from './gradient-calls-vision.testing.ts';
import { type ConformanceCase, caseName } from './conformance-cases.ts';
import { outputTypeOf, typeOf } from './conformance.ts';
import { type Draw, ids, normal, positive, type Row, weights } from './conformance-draws.ts';
import { ops } from './index.ts';
import { elements, type Shape } from './shape.ts';

/** Another number than the default looks elsewhere. */
export const CONFORMANCE_SEED = Number(process.env['MURMURATION_CONFORMANCE_SEED'] ?? 20261122);
/** Cases an op; all of an op's are one program, so that a device compiles them at once. */
const CASES = Number(process.env['MURMURATION_CONFORMANCE_CASES'] ?? 6);
/** Most elements of all of a call's tensors, and most of its FLOPs: the float64 references are slow. */
const MOST_ELEMENTS = 2 ** 14;
const MOST_FLOPS = 2 ** 21;

/** One element, odd, and beyond any tile or workgroup. */
const side = fc.oneof(
  { weight: 2, arbitrary: fc.constant(1) },
  { weight: 5, arbitrary: fc.integer({ min: 2, max: 9 }) },
  { weight: 3, arbitrary: fc.constantFrom(16, 17, 33, 64, 65, 100, 129, 257, 513) },
);

const drawOf = ({ kind, shape, below = 1 }: Operand): Draw => {
  const draws: Record<Operand['kind'], (...shape: number[]) => Draw> = {
    free: normal,
    positive,
    fixed: weights,
    ids: (...dimensions) => ids(below, ...dimensions),
  };
  return draws[kind](...shape);
};

type Rows = fc.Arbitrary<Row>;
const rowsOf = (calls: fc.Arbitrary<Call>): Rows =>
  calls.map(({ operands, attributes }) => [operands.map(drawOf), attributes]);

/** Every op that has a gradient rule. */
const forward: Readonly<Record<string, Rows>> = Object.fromEntries(
  Object.entries({ ...coreCalls(side), ...languageCalls(side), ...visionCalls }).map(([op, calls]) => [
    op,
    rowsOf(calls),
  ]),
);

interface ForwardCall {
  readonly operands: readonly Draw[];
  readonly attributes: Attributes;
  /** The shape of the result. */
  readonly shape: Shape;
  /** The forward op's result, once the operands stand before it. */
  readonly result: Draw;
  /** A gradient of the result. */
  readonly dy: Draw;
}

/** Rows of a backward op made of calls of its forward op. */
const after = (op: string, make: (call: ForwardCall) => Row): Rows =>
  (forward[op] ?? fc.constant<Row>([[]])).map(([operands, attributes = {}]) => {
    const { shape } = outputTypeOf({ op, operands, attributes });
    return make({
      operands,
      attributes,
      shape,
      result: { kind: 'resultOf', shape, op, attributes },
      dy: normal(...shape),
    });
  });

const withGradient = (op: string): Rows => after(op, ({ operands, attributes, dy }) => [[...operands, dy], attributes]);

/** q, k, v, then what `more` adds for one row of queries and keys. */
const attentions = (make: (parts: readonly [q: Draw, k: Draw, v: Draw], call: ForwardCall, logSum: Draw) => Draw[]) =>
  after('attention', (call) => {
    const [q, k, v] = call.operands as [Draw, Draw, Draw];
    const { attributes, shape } = call;
    const logSum: Draw = { kind: 'resultOf', shape: shape.slice(0, 3), op: 'attentionLogSum', attributes, operands: 2 };
    return [make([q, k, v], call, logSum), attributes];
  });

const truthValues = (...shape: number[]) => idOperand(2, ...shape);
const fewValues = (...shape: number[]) => idOperand(3, ...shape);
const comparisons = fc.oneof(rowsOf(broadcastCalls(side, fewValues)), forward['sub'] ?? fc.constant<Row>([[]]));

/** Every op that has none, but for those that only another op's result can feed. */
const others: Readonly<Record<string, Rows>> = {
  equal: comparisons,
  less: comparisons,
  lessOrEqual: comparisons,
  and: rowsOf(broadcastCalls(side, truthValues)),
  or: rowsOf(broadcastCalls(side, truthValues)),
  not: rowsOf(unaryCalls(side, {}, truthValues)),
  toI32: forward['neg'] ?? fc.constant<Row>([[]]),
  reluGradient: withGradient('relu'),
  geluGradient: withGradient('gelu'),
  geluErfGradient: withGradient('geluErf'),
  maxPool2dGradient: after('maxPool2d', ({ operands, attributes, result, dy }) => [
    [...operands, result, dy],
    attributes,
  ]),
  batchNormGainGradient: after('batchNorm', ({ operands: [x, , , mean, variance], attributes, dy }) => [
    [x, mean, variance, dy] as Draw[],
    attributes,
  ]),
  layerNormInputGradient: after('layerNorm', ({ operands: [x, gain], attributes, dy }) => [
    [x, gain, dy] as Draw[],
    attributes,
  ]),
  layerNormGainGradient: after('layerNorm', ({ operands: [x], attributes, dy }) => [[x, dy] as Draw[], attributes]),
  rmsNormInputGradient: after('rmsNorm', ({ operands: [x, gain], attributes, dy }) => [
    [x, gain, dy] as Draw[],
    attributes,
  ]),
  rmsNormGainGradient: after('rmsNorm', ({ operands: [x], attributes, dy }) => [[x, dy] as Draw[], attributes]),
  softmaxGradient: after('softmax', ({ shape, attributes: { factor = 1 }, dy }) => [
    [weights(...shape), dy],
    { factor },
  ]),
  attentionLogSum: attentions(([q, k]) => [q, k]),
  attentionQueryGradient: attentions((parts, { result, dy }, logSum) => [...parts, result, dy, logSum]),
  attentionKeyGradient: attentions((parts, { result, dy }, logSum) => [...parts, result, dy, logSum]),
  attentionValueGradient: attentions(([q, k], { dy }, logSum) => [q, k, dy, logSum]),
  crossEntropyGradient: rowsOf(predictionCalls(side)),
  countCorrect: rowsOf(predictionCalls(side)),
};

function affordable(op: string, [operands, attributes = {}]: Row): boolean {
  const count = operands.reduce((sum, { shape }) => sum + elements(shape), 0);
  if (count > MOST_ELEMENTS) return false;
  const output = outputTypeOf({ op, operands, attributes });
  const flops = definitionOf(op, op).flops({ inputs: operands.map(typeOf), attributes, output });
  return elements(output.shape) <= MOST_ELEMENTS && flops <= MOST_FLOPS;
}

const generators: Readonly<Record<string, Rows>> = { ...forward, ...others };

/** Ops without a generator. */
export const ungenerated: readonly string[] = Object.keys(ops).filter((op) => generators[op] === undefined);

/** The generated cases of an op. */
export function generatedCases(op: string): readonly ConformanceCase[] {
  const generator = generators[op];
  if (generator === undefined) return [];
  const rows = fc.sample(
    generator.filter((row) => affordable(op, row)),
    { seed: CONFORMANCE_SEED, numRuns: CASES },
  );
  return rows.map(([operands, attributes = {}], index) => ({
    op,
    operands,
    attributes,
    name: caseName(`${op}@${CONFORMANCE_SEED}.${index}`, operands, attributes),
  }));
}
