/**
 * What ops make of NaN and ∞: the rules of docs/numerics.md as rows. Backends in fast numerics and the interpreter of exact
 * arithmetic give the same, but for rows that say otherwise.
 */
import { GraphBuilder } from '../graph/builder.ts';
import type { Attributes, Graph } from '../graph/graph.ts';
import { f32, i32 } from './shape.ts';

interface Values {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly dtype?: 'i32';
}

/** null: any value, NaN among them. NaN: a value that is not finite, since adapters differ in which. */
type Expected = readonly (number | null)[];

interface Row {
  readonly op: string;
  readonly operands: readonly Values[];
  readonly attributes: Attributes;
  readonly expected: Expected;
}

export interface ExtremeCase {
  readonly name: string;
  readonly op: string;
  /** Inputs `a`, `b`, …; output `y`. */
  readonly graph: Graph;
  readonly feeds: Readonly<Record<string, Float32Array | Int32Array>>;
  readonly expected: Expected;
}

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
const list = (...values: number[]): Values => ({ shape: [values.length], values });
const table = (...rows: number[][]): Values => ({ shape: [rows.length, rows[0]?.length ?? 0], values: rows.flat() });
const whole = (...values: number[]): Values => ({ ...list(...values), dtype: 'i32' });
const row = (op: string, operands: readonly Values[], expected: Expected, attributes: Attributes = {}): Row => ({
  op,
  operands,
  attributes,
  expected,
});

/** NaN in gives NaN (or ±∞) out where it went in, and nowhere else. */
const arithmetic: readonly Row[] = [
  ...['neg', 'abs', 'exp', 'log', 'sqrt', 'tanh', 'sigmoid', 'erf', 'sin', 'cos', 'gelu', 'geluErf', 'relu'].map((op) =>
    row(op, [list(nan, 0.5, nan)], [nan, null, nan]),
  ),
  row('scale', [list(nan, 2)], [nan, 6], { factor: 3 }),
  ...[2, -1, 0.5, -0.5, 1.7, 9].map((exponent) => row('power', [list(nan, 1)], [nan, 1], { exponent })),
  ...['add', 'sub', 'mul', 'div'].map((op) => row(op, [list(nan, 1, 3), list(2, nan, 1)], [nan, nan, null])),
  row('mul', [list(nan, 0), list(0, nan)], [nan, nan]),
  row('reduceSum', [table([nan, 1], [2, 3])], [nan, 5], { axes: [1], keepDims: false }),
  row('matmul', [table([nan, 1], [2, 3]), table([1, 0], [0, 1])], [nan, nan, 2, 3], {
    transposeA: false,
    transposeB: false,
  }),
  row('layerNorm', [table([nan, 1], [2, 2]), list(1, 1), list(7, 7)], [nan, nan, 7, 7], { epsilon: 1e-5 }),
  row('rmsNorm', [table([nan, 1], [0, 0]), list(1, 1)], [nan, nan, 0, 0], { epsilon: 1e-5 }),
  row('softmax', [table([nan, 1], [0, 0])], [nan, null, 0.5, 0.5], { factor: 1, causal: false }),
  row('crossEntropy', [table([nan, 1], [0, 0]), whole(1, 1), list(1, 1)], [nan]),
  // A backend that sums by a product with zeros and ones spreads it.
  row('scatterAdd', [whole(1, 0, 1), list(nan, 2, 3)], [null, nan], { rows: 2 }),
  row('dropout', [list(nan, 1), whole(0, 0)], [nan, 1], { rate: 0, stream: 0 }),
];

/** Bits are moved, so NaN and ∞ are moved; what is not chosen leaves no trace. */
const moves: readonly Row[] = [
  row('where', [whole(1, 0, 0), list(nan, nan, nan), list(1, 2, inf)], [nan, 2, inf]),
  row('gather', [table([nan, 1], [inf, 2]), whole(1, 0)], [inf, 2, nan, 1]),
  row('transpose', [table([nan, 1], [inf, 2])], [nan, inf, 1, 2], { permutation: [1, 0] }),
  row('slice', [list(nan, 1, inf)], [1, inf], { axis: 0, start: 1, length: 2 }),
  row('pad', [list(nan, inf)], [0, nan, inf], { axis: 0, before: 1, after: 0 }),
  row('concat', [list(nan), list(-inf)], [nan, -inf], { axis: 0 }),
  row('broadcast', [list(nan)], [nan, nan], { shape: [2] }),
  row('reluGradient', [list(-1, 1), list(nan, nan)], [0, nan]),
];

/** No comparison with NaN holds. */
const comparisons: readonly Row[] = [
  ...['equal', 'less', 'lessOrEqual'].map((op) => row(op, [list(nan, 1, nan), list(nan, nan, 1)], [0, 0, 0])),
  row('less', [list(-inf, inf, inf), list(0, 0, inf)], [1, 0, 0]),
  row('maximum', [list(inf, -inf), list(1, 1)], [inf, 1]),
  row('minimum', [list(inf, -inf), list(1, 1)], [1, -inf]),
  row('relu', [list(inf, -inf)], [inf, 0]),
  row('reduceMax', [table([-inf, 1], [inf, 2])], [1, inf], { axes: [1], keepDims: false }),
  row('sign', [list(inf, -inf, 0)], [1, -1, 0]),
];

/** Overflow, poles and their inverses. */
const infinities: readonly Row[] = [
  row('exp', [list(100, -inf, inf)], [inf, 0, inf]),
  row('log', [list(0, inf, -1)], [-inf, inf, nan]),
  row('sqrt', [list(inf, -1, 0)], [inf, nan, 0]),
  row('tanh', [list(inf, -inf, 100)], [1, -1, 1]),
  row('sigmoid', [list(inf, -inf, 100)], [1, 0, 1]),
  row('erf', [list(inf, -inf)], [1, -1]),
  row('add', [list(inf, inf), list(-inf, 1)], [nan, inf]),
  row('mul', [list(0, 3e38, inf), list(inf, 10, -1)], [nan, inf, -inf]),
  row('div', [list(1, -1, 0, 1), list(0, 0, 0, inf)], [inf, -inf, nan, 0]),
  row('power', [list(0, inf)], [inf, 0], { exponent: -1 }),
  // What a mask of −∞ is for.
  row('softmax', [table([-inf, 0, 0])], [0, 0.5, 0.5], { factor: 1, causal: false }),
];

const letter = (index: number): string => String.fromCharCode('a'.charCodeAt(0) + index);

function caseOf({ op, operands, attributes, expected }: Row, index: number): ExtremeCase {
  const builder = new GraphBuilder();
  const inputs = operands.map(({ shape, dtype }, operand) =>
    builder.input(letter(operand), dtype === 'i32' ? i32(shape) : f32(shape), 'data'),
  );
  builder.output('y', builder.apply(op, inputs, attributes));
  const feeds = operands.map(({ values, dtype }, operand) => [
    letter(operand),
    dtype === 'i32' ? Int32Array.from(values) : Float32Array.from(values),
  ]);
  const given = operands.map(({ values }) => `[${values}]`).join(' ');
  return {
    name: `${op}!${index} ${given} ${JSON.stringify(attributes)}`,
    op,
    graph: builder.build(),
    feeds: Object.fromEntries(feeds),
    expected,
  };
}

export const extremeCases: readonly ExtremeCase[] = [...arithmetic, ...moves, ...comparisons, ...infinities].map(
  caseOf,
);

/** Sentences about elements that are not as a case expects. */
export function extremeProblems({ name, expected }: ExtremeCase, actual: ArrayLike<number>): string[] {
  return expected.flatMap((value, i) => {
    const found = actual[i] ?? null;
    return isRight(found, value) ? [] : [`${name}: element ${i} is ${found}, expected ${value}`];
  });
}

function isRight(found: number | null, value: number | null): boolean {
  if (value === null || found === value) return true;
  if (found === null) return false;
  return Number.isNaN(value) ? !Number.isFinite(found) : Math.abs(found - value) <= 1e-5 * Math.abs(value);
}
