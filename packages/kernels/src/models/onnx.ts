/** A model that came as a file, put into the place of a layer: its graph is copied node by node, each one checked again. */
import { GraphError } from '../graph/errors.ts';
import { number } from '../graph/attributes.ts';
import type { Graph, ValueId } from '../graph/graph.ts';
import { elements } from '../ops/shape.ts';
import type { Layer, Scope } from './layer.ts';
import type { Model } from './model.ts';
import { ONNX_VALUES, type OnnxSpec, typeOf, valueOf } from './onnx-spec.ts';

export function onnxModel(spec: OnnxSpec): Model {
  const { parameters, input, labels, loss } = spec;
  const output = typeOf(spec.evaluate, valueOf(spec.evaluate)).shape;
  const body: Layer = {
    random: spec.train.nodes.some(({ op }) => op === 'dropout'),
    // The values come with the state, since a job carries no weights. Until then a worker times a step with these: numbers
    // that no division and no root turns into infinities.
    parameters: parameters.map((parameter) => ({
      ...parameter,
      initialiser:
        parameter.update === 'optimizer' ? { kind: 'normal', deviation: 0.02 } : { kind: 'constant', value: 1 },
    })),
    apply: (scope, x) => applyGraph(spec, scope, x),
  };
  const classes = loss === 'crossEntropy' ? (output.at(-1) ?? 1) : 1;
  return { body, input, labels, loss, classes, output: output.slice(1) };
}

function applyGraph(spec: OnnxSpec, scope: Scope, x: ValueId): ValueId {
  if (scope.batch !== spec.batch) {
    throw new GraphError({
      op: 'model',
      place: 'onnx.batch',
      problem: `the graphs are made for ${spec.batch} samples, not for ${scope.batch}`,
      mend: 'Bind the ONNX file to the batch size that is wanted.',
    });
  }
  const { training } = scope;
  const graph = training === null ? spec.evaluate : spec.train;
  const values = inlined(graph, scope, x);
  const { output } = ONNX_VALUES;
  for (const { name, update } of spec.parameters) {
    const change = update === 'statistic' ? values.get(ONNX_VALUES.change(name)) : undefined;
    if (change !== undefined) training?.statistic(name, change);
  }
  return flat(spec, scope, values.get(output) ?? -1);
}

/** Predictions as rows [n, classes]; errors of numbers as [batch, numbers]. */
function flat({ batch, loss }: OnnxSpec, { emit }: Scope, value: ValueId): ValueId {
  const { shape } = emit.typeOf(value);
  const columns = loss === 'crossEntropy' ? (shape.at(-1) ?? 1) : elements(shape) / batch;
  return emit.apply('reshape', [value], { shape: [elements(shape) / columns, columns] });
}

/** The outputs of `graph` by name, its nodes emitted into the scope. */
function inlined(graph: Graph, scope: Scope, x: ValueId): ReadonlyMap<string, ValueId> {
  const { emit, training } = scope;
  const values = graph.inputs.map(({ name, role }) =>
    role === 'parameter' ? scope.parameter(name) : dataValue(name, scope, x),
  );
  for (const { op, inputs, attributes } of graph.nodes) {
    const [first = -1] = inputs;
    // A dropout draws from the scope's streams, in place of its own.
    const drops = op === 'dropout' && training !== null;
    values.push(
      drops
        ? training.dropout(made(values[first]), number(attributes, 'rate'))
        : emit.apply(
            op,
            inputs.map((value) => made(values[value])),
            attributes,
          ),
    );
  }
  return new Map(graph.outputs.map(({ name, value }) => [name, made(values[value])]));
}

/** Null for the seed, which dropouts alone may read. */
function dataValue(name: string, { training }: Scope, x: ValueId): ValueId | null {
  if (name === ONNX_VALUES.input) return x;
  return name === ONNX_VALUES.weight ? (training?.weight ?? null) : null;
}

function made(value: ValueId | null | undefined): ValueId {
  if (value !== null && value !== undefined) return value;
  throw new GraphError({
    op: 'model',
    place: 'onnx',
    problem: 'a node reads what there is in training alone, or for dropouts alone',
    mend: 'Make the graphs with this version of the ONNX importer.',
  });
}
