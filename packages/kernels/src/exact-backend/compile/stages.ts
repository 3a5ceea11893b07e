/** Which steps of a plan may run at the same time: consecutive ones that do not read what another of them writes. */
import type { CanonicalPlan, CanonicalStep, CanonicalTensor } from '../../canonical/plan.ts';

/** The tensors that a step reads. */
export const readBy = (step: CanonicalStep): readonly CanonicalTensor[] =>
  step.kind === 'map' ? step.operands : [step.a, step.b];

/** The plan's steps in stages, in order. Every barrier saved is some microseconds, and small steps fill each other's gaps. */
export function stagesOf({ steps }: CanonicalPlan): readonly (readonly CanonicalStep[])[] {
  const stages: CanonicalStep[][] = [];
  let written = new Set<CanonicalTensor>();
  for (const step of steps) {
    const stage = stages.at(-1);
    if (stage === undefined || readBy(step).some((tensor) => written.has(tensor))) {
      stages.push([step]);
      written = new Set([step.output]);
    } else {
      stage.push(step);
      written.add(step.output);
    }
  }
  return stages;
}
