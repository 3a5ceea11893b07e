/** From a bound file to the spec that a job carries: graphs and shapes, no weights. */
import type { ParameterLayout } from '../graph/parameter-layout.ts';
import type { OnnxLoss, OnnxSpec } from '../models/onnx-spec.ts';
import { OnnxImportError } from './errors.ts';
import type { OnnxModel } from './onnx-model.ts';

/** How a data set feeds the model; shapes of one sample. */
export interface DataBinding {
  readonly input: { readonly name: string; readonly shape: readonly number[] };
  readonly labels: { readonly name: string; readonly shape: readonly number[] };
  readonly loss: OnnxLoss;
}

/**
 * The model for `batch` samples of the data.
 * @throws OnnxImportError when the file can't be imported, or its output does not fit the labels
 */
export function onnxSpec(model: OnnxModel, batch: number, { input, labels, loss }: DataBinding): OnnxSpec {
  const bound = model.bind(batch, input.shape);
  checkLabels(bound.outputShape, labels.shape, loss, model.names.output);
  return {
    type: 'onnx',
    batch,
    loss,
    input: { name: input.name, dtype: bound.input.dtype, shape: bound.input.shape.slice(1) },
    labels: { name: labels.name, shape: loss === 'crossEntropy' ? labels.shape : bound.outputShape.slice(1) },
    parameters: bound.parameters,
    train: bound.train,
    evaluate: bound.evaluate,
  };
}

function checkLabels(output: readonly number[], labels: readonly number[], loss: OnnxLoss, name: string): void {
  const rows = loss === 'crossEntropy' ? output.slice(1, -1) : output.slice(1);
  const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
  if (output.length >= 2 && elements(rows) === elements(labels)) return;
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

/** The flat vector that training starts from: the file's own weights, in the layout's order. */
export function fileParameters(model: OnnxModel, layout: ParameterLayout): Float32Array {
  const flat = new Float32Array(layout.size);
  for (const { name, offset } of layout.slots) flat.set(model.valuesOf(name), offset);
  return flat;
}
