/** What `MURMURATION_DEBUG` tells of a compiled program: its plan, its memory, and where the time of a step goes. */
import type { Batch } from '../backend/backend.ts';
import { debug, DEBUG_LEVELS, debugLevel } from '../debug.ts';
import type { StepProgram } from '../graph/step-program.ts';
import type { ProfiledExecutable } from './executable.ts';
import type { Plan } from './plan.ts';
import { type Profile, totalByKernel } from './profile.ts';

/** The launches of a plan, in order: what runs over how many workgroups, and the tensors it is bound to with their bytes. */
export function planText(name: string, { calls, bytes }: Plan): string {
  const lines = calls.map(({ label, kernel, workgroups, operands }) => {
    const tensors = operands.map((tensor) => `#${tensor}:${bytes[tensor]}`).join(' ');
    return `  ${label} [${kernel.key.split('\n', 1)[0]}] × ${workgroups}: ${tensors}`;
  });
  const pipelines = new Set(calls.map(({ kernel }) => kernel.key)).size;
  return [`${name}: ${calls.length} launches of ${pipelines} kernels`, ...lines].join('\n');
}

/** Launches of equal kernels together, the costliest first. */
export function profileText(profile: Profile): string {
  const totals = totalByKernel(profile);
  const sum = totals.reduce((all, { micros }) => all + micros, 0);
  const lines = totals.map(({ label, kernel, launches, micros }) => {
    const share = ((100 * micros) / sum).toFixed(1).padStart(5);
    return `  ${share} %  ${(micros / 1000).toFixed(3).padStart(9)} ms  ${String(launches).padStart(4)} ×  ${label} [${kernel}]`;
  });
  return [`a step: ${(sum / 1000).toFixed(3)} ms by the ${profile.clock}’s clock`, ...lines].join('\n');
}

/** Lets the first step be timed launch by launch where level 4 is asked for. The step itself is then done as always. */
export function debugTimings(executable: ProfiledExecutable, { layout }: StepProgram): ProfiledExecutable {
  if (debugLevel() < DEBUG_LEVELS.timings) return executable;
  const { accumulate } = executable;
  let timed = false;
  executable.accumulate = async (batch: Batch) => {
    if (!timed) {
      timed = true;
      const profile = await executable.profile(batch);
      // The accumulators were empty before the first step: what the profile added is thrown away.
      await executable.drain(new Float32Array(layout.size), 1);
      debug('timings', () => profileText(profile));
    }
    return accumulate.call(executable, batch);
  };
  return executable;
}
