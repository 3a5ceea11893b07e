/**
 * The part of the conformance suite about graphs that nobody wrote: chains of ops drawn from a seed, and their gradients.
 * What a backend fuses, shares, reorders or keeps in registers is tested here.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import { GRADIENT_PREFIX, withGradients } from '../graph/gradient.ts';
import type { Graph, ValueId } from '../graph/graph.ts';
import { interpret } from '../graph/interpret.ts';
import { parameterViews } from '../graph/parameter-layout.ts';
import { initialise } from '../models/initialise.ts';
import { greater, reduceMean, square } from '../ops/composites.ts';
import { CONFORMANCE_SEED } from '../ops/conformance-generated.ts';
import { broadcastShapes, elements } from '../ops/shape.ts';
import type { Backend } from './backend.ts';
import { programOf } from './conformance-programs.ts';
import { drained, withExecutable } from './conformance-steps.ts';

const GRAPHS = 10;
const STEPS = 14;
const MOST_ELEMENTS = 1200;
const WIDTH = 6;
/** Relative to the largest element: errors of a dozen ops in a row. */
const TOLERANCE = 5e-5;

/** The inputs that steps may use at any time. */
interface Fixed {
  /** [WIDTH, WIDTH] */
  readonly matrix: ValueId;
  /** [WIDTH] */
  readonly row: ValueId;
  readonly seed: ValueId;
}
/** Null where the operands don't fit. */
type Step = (builder: GraphBuilder, a: ValueId, b: ValueId, fixed: Fixed) => ValueId | null;

const unary =
  (op: string, attributes = {}): Step =>
  (builder, a) =>
    builder.apply(op, [a], attributes);
const binary =
  (op: string): Step =>
  (builder, a, b) => {
    const shape = broadcastShapes(builder.shapeOf(a), builder.shapeOf(b));
    return shape && elements(shape) <= MOST_ELEMENTS ? builder.apply(op, [a, b]) : null;
  };
const lastOf = (builder: GraphBuilder, value: ValueId): number => builder.shapeOf(value).at(-1) ?? 0;
const isMatrix = (builder: GraphBuilder, value: ValueId): boolean => builder.shapeOf(value).length === 2;

/** Smooth where values are usual, so that a rounding error never moves a gradient far; results stay about 1. */
const steps: readonly Step[] = [
  unary('tanh'),
  unary('sigmoid'),
  unary('gelu'),
  unary('neg'),
  unary('scale', { factor: 0.7 }),
  (builder, a) => square(builder, builder.apply('tanh', [a])),
  (builder, a) => builder.apply('exp', [builder.apply('tanh', [a])]),
  (builder, a) => builder.apply('add', [a, builder.apply('fill', [], { value: 0.25, shape: [] })]),
  (builder, a) => builder.apply('maximum', [a, builder.apply('fill', [], { value: 0.123, shape: [1] })]),
  (builder, a, b, { seed }) => builder.apply('dropout', [a, seed], { rate: 0.25, stream: b }),
  binary('add'),
  binary('sub'),
  binary('mul'),
  (builder, a, b, fixed) => {
    const sum = binary('add')(builder, a, b, fixed);
    const limit = builder.apply('fill', [], { value: 0.4, shape: [] });
    return sum === null ? null : builder.apply('where', [greater(builder, sum, limit), sum, limit]);
  },
  (builder, a) => {
    const axes = [builder.shapeOf(a).length - 1];
    return axes[0] === -1 ? null : reduceMean(builder, a, { axes, keepDims: true });
  },
  (builder, a) => (isMatrix(builder, a) ? builder.apply('transpose', [a], { permutation: [1, 0] }) : null),
  (builder, a) => (builder.shapeOf(a).length > 1 ? builder.apply('softmax', [a], { factor: 2, causal: false }) : null),
  (builder, a, _, { row }) =>
    lastOf(builder, a) === WIDTH ? builder.apply('layerNorm', [a, row, row], { epsilon: 0.1 }) : null,
  (builder, a, _, { matrix }) =>
    isMatrix(builder, a) && lastOf(builder, a) === WIDTH
      ? builder.apply('matmul', [a, matrix], { transposeA: false, transposeB: true })
      : null,
  (builder, a) => {
    if (!isMatrix(builder, a)) return null;
    const gram = builder.apply('matmul', [a, a], { transposeA: false, transposeB: true });
    return builder.apply('scale', [gram], { factor: 1 / lastOf(builder, a) });
  },
  (builder, a) => {
    const [length = 1] = builder.shapeOf(a);
    return length > 1 ? builder.apply('slice', [a], { axis: 0, start: 1, length: length - 1 }) : null;
  },
  (builder, a) =>
    builder.shapeOf(a).length > 0 && 2 * elements(builder.shapeOf(a)) <= MOST_ELEMENTS
      ? builder.apply('concat', [a, builder.apply('neg', [a])], { axis: 0 })
      : null,
  (builder, a) => builder.apply('reshape', [a], { shape: [...builder.shapeOf(a)].reverse() }),
];

interface Choice {
  readonly step: number;
  /** How far back the operands are looked for. */
  readonly a: number;
  readonly b: number;
}

/** Steps on x, each on recent results; the loss is the mean square of what comes out. */
function graphOf(choices: readonly Choice[]): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [5, WIDTH] }, 'parameter');
  const fixed: Fixed = {
    matrix: builder.input('matrix', { dtype: 'f32', shape: [WIDTH, WIDTH] }, 'data'),
    row: builder.input('row', { dtype: 'f32', shape: [WIDTH] }, 'data'),
    seed: builder.input('seed', { dtype: 'i32', shape: [2] }, 'data'),
  };
  const values = [x];
  for (const { step, a, b } of choices) {
    const back = (by: number): ValueId => values.at(-1 - by) ?? x;
    const [one, other] = [back(a % Math.min(values.length, 3)), back(b % values.length)];
    const result = steps[step]?.(builder, one, other, fixed) ?? null;
    if (result !== null) values.push(result);
  }
  const last = values.at(-1) ?? x;
  const axes = builder.shapeOf(last).map((_, axis) => axis);
  const squares = square(builder, last);
  builder.output('loss', axes.length > 0 ? reduceMean(builder, squares, { axes, keepDims: false }) : squares);
  return builder.build();
}

/** A graph whose one output is the gradient of x. */
function gradientOf(graph: Graph): Graph {
  const { inputs, nodes, outputs } = withGradients(graph, 'loss');
  const y = outputs.find(({ name }) => name === `${GRADIENT_PREFIX}x`)?.value ?? -1;
  return {
    inputs: inputs.map((input) => ({ ...input, role: 'data' })),
    nodes,
    outputs: [{ name: 'y', value: y }],
  };
}

function normal(size: number, name: string): Float32Array {
  const values = new Float32Array(size);
  initialise(values, { kind: 'normal', deviation: 1 }, 3, name);
  return values;
}

const feeds = {
  x: normal(5 * WIDTH, 'x'),
  matrix: normal(WIDTH * WIDTH, 'matrix').map((value) => value / Math.sqrt(WIDTH)),
  row: normal(WIDTH, 'row'),
  seed: Int32Array.of(20, 26),
};

const choice = fc.record({ step: fc.nat(steps.length - 1), a: fc.nat(), b: fc.nat() });

function drawnGraphs() {
  const drawn = fc.sample(fc.array(choice, { minLength: STEPS, maxLength: STEPS }), {
    seed: CONFORMANCE_SEED,
    numRuns: GRAPHS,
  });
  return drawn.flatMap((choices, index) => {
    const [forward, name] = [graphOf(choices), `graph ${CONFORMANCE_SEED}.${index}`];
    const loss = { ...forward, inputs: forward.inputs.map((input) => ({ ...input, role: 'data' as const })) };
    return [
      { name: `${name} loss`, graph: loss },
      { name: `${name} gradient`, graph: gradientOf(forward) },
    ].map(({ name: label, graph }) => ({
      name: label,
      graph,
      feeds,
      expected: interpret(graph, feeds)[graph.outputs[0]?.name ?? ''] ?? new Float64Array(),
    }));
  });
}

export function describeGraphs(backend: () => Backend): void {
  it('drawn at random have the reference’s losses and gradients', async () => {
    const { program, batch, cases } = programOf(drawnGraphs());
    const results = await withExecutable(backend(), program, async (executable) => {
      await executable.load(new Float32Array(program.layout.size));
      await executable.accumulate(batch);
      return parameterViews(program.layout, await drained(executable, program));
    });
    const wrong = cases.flatMap(({ name, expected }) => {
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 2 ** -20);
      const error = expected.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (results[name]?.[i] ?? Number.NaN))),
        0,
      );
      return error / largest < TOLERANCE ? [] : [`${name} is off by ${error / largest} of its largest element`];
    });
    expect(wrong).toEqual([]);
  });
}
