/** Planning: what is fused, what is only a view, and which tensors share memory. */
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph } from '../graph/graph.ts';
import { buildStepProgram } from '../models/build-step-program.ts';
import { ops } from '../ops/index.ts';
import { withAccumulation } from './accumulate.ts';
import type { DeviceTraits } from './lowering.ts';
import { type MemoryPlan, planMemory } from './memory.ts';
import { outputOf, type Plan, planGraph } from './plan.ts';

const traits: DeviceTraits = { subgroups: true, subgroupSize: 8, software: true, maxScratchBytes: 2 ** 28 };
const planOf = (graph: Graph): Plan => planGraph(graph, { ops, traits });
const labels = ({ calls }: Plan): string[] => calls.map(({ label }) => label);

function graphOf(build: (builder: GraphBuilder, x: number) => number): Graph {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [4, 6] }, 'data');
  builder.output('y', build(builder, x));
  return builder.build();
}

describe('fusion', () => {
  it('makes one kernel of a chain', () => {
    const graph = graphOf((builder, x) => builder.apply('relu', [builder.apply('neg', [builder.apply('exp', [x])])]));
    expect(labels(planOf(graph))).toEqual(['exp+neg+relu']);
  });

  it('makes one kernel of branches that meet again', () => {
    const graph = graphOf((builder, x) => {
      const e = builder.apply('exp', [x]);
      return builder.apply('mul', [builder.apply('neg', [e]), builder.apply('add', [e, x])]);
    });
    expect(labels(planOf(graph))).toEqual(['exp+neg+add+mul']);
  });

  it('stores what another kernel needs', () => {
    const graph = graphOf((builder, x) => {
      const e = builder.apply('exp', [x]);
      const sums = builder.apply('reduceSum', [e], { axes: [1], keepDims: true });
      return builder.apply('div', [e, sums]);
    });
    expect(labels(planOf(graph))).toEqual(['exp', 'reduceSum', 'div']);
  });

  it('stores what a larger shape repeats, rather than compute it again', () => {
    const graph = graphOf((builder, x) => {
      const row = builder.apply('fill', [], { value: 2, shape: [6] });
      return builder.apply('add', [x, builder.apply('exp', [row])]);
    });
    expect(labels(planOf(graph))).toEqual(['fill+exp', 'add']);
  });

  it('makes a literal of a constant, whatever it is added to', () => {
    const graph = graphOf((builder, x) => {
      const two = builder.apply('fill', [], { value: 2, shape: [] });
      const sums = builder.apply('reduceSum', [builder.apply('maximum', [x, two])], { axes: [1], keepDims: false });
      return builder.apply('add', [sums, two]);
    });
    expect(labels(planOf(graph))).toEqual(['fill+maximum', 'reduceSum', 'fill+add']);
  });

  it('stores outputs', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', { dtype: 'f32', shape: [3] }, 'data');
    const first = builder.apply('exp', [x]);
    builder.output('first', first);
    builder.output('second', builder.apply('neg', [first]));
    expect(labels(planOf(builder.build()))).toEqual(['exp', 'neg']);
  });

  it('never binds more tensors than every device takes', () => {
    const builder = new GraphBuilder();
    const inputs = Array.from({ length: 12 }, (_, index) =>
      builder.input(`x${index}`, { dtype: 'f32', shape: [8] }, 'data'),
    );
    builder.output(
      'y',
      inputs.slice(1).reduce((sum, x) => builder.apply('add', [sum, x]), inputs[0]!),
    );
    const { calls } = planOf(builder.build());
    expect(calls.length).toBe(2);
    for (const { operands } of calls) expect(operands.length).toBeLessThanOrEqual(8);
  });
});

describe('a product’s epilogue', () => {
  const product = (builder: GraphBuilder, x: number, flags = { transposeA: false, transposeB: true }) =>
    builder.apply('matmul', [x, x], flags);
  /** A tensor in memory with the first elements of x. */
  const part = (builder: GraphBuilder, x: number, shape: number[]) => {
    const length = shape.reduce((size, each) => size * each, 1);
    const flat = builder.apply('reshape', [x], { shape: [24] });
    return builder.apply('reshape', [builder.apply('slice', [flat], { axis: 0, start: 0, length })], { shape });
  };

  it('takes the chain that reads it with rows, scalars and tensors of its shape', () => {
    const graph = graphOf((builder, x) => {
      const sum = builder.apply('add', [product(builder, x), part(builder, x, [4])]);
      return builder.apply('mul', [builder.apply('relu', [sum]), part(builder, x, [1, 1])]);
    });
    expect(labels(planOf(graph))).toEqual(['slice', 'slice', 'matmul+add+relu+mul']);
  });

  it('is that of the last of two products', () => {
    const two = graphOf((builder, x) =>
      builder.apply('add', [product(builder, x), product(builder, builder.apply('exp', [x]))]),
    );
    expect(labels(planOf(two))).toEqual(['matmul', 'exp', 'matmul+add']);
  });

  it('reads no column, and no product that is needed elsewhere', () => {
    const column = graphOf((builder, x) => builder.apply('add', [product(builder, x), part(builder, x, [4, 1])]));
    expect(labels(planOf(column))).toEqual(['matmul', 'slice', 'add']);
    const twice = graphOf((builder, x) => {
      const y = product(builder, x);
      return builder.apply('matmul', [builder.apply('exp', [y]), y], { transposeA: false, transposeB: false });
    });
    expect(labels(planOf(twice))).toEqual(['matmul', 'exp', 'matmul']);
  });
});

describe('views', () => {
  it('run nothing and take no memory', () => {
    const graph = graphOf((builder, x) => builder.apply('neg', [builder.apply('reshape', [x], { shape: [24] })]));
    const plan = planOf(graph);
    expect(labels(plan)).toEqual(['neg']);
    expect(plan.bytes).toEqual([96, 96]);
  });
});

describe('attention', () => {
  const spec = { type: 'gpt', vocab: 20, layers: 1, heads: 2, width: 8, block: 256, tied: true } as const;
  const { train } = buildStepProgram(spec, 3);
  const probabilities = 4 * 3 * spec.heads * spec.block ** 2;
  const largest = ({ bytes, inputs }: Plan): number => Math.max(...bytes.slice(inputs));

  it('keeps nothing of the size of its probabilities on a GPU, forward or backward', () => {
    const gpu = planGraph(train, { ops, traits: { ...traits, software: false } });
    expect(labels(gpu).filter((label) => label.startsWith('attention'))).toEqual([
      'attention',
      'attentionLogSum',
      'attentionQueryGradient',
      'attentionKeyGradient',
      'attentionValueGradient',
    ]);
    expect(largest(gpu)).toBeLessThan(probabilities / 8);
  });

  it('keeps them where an adapter runs on a CPU, unless they are large', () => {
    expect(largest(planOf(train))).toBe(probabilities);
    const { train: long } = buildStepProgram({ ...spec, block: 4096 }, 3);
    expect(labels(planOf(long)).filter((label) => label.startsWith('softmax'))).toEqual([]);
  });
});

describe('an op without a lowering', () => {
  it('is named', () => {
    const graph = graphOf((builder, x) => builder.apply('neg', [x]));
    const broken = { ...graph, nodes: [{ ...graph.nodes[0]!, op: 'quantumSoftmax' }] };
    expect(() => planOf(broken)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_OP' }));
    expect(() => planOf({ ...graph, nodes: [{ ...graph.nodes[0]!, op: 'toString' }] })).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED_OP' }),
    );
  });
});

const specs = {
  mlp: { type: 'mlp', inputs: 20, hidden: [16, 16], outputs: 10, activation: 'gelu' },
  convnet: {
    type: 'convnet',
    input: [1, 12, 12],
    channels: [4, 8],
    kernel: 3,
    hidden: [16],
    outputs: 10,
    activation: 'relu',
  },
  gpt: { type: 'gpt', vocab: 20, layers: 2, heads: 2, width: 16, block: 8, tied: true },
} as const;

describe.each(Object.keys(specs) as (keyof typeof specs)[])('the memory of a train step of %s', (name) => {
  const program = buildStepProgram(specs[name], 4);
  const plan = withAccumulation(planOf(program.train), program.layout);
  const memory = planMemory(plan, (tensor) => tensor >= plan.firstAccumulator);

  it('never holds two live tensors in one slot', () => {
    expect(clobbered(plan, memory)).toEqual([]);
  });

  it('never reads and writes one slot in a call', () => {
    for (const call of plan.calls) {
      const written = outputOf(call);
      const others = call.operands.filter((tensor) => tensor !== written).map((tensor) => memory.slotOf.get(tensor));
      expect(others).not.toContain(memory.slotOf.get(written) ?? -1);
    }
  });

  it('is less than all tensors together', () => {
    const temporaries = [...memory.slotOf.keys()].reduce((sum, tensor) => sum + plan.bytes[tensor]!, 0);
    expect(memory.slots.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(temporaries * 0.8);
  });

  it('adds every gradient to its accumulator once', () => {
    const accumulated = plan.calls
      .map((call) => outputOf(call) - plan.firstAccumulator)
      .filter((accumulator) => accumulator >= 0);
    expect(accumulated.toSorted((a, b) => a - b)).toEqual(program.layout.slots.map((_, slot) => slot));
  });
});

/** Plays the calls and names each tensor that was overwritten by another before it was read. */
function clobbered(
  { calls, inputs, firstAccumulator }: Plan & { firstAccumulator: number },
  { slotOf }: MemoryPlan,
): number[] {
  const holds = new Map<number, number>();
  return calls.flatMap(({ operands, kernel }) =>
    operands.filter((tensor, index) => {
      const slot = slotOf.get(tensor);
      if (slot === undefined || tensor < inputs || tensor >= firstAccumulator) return false;
      if (kernel.bindings[index]!.access === 'read') return holds.get(slot) !== tensor;
      holds.set(slot, tensor);
      return false;
    }),
  );
}
