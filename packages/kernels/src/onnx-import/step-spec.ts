/** From a bound file to the spec that a job carries: graphs and shapes, no weights. */
import type { ParameterLayout } from '../graph/parameter-layout.ts';
import type { Loss } from '../models/objective.ts';
import { type OnnxSpec, typeOf, valueOf } from '../models/onnx-spec.ts';
import type { DType, Graph } from '../graph/graph.ts';
import { elements } from '../ops/shape.ts';
import { OnnxImportError } from './errors.ts';
import type { BoundModel, OnnxModel } from './onnx-model.ts';

/** How a data set feeds the model; shapes of one sample. */
export interface DataBinding {
  /** `range`: samples are whole numbers below it; null where they are any numbers. */
  readonly input: { readonly name: string; readonly shape: readonly number[]; readonly range: number | null };
  /** `range`: labels are classes below it; null where they are no classes. */
  readonly labels: {
    readonly name: string;
    readonly shape: readonly number[];
    readonly dtype: DType;
    readonly range: number | null;
  };
  readonly loss: Loss;
}

/**
 * The model for `batch` samples of the data. With `mse` an output of as many numbers as the sample has is trained towards the
 * sample itself (an autoencoder), any other towards the labels as numbers.
 * @throws OnnxImportError when the file can't be imported, or its output does not fit the labels
 */
export function onnxSpec(model: OnnxModel, batch: number, { input, labels: given, loss }: DataBinding): OnnxSpec {
  const bound = model.bind(batch, input.shape);
  const rebuilds = loss === 'mse' && elements(given.shape) !== elements(input.shape) && sameSize(bound);
  const labels = rebuilds ? { ...input, shape: bound.input.shape.slice(1), dtype: bound.input.dtype } : given;
  checkLabels(bound.outputShape, labels.shape, loss, model.names.output);
  if (loss === 'crossEntropy') checkLogits(bound, model.names.output);
  checkRanges(bound, model.names, input.range, loss === 'crossEntropy' ? labels.range : null);
  return {
    type: 'onnx',
    batch,
    loss,
    input: { name: input.name, dtype: bound.input.dtype, shape: bound.input.shape.slice(1) },
    labels: { name: labels.name, shape: labels.shape, dtype: labels.dtype },
    parameters: bound.parameters,
    train: bound.train,
    evaluate: bound.evaluate,
  };
}

const sameSize = ({ input, outputShape }: BoundModel): boolean => elements(outputShape) === elements(input.shape);

function checkLabels(output: readonly number[], labels: readonly number[], loss: Loss, name: string): void {
  const rows = loss === 'crossEntropy' ? output.slice(1, -1) : output.slice(1);
  if (output.length >= (loss === 'crossEntropy' ? 2 : 1) && elements(rows) === elements(labels)) return;
  const wanted = loss === 'crossEntropy' ? [...labels, 'classes'] : labels;
  throw new OnnxImportError({
    issues: [
      {
        place: `output "${name}"`,
        problem: `a sample's output is [${output.slice(1)}], where the labels ask for [${wanted.join()}]`,
      },
    ],
    mend: 'Export the model for this data, or choose another loss.',
  });
}

/** Cross-entropy takes the softmax itself; of probabilities it would take it twice, and learn next to nothing. */
function checkLogits({ evaluate }: BoundModel, name: string): void {
  const node = (value: number) => evaluate.nodes[value - evaluate.inputs.length];
  let last = node(valueOf(evaluate));
  while (last?.op === 'reshape') last = node(last.inputs[0] ?? -1);
  if (last?.op !== 'softmax') return;
  throw new OnnxImportError({
    issues: [{ place: `output "${name}"`, problem: 'it ends in a Softmax, and crossEntropy takes logits' }],
    mend: 'Export the model without its last Softmax (a LogSoftmax may stay).',
  });
}

/** Ids must lie within the tables that they pick from, and classes within the output: ops may assume it. */
function checkRanges(
  { input: { dtype }, evaluate, outputShape }: BoundModel,
  names: OnnxModel['names'],
  ids: number | null,
  classes: number | null,
): void {
  const rows = evaluate.nodes.flatMap(({ op, inputs: [table = -1] }) =>
    op === 'gather' ? [typeOf(evaluate, table).shape[0] ?? 0] : [],
  );
  const least = Math.min(...rows);
  const problem =
    (dtype === 'i32') !== (ids !== null)
      ? {
          place: `input "${names.input}"`,
          problem: `it takes ${dtype} samples, and the data are ${ids === null ? 'images' : 'tokens'}`,
        }
      : ids !== null && ids > least
        ? { place: `input "${names.input}"`, problem: `its tables have ${least} rows, and the data have ${ids} tokens` }
        : classes !== null && classes > (outputShape.at(-1) ?? 0)
          ? {
              place: `output "${names.output}"`,
              problem: `it has ${outputShape.at(-1)} classes, and the data have ${classes}`,
            }
          : null;
  if (problem !== null) throw new OnnxImportError({ issues: [problem], mend: 'Export the model for this data.' });
}

/** An inference graph under the file's names for its input and its output. */
export function underFileNames({ inputs, nodes, outputs }: Graph, { names }: Pick<OnnxModel, 'names'>): Graph {
  return {
    inputs: inputs.map((input) => (input.role === 'data' ? { ...input, name: names.input } : input)),
    nodes,
    outputs: outputs.map((output) => ({ ...output, name: names.output })),
  };
}

/** The flat vector that training starts from: the file's own weights, in the layout's order. */
export function fileParameters(model: OnnxModel, layout: ParameterLayout): Float32Array {
  const flat = new Float32Array(layout.size);
  for (const { name, offset } of layout.slots) flat.set(model.valuesOf(name), offset);
  return flat;
}
