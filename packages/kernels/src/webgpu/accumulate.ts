/** Gradient accumulation on the device: after each gradient is computed, a kernel adds it to its accumulator. */
import { type ParameterLayout, trainedSlots } from '../graph/parameter-layout.ts';
import type { Kernel } from './lowering.ts';
import { outputOf, type Plan, type PlannedCall, type TensorId } from './plan.ts';
import { rowRange, rowsWithin, runs } from './split.ts';
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

/** How gradients are summed: bytes of one element of a sum, and the launch that adds `count` elements of a gradient. */
export interface SumRule {
  readonly bytes: 4 | 8;
  call(gradient: TensorId, sum: TensorId, count: number): PlannedCall;
  /** The same over pieces of at most `limit` bytes, where the rule knows how. */
  split?(gradient: TensorId, sum: TensorId, count: number, limit: number): readonly PlannedCall[];
}

/** Sums in f32. */
export const FLOAT_SUMS: SumRule = { bytes: 4, call: accumulateCall, split: accumulatePieces };

/**
 * A train plan whose outputs are `[loss]` only: each `gradient/…` is added to an accumulator, a tensor beyond the plan's
 * own. The kernel that makes a gradient adds it itself where it can and nobody else reads it; else a kernel of its own
 * does as soon as the gradient is there, so that its memory is free again. Accumulators are numbered from
 * `firstAccumulator` in the order of the trained slots.
 */
export function withAccumulation(
  plan: Plan,
  layout: ParameterLayout,
  sums: SumRule = FLOAT_SUMS,
): Plan & { readonly firstAccumulator: TensorId } {
  const slots = trainedSlots(layout);
  const firstAccumulator = plan.bytes.length;
  const gradients = plan.outputs.slice(1);
  const uses = countUses(plan);
  const due = new Map<number, PlannedCall[]>();
  const calls = [...plan.calls];
  const { maxBindingBytes: limit = Infinity } = plan;
  const addition = (gradient: TensorId, sum: TensorId, size: number): readonly PlannedCall[] =>
    size * sums.bytes > limit && sums.split ? sums.split(gradient, sum, size, limit) : [sums.call(gradient, sum, size)];
  slots.forEach(({ size }, slot) => {
    const gradient = gradients[slot]!;
    const accumulator = firstAccumulator + slot;
    const maker = plan.calls.findLastIndex((call) => outputOf(call) === gradient);
    const added = uses.get(gradient) === 1 ? addingTo(calls[maker], accumulator) : undefined;
    if (added) calls[maker] = added;
    else due.set(maker, [...(due.get(maker) ?? []), ...addition(gradient, accumulator, size)]);
  });
  const all = [...(due.get(-1) ?? []), ...calls.flatMap((call, index) => [call, ...(due.get(index) ?? [])])];
  const bytes = [...plan.bytes, ...slots.map(({ size }) => size * sums.bytes)];
  return { ...plan, calls: all, bytes, outputs: plan.outputs.slice(0, 1), firstAccumulator };
}

/** How often each tensor is written, read or given back as an output. */
function countUses({ calls, outputs }: Plan): ReadonlyMap<TensorId, number> {
  const uses = new Map<TensorId, number>();
  const count = (tensor: TensorId) => uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  for (const { operands } of calls) operands.forEach(count);
  // A gradient's one entry among the outputs is the accumulator's business.
  outputs.filter((tensor, index) => outputs.indexOf(tensor) !== index || index === 0).forEach(count);
  return uses;
}

/** `call` as it adds to `accumulator` what it would have stored; undefined where it can't. */
function addingTo(call: PlannedCall | undefined, accumulator: TensorId): PlannedCall | undefined {
  const kernel = call?.accumulating?.();
  if (call === undefined || kernel === undefined) return undefined;
  const outputAt = call.outputAt ?? call.operands.length - 1;
  return { ...call, kernel, operands: call.operands.with(outputAt, accumulator) };
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

function accumulatePieces(gradient: TensorId, sum: TensorId, size: number, limit: number): readonly PlannedCall[] {
  return runs(size, rowsWithin(limit, 1, size)).map((run) => {
    const range = rowRange(1, run);
    const { kernel } = accumulateCall(gradient, sum, size);
    const { uniforms, workgroups } = accumulateCall(gradient, sum, run.end - run.start);
    return { label: 'accumulate', kernel, uniforms, operands: [gradient, sum], workgroups, ranges: [range, range] };
  });
}
