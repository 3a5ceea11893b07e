/** Which parts of the flat parameter vector have gradients: sums are kept for those alone, and a frozen model takes none. */
import type { StepProgram } from '../../graph/step-program.ts';

/** Neighbouring parameters with gradients. */
export interface TrainedRun {
  /** First element in the flat vector, and in the sums. */
  readonly offset: number;
  readonly sums: number;
  readonly size: number;
}

export function trainedRuns({ layout, train }: StepProgram): readonly TrainedRun[] {
  const outputs = new Set(train.outputs.map(({ name }) => name));
  const runs: TrainedRun[] = [];
  for (const { name, offset, size } of layout.slots) {
    if (!outputs.has(`gradient/${name}`)) continue;
    const last = runs.at(-1);
    if (last && last.offset + last.size === offset) runs.splice(-1, 1, { ...last, size: last.size + size });
    else runs.push({ offset, size, sums: last ? last.sums + last.size : 0 });
  }
  return runs;
}

/** Elements of all sums. */
export const sumsOf = (runs: readonly TrainedRun[]): number => runs.reduce((total, { size }) => total + size, 0);
