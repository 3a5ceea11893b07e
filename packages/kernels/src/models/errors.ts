/** What can be wrong with the weights that a model is to start from. */
import { KernelError } from '../errors.ts';

/** How many tensors a message names; it says how many more there are. */
const NAMED = 8;

export interface WeightsMismatch {
  /** Names of tensors that the model has no place for. */
  readonly unknown: readonly string[];
  /** Names of parameters that the file doesn't hold. */
  readonly missing: readonly string[];
  /** One line for each tensor of another shape or content than the model's. */
  readonly different: readonly string[];
}

const list = (what: string, items: readonly string[]): string[] => {
  if (items.length === 0) return [];
  const rest = items.length > NAMED ? ` and ${items.length - NAMED} more` : '';
  return [`${what}: ${items.slice(0, NAMED).join(', ').slice(0, 1000)}${rest}`];
};

/** A file of weights that are another model's. Causes: other sizes in the job than in the checkpoint, another model type. */
export class WeightsMismatchError extends KernelError {
  readonly code = 'WEIGHTS_MISMATCH';
  readonly mismatch: WeightsMismatch;

  constructor({ file, model, mismatch }: { file: string; model: string; mismatch: WeightsMismatch }) {
    const { unknown, missing, different } = mismatch;
    const problems = [...list('missing', missing), ...list('unknown', unknown), ...list('different', different)];
    super({
      message: `${file} does not hold the weights of this ${model}: ${problems.join('; ')}.`,
      mend: 'Make the sizes in the job those of the checkpoint, or choose a checkpoint of this model.',
    });
    this.mismatch = mismatch;
  }
}
