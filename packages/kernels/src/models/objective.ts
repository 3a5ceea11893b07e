/** What a model is trained towards: the loss over its output and what an evaluation counts, by name. */
import type { GraphBuilder } from '../graph/builder.ts';
import type { ValueId } from '../graph/graph.ts';
import { squaredError } from '../ops/composites.ts';
import { elements, type Shape } from '../ops/shape.ts';

export type Loss = 'crossEntropy' | 'mse';

/** A model's output beside what the data say. */
export interface Predictions {
  readonly builder: GraphBuilder;
  /** [n, classes] for classes, [batch, numbers] for numbers. */
  readonly output: ValueId;
  /** [batch, ..labels]: classes i32, numbers f32 or i32. */
  readonly labels: ValueId;
  /** [batch] */
  readonly weight: ValueId;
}

interface Objective {
  /** Σ over samples of weight · loss, where a sample's loss is the mean over its predictions. */
  loss(predictions: Predictions): ValueId;
  /** Σ weight over predictions that are right, and over all of them. */
  correct(predictions: Predictions): ValueId;
  count(predictions: Predictions): ValueId;
}

/** [n] → [n·times], each element repeated in place. */
function repeatEach(builder: GraphBuilder, value: ValueId, times: number): ValueId {
  const [count = 1] = builder.shapeOf(value);
  const column = builder.apply('reshape', [value], { shape: [count, 1] });
  const wide = builder.apply('broadcast', [column], { shape: [count, times] });
  return builder.apply('reshape', [wide], { shape: [count * times] });
}

const total = (builder: GraphBuilder, value: ValueId): ValueId =>
  builder.apply('reduceSum', [value], { axes: [0], keepDims: false });

/** Labels and weights flat over predictions, of which a sample has `perSample`. */
function flat({ builder, labels, weight }: Predictions) {
  const shape: Shape = builder.shapeOf(labels);
  const perSample = elements(shape.slice(1));
  return {
    perSample,
    labels: builder.apply('reshape', [labels], { shape: [elements(shape)] }),
    weight: repeatEach(builder, weight, perSample),
  };
}

/** −log of the probability of the right class, in nats. */
const crossEntropy: Objective = {
  loss: (predictions) => {
    const { builder, output } = predictions;
    const { labels, weight, perSample } = flat(predictions);
    return builder.apply('crossEntropy', [output, labels, builder.apply('scale', [weight], { factor: 1 / perSample })]);
  },
  correct: (predictions) => {
    const { labels, weight } = flat(predictions);
    return predictions.builder.apply('countCorrect', [predictions.output, labels, weight]);
  },
  count: (predictions) => total(predictions.builder, flat(predictions).weight),
};

/** Squared differences. No number is simply right, so none is counted. */
const mse: Objective = {
  loss: ({ builder, output, labels, weight }) => {
    const { dtype } = builder.typeOf(labels);
    const numbers = dtype === 'i32' ? builder.apply('toF32', [labels]) : labels;
    const target = builder.apply('reshape', [numbers], { shape: builder.shapeOf(output) });
    return squaredError(builder, { prediction: output, target, weight });
  },
  correct: ({ builder, weight }) => builder.apply('scale', [total(builder, weight)], { factor: 0 }),
  count: ({ builder, weight }) => total(builder, weight),
};

export const objectives: Readonly<Record<Loss, Objective>> = { crossEntropy, mse };
