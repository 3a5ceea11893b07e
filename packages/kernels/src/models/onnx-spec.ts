/** A model that came as a file: its graphs at one micro-batch size, as data. They may come from a stranger. */
import { GraphError } from '../graph/errors.ts';
import type { DType, Graph } from '../graph/graph.ts';
import type { ParameterUpdate } from '../graph/parameter-layout.ts';
import { verifyGraph } from '../graph/verify.ts';
import { elements, sameShape } from '../ops/shape.ts';
import type { Loss } from './objective.ts';

interface OnnxParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly decay: boolean;
  readonly update: ParameterUpdate;
}

/** Shapes of one sample; names are those of the data set. */
interface OnnxData {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface OnnxSpec {
  readonly type: 'onnx';
  /** Samples that the graphs are made for: the job's micro-batch. */
  readonly batch: number;
  readonly loss: Loss;
  readonly input: OnnxData & { readonly dtype: DType };
  /** Classes are i32; numbers either. With the input's name they are the input itself. */
  readonly labels: OnnxData & { readonly dtype: DType };
  /** Every parameter that a graph reads. */
  readonly parameters: readonly OnnxParameter[];
  /**
   * From parameters and data ({@link ONNX_VALUES}) to the output `[batch, …]`: as for training, with `change/<name>` for each
   * running statistic.
   */
  readonly train: Graph;
  /** As for evaluation and use. */
  readonly evaluate: Graph;
}

/** Names of the values by which an imported graph meets the world; parameters have their own. */
export const ONNX_VALUES = {
  input: 'input',
  /** [batch] f32 */
  weight: 'weight',
  /** i32 [2] */
  seed: 'seed',
  output: 'output',
  change: (statistic: string) => `change/${statistic}`,
} as const;

/** Nodes of one graph; differentiation makes about three times as many of them. */
const MAX_NODES = 2 ** 14;
const MAX_PARAMETERS = 2 ** 13;

function refuse(place: string, problem: string): never {
  throw new GraphError({
    op: 'model',
    place,
    problem,
    mend: 'Make the graphs with this version of the ONNX importer.',
  });
}

/** @throws GraphError naming what doesn't fit together */
export function checkOnnxSpec(spec: OnnxSpec): void {
  const { parameters, train, evaluate } = spec;
  if (parameters.length > MAX_PARAMETERS) refuse('onnx.parameters', `there are ${parameters.length}`);
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  if (shapes.size !== parameters.length) refuse('onnx.parameters', 'a name stands twice');
  for (const [place, graph] of [
    ['onnx.train', train],
    ['onnx.evaluate', evaluate],
  ] as const)
    checkGraph(place, graph, spec, shapes);
  const statistics = parameters.flatMap(({ name, update }) =>
    update === 'statistic' ? [ONNX_VALUES.change(name)] : [],
  );
  const outputs = new Set(train.outputs.map(({ name }) => name));
  const missing = statistics.find((name) => !outputs.has(name));
  if (missing !== undefined) refuse('onnx.train', `it has no output "${missing}"`);
}

function checkGraph(place: string, graph: Graph, spec: OnnxSpec, shapes: ReadonlyMap<string, readonly number[]>): void {
  if (graph.nodes.length > MAX_NODES) refuse(place, `it has ${graph.nodes.length} nodes, more than ${MAX_NODES}`);
  verifyGraph(graph);
  const data: Readonly<Record<string, { dtype: DType; shape: readonly number[] }>> = {
    [ONNX_VALUES.input]: { dtype: spec.input.dtype, shape: [spec.batch, ...spec.input.shape] },
    [ONNX_VALUES.weight]: { dtype: 'f32', shape: [spec.batch] },
    [ONNX_VALUES.seed]: { dtype: 'i32', shape: [2] },
  };
  for (const { name, role, type } of graph.inputs) {
    const shape = shapes.get(name);
    const own = Object.hasOwn(data, name) ? data[name] : undefined;
    const declared = role === 'data' ? own : shape && { dtype: 'f32' as const, shape };
    if (declared === undefined || declared.dtype !== type.dtype || !sameShape(declared.shape, type.shape))
      refuse(place, `its input "${name}" is not one of the model's`);
  }
  checkOutput(place, graph, spec);
}

function checkOutput(place: string, graph: Graph, { batch, loss, labels }: OnnxSpec): void {
  const value = valueOf(graph);
  if (value < 0) refuse(place, `it has no output "${ONNX_VALUES.output}"`);
  const { dtype, shape } = typeOf(graph, value);
  const rows = loss === 'crossEntropy' ? shape.slice(0, -1) : shape;
  if (
    dtype !== 'f32' ||
    shape[0] !== batch ||
    (loss === 'crossEntropy' && shape.length < 2) ||
    elements(rows) !== batch * elements(labels.shape)
  )
    refuse(place, `its output [${shape}] does not fit labels [${[batch, ...labels.shape]}]`);
}

/** The value that is the model's output. */
export const valueOf = ({ outputs }: Graph): number =>
  outputs.find(({ name }) => name === ONNX_VALUES.output)?.value ?? -1;

export const typeOf = ({ inputs, nodes }: Graph, value: number) =>
  inputs[value]?.type ?? nodes[value - inputs.length]?.output ?? { dtype: 'f32' as const, shape: [] };
