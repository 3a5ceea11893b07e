/** All that a backend needs to train and evaluate one model at one micro-batch size. */
import type { Graph } from './graph.ts';
import type { ParameterLayout } from './parameter-layout.ts';

/**
 * Both graphs take the parameters (one input each, named and ordered as in `layout`), then the data inputs, `weight`
 * `[batch]` f32 last.
 *
 * - `train` outputs `loss` (scalar f32, Σ weightᵢ·lossᵢ) and then `gradient/<parameter>` for each parameter in layout
 *   order that is not frozen: the derivative of that sum, or for a running statistic Σ weightᵢ times the change that the
 *   micro-batch asks for, so that both become means when they are divided by the samples;
 * - `evaluate` outputs the scalars `loss`, `correct`, `predictions` (see `EvaluationSums`);
 * - `infer` takes parameters and the model input only and outputs `logits`; it is what `model.onnx` holds.
 */
export interface StepProgram {
  readonly batch: number;
  readonly layout: ParameterLayout;
  readonly train: Graph;
  readonly evaluate: Graph;
  readonly infer: Graph;
}
