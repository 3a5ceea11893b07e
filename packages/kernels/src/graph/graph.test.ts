/** The graph itself: what is refused and how, what printing, hashing and simplifying keep. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildStepProgram } from '../models/build-step-program.ts';
import type { ModelSpec } from '../models/spec.ts';
import { GraphBuilder } from './builder.ts';
import { costOf } from './cost.ts';
import { NotDifferentiableError } from './errors.ts';
import { withGradients } from './gradient.ts';
import type { Graph, TensorType } from './graph.ts';
import { canonicalGraph, hashGraph } from './hash.ts';
import { interpret } from './interpret.ts';
import { printGraph } from './print.ts';
import { renumber, simplify } from './simplify.ts';
import { verifyGraph } from './verify.ts';

const f32 = (...shape: number[]): TensorType => ({ dtype: 'f32', shape });

/** y = Σ relu(x·w) with a value that nobody needs. */
function sample(): Graph {
  const builder = new GraphBuilder();
  const w = builder.input('w', f32(3, 2), 'parameter');
  const x = builder.input('x', f32(4, 3), 'data');
  const product = builder.apply('matmul', [x, w], { transposeB: false, transposeA: false });
  builder.apply('neg', [product]);
  const active = builder.apply('relu', [product]);
  builder.output('y', builder.apply('reduceSum', [active], { axes: [0, 1], keepDims: false }));
  return builder.build();
}

describe('a graph from elsewhere', () => {
  const bad: readonly (readonly [string, (graph: Graph) => unknown, RegExp])[] = [
    ['reads a value made later', (g) => ({ ...g, nodes: g.nodes.toReversed() }), /not made before it/],
    [
      'declares a false type',
      (g) => ({ ...g, nodes: g.nodes.with(0, { ...g.nodes[0]!, output: f32(4, 3) }) }),
      /declares f32\[4,3\] but gives f32\[4,2\]/,
    ],
    [
      'names an input twice',
      (g) => ({ ...g, inputs: g.inputs.map((input) => ({ ...input, name: 'x' })) }),
      /used twice/,
    ],
    [
      'has an unknown role',
      (g) => ({ ...g, inputs: g.inputs.map((input) => ({ ...input, role: 'magic' })) }),
      /unknown role/,
    ],
    [
      'has an unknown dtype',
      (g) => ({ ...g, inputs: g.inputs.map((input) => ({ ...input, type: { dtype: 'f16', shape: [1] } })) }),
      /unknown dtype/,
    ],
    ['returns a value that is not there', (g) => ({ ...g, outputs: [{ name: 'y', value: 99 }] }), /no value 99/],
    ['returns a fraction of a value', (g) => ({ ...g, outputs: [{ name: 'y', value: 0.5 }] }), /no value 0.5/],
  ];

  it.each(bad)('%s and is refused', (_, spoil, problem) => {
    expect(() => verifyGraph(spoil(sample()) as Graph)).toThrow(problem);
  });

  it('is returned as it is when legal', () => {
    const graph = sample();
    expect(verifyGraph(graph)).toBe(graph);
  });
});

describe('a builder', () => {
  it('refuses inputs after nodes, names used twice and values of nobody', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', f32(1), 'data');
    expect(() => builder.input('x', f32(1), 'data')).toThrow(/declared twice/);
    builder.output('y', builder.apply('neg', [x]));
    expect(() => builder.output('y', x)).toThrow(/named twice/);
    expect(() => builder.input('z', f32(1), 'data')).toThrow(/after a node/);
    expect(() => builder.apply('neg', [17])).toThrow(/no such value/);
  });
});

describe('text', () => {
  it('is one node a line, attributes in order of their names', () => {
    expect(printGraph(sample())).toBe(
      [
        '%0 = parameter "w" : f32[3,2]',
        '%1 = data "x" : f32[4,3]',
        '%2 = matmul(%1, %0) {transposeA: false, transposeB: false} : f32[4,2]',
        '%3 = neg(%2) : f32[4,2]',
        '%4 = relu(%2) : f32[4,2]',
        '%5 = reduceSum(%4) {axes: [0,1], keepDims: false} : f32[]',
        'return "y" %5',
        '',
      ].join('\n'),
    );
  });
});

const gptSpec: ModelSpec = { type: 'gpt', vocab: 7, layers: 1, heads: 2, width: 4, block: 3, tied: true };

/** The nodes in another order in which values still come before their uses, chosen by `picks`. */
function shuffled(graph: Graph, picks: readonly number[]): Graph {
  const first = graph.inputs.length;
  const placed = new Set<number>();
  const order: number[] = [];
  while (order.length < graph.nodes.length) {
    const ready = graph.nodes.flatMap((node, index) =>
      !placed.has(index) && node.inputs.every((value) => value < first || placed.has(value - first)) ? [index] : [],
    );
    const next = ready[(picks[order.length % picks.length] ?? 0) % ready.length] ?? 0;
    placed.add(next);
    order.push(next);
  }
  return renumber(graph, order);
}

describe('the hash', () => {
  const { train } = buildStepProgram(gptSpec, 2);

  it('does not depend on numbering, node order or dead nodes', async () => {
    const expected = await hashGraph(train);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { minLength: 1, maxLength: 50 }), async (picks) => {
        const builder = GraphBuilder.from(shuffled(train, picks));
        builder.apply('exp', [0]);
        expect(await hashGraph(builder.build())).toBe(expected);
      }),
      { seed: 5, numRuns: 20 },
    );
  });

  it('does not depend on a call being made twice', async () => {
    const build = (twice: boolean): Graph => {
      const builder = new GraphBuilder();
      const x = builder.input('x', f32(2), 'data');
      const a = builder.apply('exp', [x]);
      builder.output('y', builder.apply('add', [a, twice ? builder.apply('exp', [x]) : a]));
      return builder.build();
    };
    expect(await hashGraph(build(true))).toBe(await hashGraph(build(false)));
  });

  it('depends on ops, attributes, names and shapes', async () => {
    const build = (op: string, name: string, shape: number[], factor: number): Graph => {
      const builder = new GraphBuilder();
      const x = builder.input(name, f32(...shape), 'data');
      builder.output('y', builder.apply('scale', [builder.apply(op, [x])], { factor }));
      return builder.build();
    };
    const graphs = [
      build('exp', 'x', [2], 2),
      build('neg', 'x', [2], 2),
      build('exp', 'z', [2], 2),
      build('exp', 'x', [3], 2),
      build('exp', 'x', [2], 3),
    ];
    expect(new Set(await Promise.all(graphs.map(hashGraph))).size).toBe(graphs.length);
  });

  it('is golden for a whole model', async () => {
    expect(await hashGraph(train)).toBe('0xcceca17ab58e2d0ae0aa7321bfc30ee1913858552db49f3a99e9716e72c659f8');
  });

  it('is taken over a legal graph that computes the same', () => {
    const canonical = verifyGraph(canonicalGraph(sample()));
    const feeds = { w: [1, -2, 3, -4, 5, -6], x: Array.from({ length: 12 }, (_, i) => i - 5) };
    expect(interpret(canonical, feeds)).toEqual(interpret(sample(), feeds));
    expect(canonical.nodes.map(({ op }) => op)).toEqual(['matmul', 'relu', 'reduceSum']);
  });
});

describe('simplifying', () => {
  const x = Array.from({ length: 24 }, (_, i) => Math.sin(i));
  const cases: readonly (readonly [string, (b: GraphBuilder, x: number) => number, string[]])[] = [
    ['a product with ones', (b, v) => b.apply('mul', [b.apply('fill', [], { value: 1, shape: [3, 4] }), v]), []],
    [
      'a product with ones that broadcasts',
      (b, v) => b.apply('mul', [b.apply('fill', [], { value: 1, shape: [5, 1, 1, 1] }), v]),
      ['fill', 'mul'],
    ],
    ['a scale by 1', (b, v) => b.apply('scale', [v], { factor: 1 }), []],
    [
      'a chain of reshapes',
      (b, v) => b.apply('reshape', [b.apply('reshape', [v], { shape: [24] })], { shape: [6, 4] }),
      ['reshape'],
    ],
    [
      'a reshape and back',
      (b, v) => b.apply('reshape', [b.apply('reshape', [v], { shape: [24] })], { shape: [2, 3, 4] }),
      [],
    ],
    ['an idle transpose', (b, v) => b.apply('transpose', [v], { permutation: [0, 1, 2] }), []],
    ['a slice of everything', (b, v) => b.apply('slice', [v], { axis: 1, start: 0, length: 3 }), []],
    ['a concat of one', (b, v) => b.apply('concat', [v], { axis: 1 }), []],
    [
      'a transpose under a product',
      (b, v) =>
        b.apply('matmul', [v, b.apply('transpose', [v], { permutation: [0, 2, 1] })], {
          transposeA: false,
          transposeB: false,
        }),
      ['matmul'],
    ],
    [
      'another transpose under a product',
      (b, v) =>
        b.apply(
          'matmul',
          [b.apply('reshape', [v], { shape: [4, 3, 2] }), b.apply('transpose', [v], { permutation: [2, 0, 1] })],
          { transposeA: false, transposeB: false },
        ),
      ['reshape', 'transpose', 'matmul'],
    ],
    [
      'an operand that is broadcast to what it would be anyway',
      (b, v) =>
        b.apply('sub', [
          b.apply('broadcast', [b.apply('fill', [], { value: 2, shape: [3, 1] })], { shape: [2, 3, 4] }),
          v,
        ]),
      ['fill', 'sub'],
    ],
    [
      'an operand that is broadcast to what the other is not',
      (b, v) =>
        b.apply('add', [
          b.apply('broadcast', [v], { shape: [2, 2, 3, 4] }),
          b.apply('fill', [], { value: 2, shape: [] }),
        ]),
      ['broadcast', 'fill', 'add'],
    ],
    ['equal calls', (b, v) => b.apply('add', [b.apply('exp', [v]), b.apply('exp', [v])]), ['exp', 'add']],
  ];

  it.each(cases)('%s leaves what is needed and changes no value', (_, make, left) => {
    const builder = new GraphBuilder();
    builder.output('y', make(builder, builder.input('x', f32(2, 3, 4), 'data')));
    const simple = verifyGraph(simplify(builder.build()));
    expect(simple.nodes.map(({ op }) => op)).toEqual(left);
    expect(interpret(simple, { x })).toEqual(interpret(builder.build(), { x }));
  });
});

describe('gradients', () => {
  it('of a parameter that the loss does not use are zeros', () => {
    const builder = new GraphBuilder();
    const w = builder.input('w', f32(2), 'parameter');
    builder.input('idle', f32(3), 'parameter');
    builder.output('loss', builder.apply('reduceSum', [w], { axes: [0], keepDims: false }));
    const outputs = interpret(withGradients(builder.build(), 'loss'), { w: [3, 4], idle: [1, 2, 3] });
    expect(outputs).toEqual({
      loss: Float64Array.of(7),
      'gradient/w': Float64Array.of(1, 1),
      'gradient/idle': Float64Array.of(0, 0, 0),
    });
  });

  it('are neither output nor computed for frozen parameters, and are the graph’s own where it names them', () => {
    const builder = new GraphBuilder();
    const statistic = builder.input('statistic', f32(2), 'parameter');
    const [frozen, w] = [builder.input('frozen', f32(2), 'parameter'), builder.input('w', f32(2), 'parameter')];
    builder.output('gradient/statistic', builder.apply('neg', [statistic]));
    // exp of a frozen parameter: a gradient towards it would need a product with it.
    const product = builder.apply('mul', [builder.apply('exp', [frozen]), w]);
    builder.output('loss', builder.apply('reduceSum', [product], { axes: [0], keepDims: false }));
    const graph = withGradients(builder.build(), 'loss', { frozen: new Set(['frozen']) });
    expect(graph.outputs.map(({ name }) => name)).toEqual(['loss', 'gradient/statistic', 'gradient/w']);
    expect(graph.nodes.length).toBeLessThan(withGradients(builder.build(), 'loss').nodes.length);
    expect(interpret(graph, { statistic: [5, 6], frozen: [0, 0], w: [3, 4] })).toEqual({
      loss: Float64Array.of(7),
      'gradient/statistic': Float64Array.of(-5, -6),
      'gradient/w': Float64Array.of(1, 1),
    });
  });

  it('through an op without a derivative are refused with the reason', () => {
    const builder = new GraphBuilder();
    const w = builder.input('w', f32(2), 'parameter');
    const backward = builder.apply('reluGradient', [w, w]);
    builder.output('loss', builder.apply('reduceSum', [backward], { axes: [0], keepDims: false }));
    expect(() => withGradients(builder.build(), 'loss')).toThrow(NotDifferentiableError);
    expect(() => withGradients(builder.build(), 'loss')).toThrow(
      /reluGradient at node 0 has no derivative: .*Take it off the path/,
    );
  });

  it('need a scalar output', () => {
    const builder = new GraphBuilder();
    builder.output('loss', builder.apply('neg', [builder.input('w', f32(2), 'parameter')]));
    expect(() => withGradients(builder.build(), 'loss')).toThrow(/not a scalar/);
    expect(() => withGradients(builder.build(), 'cost')).toThrow(/no such output/);
  });

  it('of slices that cover an axis are joined, not padded and added', () => {
    const builder = new GraphBuilder();
    const w = builder.input('w', f32(6), 'parameter');
    const halves = [3, 0].map((start) => builder.apply('slice', [w], { axis: 0, start, length: 3 }));
    builder.output('loss', builder.apply('reduceSum', [builder.apply('mul', halves)], { axes: [0], keepDims: false }));
    const graph = withGradients(builder.build(), 'loss');
    expect(graph.nodes.map(({ op }) => op)).not.toContain('pad');
    expect(interpret(graph, { w: [1, 2, 3, 4, 5, 6] })['gradient/w']).toEqual(Float64Array.of(4, 5, 6, 1, 2, 3));
  });
});

describe('interpreting', () => {
  it('refuses a missing input and one of another size', () => {
    expect(() => interpret(sample(), { w: [1, 2, 3, 4, 5, 6] })).toThrow(/input "x": no value was given/);
    expect(() => interpret(sample(), { w: [1], x: [] })).toThrow(/input "w": got 1 elements, expected 6/);
  });
});

describe('costs', () => {
  it('count operations, bytes and parameters', () => {
    const cost = costOf(simplify(sample()));
    expect(cost).toMatchObject({ parameters: 6, nodes: 3, flops: 2 * 4 * 3 * 2 + 8 + 8 });
    expect(cost.bytes).toBe(4 * (6 + 12 + 8) + 4 * 16 + 4 * 9);
    expect(cost.flopsByOp).toEqual({ matmul: 48, relu: 8, reduceSum: 8 });
  });

  it('of a GPT step are near six operations a parameter and token', () => {
    const spec: ModelSpec = { type: 'gpt', vocab: 512, layers: 2, heads: 4, width: 128, block: 16, tied: true };
    const { train, layout } = buildStepProgram(spec, 4);
    const perToken = costOf(train).flops / (4 * 16);
    const matrices = layout.size - 16 * 128;
    expect(perToken / matrices).toBeGreaterThan(6);
    expect(perToken / matrices).toBeLessThan(6.5);
  });
});
