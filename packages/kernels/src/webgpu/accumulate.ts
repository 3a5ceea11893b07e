/** Gradient accumulation on the device: after each gradient is computed, a kernel adds it to its accumulator. */
import { type ParameterLayout, trainedSlots } from '../graph/parameter-layout.ts';
import type { Kernel } from './lowering.ts';
import type { Plan, PlannedCall, TensorId } from './plan.ts';
import { groupsOf, reads, writes } from './wgsl.ts';

const WORKGROUP = 64;

/** Four elements a lane where the count allows it. */
const kernelOf = (element: 'f32' | 'vec4<f32>'): Kernel => ({
  key: `accumulate ${element}`,
  uniforms: ['count'],
  bindings: [reads('gradient', element), writes('sum', element)],
  workgroupSize: WORKGROUP,
  body: 'if (index < dims.count) { sum[index] += gradient[index]; }',
});
const [single, fours] = [kernelOf('f32'), kernelOf('vec4<f32>')];

/**
 * A train plan whose outputs are `[loss]` only: each `gradient/…` is added to an accumulator, a tensor beyond the plan's
 * own, as soon as it is there, so that its memory is free again. Accumulators are numbered from `firstAccumulator` in the
 * order of the trained slots.
 */
export function withAccumulation(plan: Plan, layout: ParameterLayout): Plan & { readonly firstAccumulator: TensorId } {
  const slots = trainedSlots(layout);
  const firstAccumulator = plan.bytes.length;
  const due = new Map<number, PlannedCall[]>();
  slots.forEach(({ size }, slot) => {
    const gradient = plan.outputs[slot + 1]!;
    const after = plan.calls.findLastIndex(({ operands }) => operands.at(-1) === gradient);
    due.set(after, [...(due.get(after) ?? []), accumulateCall(gradient, firstAccumulator + slot, size)]);
  });
  const calls = [...(due.get(-1) ?? []), ...plan.calls.flatMap((call, index) => [call, ...(due.get(index) ?? [])])];
  const bytes = [...plan.bytes, ...slots.map(({ size }) => size * 4)];
  return { ...plan, calls, bytes, outputs: plan.outputs.slice(0, 1), firstAccumulator };
}

/** sum += gradient, both `size` elements. */
function accumulateCall(gradient: TensorId, sum: TensorId, size: number): PlannedCall {
  const [kernel, count] = size % 4 === 0 ? [fours, size / 4] : [single, size];
  return {
    label: 'accumulate',
    kernel,
    uniforms: { count },
    operands: [gradient, sum],
    workgroups: groupsOf(count, WORKGROUP),
  };
}
