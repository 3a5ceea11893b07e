/** The step programs that the conformance suite runs: one an op, made of its rows in the op table's cases, and small models. */
import { GraphBuilder } from '../graph/builder.ts';
import type { Graph, GraphInput, ValueId } from '../graph/graph.ts';
import { withGradients } from '../graph/gradient.ts';
import { layoutParameters } from '../graph/parameter-layout.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { initialise } from '../models/initialise.ts';
import { modelOf } from '../models/model.ts';
import type { ModelSpec } from '../models/spec.ts';
import { conformanceCases, type ConformanceInstance, instantiate } from '../ops/conformance.ts';
import { generatedCases } from '../ops/conformance-generated.ts';
import type { Batch } from './backend.ts';

export interface OpCase {
  readonly name: string;
  /** The float64 result, row-major. */
  readonly expected: Float64Array;
  readonly shape: readonly number[];
}

/** A graph on inputs that are fed, and what it should give. */
interface NamedInstance extends ConformanceInstance {
  readonly name: string;
}

/** All cases of one op as one program: a case's operands are data, its result stands where a gradient would. */
export interface OpProgram {
  readonly program: StepProgram;
  readonly batch: Batch;
  /** In the order of the program's parameters. */
  readonly cases: readonly OpCase[];
}

export const conformanceOps: readonly string[] = [...new Set(conformanceCases.map(({ op }) => op))];

/** A step program's contract is all that a backend promises, so an op is tested through it and needs no face of its own. */
export function opProgram(op: string): OpProgram {
  const rows = [...conformanceCases.filter((row) => row.op === op), ...generatedCases(op)];
  return programOf(rows.map((row) => ({ name: row.name, ...instantiate(row) })));
}

/** Graphs as one program; the first output of each stands where a gradient would. */
export function programOf(instances: readonly NamedInstance[]): OpProgram {
  const cases = instances.map(({ name, expected, graph }) => ({
    name,
    expected,
    shape: outputShape(graph),
  }));
  const layout = layoutParameters(cases.map(({ name, shape }) => ({ name, shape, decay: false })));
  const batch: Record<string, Batch[string]> = { weight: Float32Array.of(1) };
  for (const { name, feeds } of instances)
    for (const [input, values] of Object.entries(feeds)) batch[`${name}/${input}`] = values;
  const build = (outputs: (builder: GraphBuilder, weight: number) => void) => {
    const builder = new GraphBuilder();
    for (const { name, shape } of cases) builder.input(name, { dtype: 'f32', shape }, 'parameter');
    for (const { name, graph } of instances)
      for (const input of graph.inputs) builder.input(`${name}/${input.name}`, input.type, 'data');
    outputs(builder, builder.input('weight', { dtype: 'f32', shape: [1] }, 'data'));
    return builder.build();
  };
  const train = build((builder, weight) => {
    builder.output('loss', builder.apply('reduceSum', [weight], { axes: [0], keepDims: false }));
    let next = cases.length;
    for (const { name, graph } of instances) {
      const operands = graph.inputs.map(() => next++);
      builder.output(`gradient/${name}`, asFloat(builder, firstOutput(builder, graph, operands)));
    }
  });
  const evaluate = build((builder, weight) => {
    const sum = builder.apply('reduceSum', [weight], { axes: [0], keepDims: false });
    for (const output of ['loss', 'correct', 'predictions']) builder.output(output, sum);
  });
  return { program: { batch: 1, layout, train, evaluate, infer: evaluate }, batch, cases };
}

/** The shape of a graph's first output. */
function outputShape({ inputs, nodes, outputs }: Graph): readonly number[] {
  const value = outputs[0]?.value ?? -1;
  return (inputs[value]?.type ?? nodes[value - inputs.length]?.output)?.shape ?? [];
}

/** Emits the nodes of `graph` on `operands`. */
function firstOutput(builder: GraphBuilder, { nodes, outputs }: Graph, operands: readonly ValueId[]): ValueId {
  const values = [...operands];
  for (const { op, inputs, attributes } of nodes)
    values.push(
      builder.apply(
        op,
        inputs.map((value) => values[value] ?? -1),
        attributes,
      ),
    );
  return values[outputs[0]?.value ?? -1] ?? -1;
}

/** Gradients are f32, so a whole number is cast on its way out. */
const asFloat = (builder: GraphBuilder, value: ValueId): ValueId =>
  builder.typeOf(value).dtype === 'i32' ? builder.apply('toF32', [value]) : value;

/** A program with a frozen parameter, a running statistic and a trained parameter, in this order, of 3, 5 and 4 elements. */
export function updatesProgram(): StepProgram {
  const layout = layoutParameters([
    { name: 'frozen', shape: [3], decay: false, update: 'frozen' },
    { name: 'statistic', shape: [5], decay: false, update: 'statistic' },
    { name: 'trained', shape: [4, 1], decay: true },
  ]);
  const build = (outputs: (builder: GraphBuilder, loss: number, statistic: number) => void) => {
    const builder = new GraphBuilder();
    const [frozen, statistic, trained] = layout.slots.map(({ name, shape }) =>
      builder.input(name, { dtype: 'f32', shape }, 'parameter'),
    ) as [number, number, number];
    const weight = builder.input('weight', { dtype: 'f32', shape: [1] }, 'data');
    const product = builder.apply('mul', [builder.apply('mul', [trained, frozen]), weight]);
    outputs(builder, builder.apply('reduceSum', [product], { axes: [0, 1], keepDims: false }), statistic);
    return builder.build();
  };
  const train = build((builder, loss, statistic) => {
    builder.output('loss', loss);
    builder.output('gradient/statistic', builder.apply('scale', [statistic], { factor: 0.5 }));
  });
  const evaluate = build((builder, loss) => {
    for (const output of ['loss', 'correct', 'predictions']) builder.output(output, loss);
  });
  return {
    batch: 1,
    layout,
    train: withGradients(train, 'loss', { frozen: new Set(['frozen']) }),
    evaluate,
    infer: evaluate,
  };
}

export interface ModelCase {
  readonly spec: ModelSpec;
  readonly batch: number;
}

/** Small enough for the float64 interpreter, with odd sizes so that no tile fits. */
export const modelCases: Readonly<Record<string, ModelCase>> = {
  'mlp with relu': { spec: { type: 'mlp', inputs: 37, hidden: [33, 18], outputs: 10, activation: 'relu' }, batch: 13 },
  'mlp with gelu': { spec: { type: 'mlp', inputs: 5, hidden: [4], outputs: 3, activation: 'gelu' }, batch: 1 },
  convnet: {
    spec: {
      type: 'convnet',
      input: [2, 13, 9],
      channels: [5, 7],
      kernel: 3,
      hidden: [11],
      outputs: 10,
      activation: 'relu',
    },
    batch: 6,
  },
  resnet: {
    spec: { type: 'resnet', input: [3, 11, 9], stem: 'small', blocks: [1, 2], widths: [5, 7], outputs: 10 },
    batch: 6,
  },
  'resnet with a large stem': {
    spec: { type: 'resnet', input: [1, 30, 33], stem: 'large', blocks: [1, 1], widths: [4, 6], outputs: 3 },
    batch: 5,
  },
  'tied gpt': { spec: { type: 'gpt', vocab: 29, layers: 2, heads: 2, width: 12, block: 11, tied: true }, batch: 3 },
  'gpt with dropout': {
    spec: { type: 'gpt', vocab: 29, layers: 1, heads: 2, width: 12, block: 11, tied: true, dropout: 0.2 },
    batch: 3,
  },
  'untied gpt': { spec: { type: 'gpt', vocab: 65, layers: 1, heads: 3, width: 24, block: 16, tied: false }, batch: 2 },
  llama: {
    spec: {
      type: 'llama',
      vocab: 31,
      layers: 2,
      heads: 4,
      kvHeads: 2,
      width: 24,
      inner: 20,
      block: 11,
      tied: false,
      theta: 10_000,
      epsilon: 1e-5,
    },
    batch: 3,
  },
};

const classesOf = (spec: ModelSpec): number => modelOf(spec).classes;

/** A batch drawn from `seed`: inputs near-normal, labels and tokens over all classes, every weight 1. */
export function drawBatch(
  { train }: StepProgram,
  spec: ModelSpec,
  seed: number,
): Record<string, Float32Array | Int32Array> {
  const data = train.inputs.filter(({ role }) => role === 'data');
  return Object.fromEntries(data.map((input) => [input.name, drawInput(input, classesOf(spec), seed)]));
}

function drawInput({ name, type }: GraphInput, classes: number, seed: number): Float32Array | Int32Array {
  const values = new Float32Array(type.shape.reduce((product, dimension) => product * dimension, 1));
  if (name === 'weight') return values.fill(1);
  if (type.dtype === 'f32') initialise(values, { kind: 'normal', deviation: 1 }, seed, name);
  else initialise(values, { kind: 'uniform', bound: 0.5 }, seed, name);
  return type.dtype === 'f32'
    ? values
    : Int32Array.from(values, (value) => Math.min(Math.floor((value + 0.5) * classes), classes - 1));
}

/** A graph that calls an op which is in no table. */
export function unknownOpGraph(graph: Graph): Graph {
  const [first, ...rest] = graph.nodes;
  return first ? { ...graph, nodes: [{ ...first, op: 'quantumSoftmax' }, ...rest] } : graph;
}
