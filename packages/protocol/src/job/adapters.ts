/** Where a model's parameters come from, and what of it is trained: fields of every model in the `model` section. */
import { z } from 'zod';
import { must, positiveInteger, positiveNumber, text } from './fields.ts';

const rankWords = must('an integer from 1 to 1024');
const targetWords = must('a list of 1 to 64 names of matrices such as ["c_attn", "mlp.*"]');

/** Low-rank adapters: the model's own parameters are frozen, two small matrices for each target are trained. */
export const loraSchema = z.strictObject({
  rank: positiveInteger.max(1024, rankWords).default(8),
  /** The adapters' product counts alpha / rank times. */
  alpha: positiveNumber.default(16),
  /** Names without `.weight`, whole or their end after a dot; `*` stands for any text. */
  targets: z
    .array(text('the name of a matrix, of at most 200 characters', 200), targetWords)
    .min(1, targetWords)
    .max(64, targetWords),
});

/** What every model may say in `job.yaml`. */
export const startFields = {
  /** A safetensors file to start from, by its path from the job's directory; it is read here and travels as the first state. */
  weights: text('the path of a safetensors file').optional(),
  lora: loraSchema.optional(),
};
/** What of it a worker needs to know: weights come with the state. */
export const adapterFields = { lora: loraSchema.optional() };
