/**
 * A micro-batch computed in equal parts, one after the other, where the whole has no room: the loss is a sum over samples
 * and gradients add up on the device, so the result is the whole's within float rounding.
 */
import type { StepProgram } from '../graph/step-program.ts';
import type { Batch, EvaluationSums, Executable } from './backend.ts';

/** Why the parts of a micro-batch do not add up to the whole; null where they do. */
export function whyIndivisible({
  batch,
  layout,
  train,
}: Pick<StepProgram, 'batch' | 'layout' | 'train'>): string | null {
  const statistic = layout.slots.find(({ update }) => update === 'statistic');
  if (statistic) return `${statistic.name} is a statistic of the whole micro-batch`;
  const whole = train.inputs.find(({ role, type }) => role === 'data' && type.shape[0] !== batch);
  return whole ? `the input ${whole.name} is one for the whole micro-batch` : null;
}

/** The counts of equal parts into which `batch` samples can be cut, from 2 up. */
export const partCounts = (batch: number): readonly number[] =>
  Array.from({ length: batch - 1 }, (_, index) => index + 2).filter((parts) => batch % parts === 0);

/**
 * An executable for whole micro-batches over one that was compiled for 1/`parts` of the samples.
 * @param part compiled from a program that `whyIndivisible` has nothing against
 */
export function slicedExecutable(part: Executable, parts: number): Executable {
  return {
    memory: part.memory,
    load: (parameters) => part.load(parameters),
    accumulate: async (batch) => {
      let lossSum = 0;
      for (const slice of slicesOf(batch, parts)) lossSum += (await part.accumulate(slice)).lossSum;
      return { lossSum };
    },
    drain: (into, scale) => part.drain(into, scale),
    evaluate: async (batch) => {
      const total: EvaluationSums[] = [];
      for (const slice of slicesOf(batch, parts)) total.push(await part.evaluate(slice));
      const sum = (key: keyof EvaluationSums) => total.reduce((all, sums) => all + sums[key], 0);
      return { lossSum: sum('lossSum'), correct: sum('correct'), predictions: sum('predictions') };
    },
    close: () => part.close(),
  };
}

/** Copies, because an executable may keep or move what it is given. */
function* slicesOf(batch: Batch, parts: number): Generator<Batch> {
  for (let index = 0; index < parts; index++) {
    yield Object.fromEntries(
      Object.entries(batch).map(([name, values]) => {
        const size = values.length / parts;
        return [name, values.slice(index * size, (index + 1) * size)];
      }),
    );
  }
}
