/**
 * The ONNX model of a training step. It adds the gradients to accumulators itself, so that nothing outside onnxruntime
 * sums tensors: it takes `accumulator/<parameter>` and gives `accumulated/<parameter>` of the same shape for each
 * parameter that is not frozen.
 */
import { trainedSlots } from '../graph/parameter-layout.ts';
import type { StepProgram } from '../graph/step-program.ts';
import { lowerGraph, operandOf, wrapModel } from './encode.ts';
import { GraphEmitter } from './emitter.ts';

/** Names of the values that the training model adds to those of `program.train`. */
export const TRAIN_VALUES = {
  accumulator: (parameter: string) => `accumulator/${parameter}`,
  accumulated: (parameter: string) => `accumulated/${parameter}`,
  loss: 'loss',
} as const;

/** Encodes `program.train` with accumulators: inputs parameters, data, accumulators; outputs loss, accumulated. */
export function encodeTrainModel({ train, layout }: StepProgram): Uint8Array {
  const emitter = new GraphEmitter({ target: 'onnxruntime' });
  const values = lowerGraph(train, emitter, (input) => emitter.input(input.name, input.type));
  const [loss, ...gradients] = train.outputs;
  const slots = trainedSlots(layout);
  if (loss === undefined || gradients.length !== slots.length) {
    throw new RangeError('A training graph outputs the loss and one gradient a slot. Verify the step program.');
  }
  emitter.output(TRAIN_VALUES.loss, operandOf(values, loss.value).name, operandOf(values, loss.value).type);
  for (const [index, { name }] of slots.entries()) {
    const gradient = operandOf(values, gradients[index]?.value ?? -1);
    const accumulator = emitter.input(TRAIN_VALUES.accumulator(name), gradient.type);
    emitter.output(TRAIN_VALUES.accumulated(name), emitter.add(accumulator, gradient.name), gradient.type);
  }
  return wrapModel(emitter.finish('train'));
}
