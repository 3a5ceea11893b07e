/** Held-out samples through `model.onnx`: the check that what was exported is what was trained. */
import { batchesOf } from '@murmuration/protocol/data';
import type { Batch, Dataset } from '@murmuration/protocol/data';
import type { Logits } from './session.ts';
import { ModelSession } from './session.ts';

export interface ModelEvaluation {
  /** Mean over samples; nats for classes. */
  readonly loss: number;
  /** Right predictions over predictions; 0 where numbers are predicted. */
  readonly accuracy: number;
  readonly samples: number;
}

interface Sums {
  loss: number;
  correct: number;
  predictions: number;
  samples: number;
}

const BATCH = 200;

/** −log softmax(row)[label] and whether the label has the greatest logit, in f64. */
function score(row: Float32Array, label: number): { loss: number; right: boolean } {
  let best = 0;
  for (let index = 1; index < row.length; index += 1) if ((row[index] ?? 0) > (row[best] ?? 0)) best = index;
  const greatest = row[best] ?? 0;
  let sum = 0;
  for (const logit of row) sum += Math.exp(logit - greatest);
  return { loss: Math.log(sum) + greatest - (row[label] ?? 0), right: best === label };
}

function addBatch(sums: Sums, { values, classes }: Logits, labels: Int32Array, weight: Float32Array): void {
  const perSample = labels.length / weight.length;
  for (let index = 0; index < labels.length; index += 1) {
    const share = weight[Math.floor(index / perSample)] ?? 0;
    if (share === 0) continue;
    const { loss, right } = score(values.subarray(index * classes, (index + 1) * classes), labels[index] ?? 0);
    sums.loss += (share * loss) / perSample;
    sums.correct += right ? share : 0;
    sums.predictions += share;
  }
  for (const share of weight) sums.samples += share;
}

/** Mean squared differences from the labels as numbers, or from the sample itself where the output has its size. */
function addErrors(sums: Sums, { values }: Logits, batch: Batch, weight: Float32Array): void {
  const sample = tensorOf(batch, 'x', 'tokens');
  const target = values.length === sample.length ? sample : tensorOf(batch, 'y', 'targets');
  const size = values.length / weight.length;
  values.forEach((value, index) => {
    sums.loss += ((weight[Math.floor(index / size)] ?? 0) * (value - (target[index] ?? 0)) ** 2) / size;
  });
  for (const share of weight) {
    sums.samples += share;
    sums.predictions += share;
  }
}

const tensorOf = (batch: Batch, ...names: string[]): Float32Array | Int32Array => {
  const found = names.map((name) => batch[name]).find((tensor) => tensor !== undefined);
  if (found === undefined) throw new RangeError(`a batch has none of ${names.join(', ')}`);
  return found;
};

export type EvaluatedLoss = 'crossEntropy' | 'mse';

/** Evaluates the model in `file` on all of `held`. @throws ModelUnusableError */
export async function evaluateModel(
  file: string,
  held: Dataset,
  loss: EvaluatedLoss = 'crossEntropy',
): Promise<ModelEvaluation> {
  const session = await ModelSession.open(file);
  const sums: Sums = { loss: 0, correct: 0, predictions: 0, samples: 0 };
  try {
    for (const batch of batchesOf(held, 0, held.size, Math.min(BATCH, held.size))) {
      const weight = tensorOf(batch, 'weight') as Float32Array;
      const logits = await session.logits(tensorOf(batch, 'x', 'tokens'), weight.length);
      if (loss === 'mse') addErrors(sums, logits, batch, weight);
      else addBatch(sums, logits, tensorOf(batch, 'y', 'targets') as Int32Array, weight);
    }
  } finally {
    await session.close();
  }
  return { loss: sums.loss / sums.samples, accuracy: sums.correct / sums.predictions, samples: sums.samples };
}
