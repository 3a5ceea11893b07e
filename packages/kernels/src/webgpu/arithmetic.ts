/** How a device computes programs: fast, or exactly. */
import { flushed } from '../canonical/interpret.ts';
import type { Graph } from '../graph/graph.ts';
import type { OpTable } from '../graph/op.ts';
import { FLOAT_SUMS, type SumRule } from './accumulate.ts';
import { FIXED_SUMS } from './exact/accumulate-fixed.ts';
import { type ExactContext, planExact } from './exact/plan-exact.ts';
import type { DeviceTraits } from './lowering.ts';
import { type Plan, planGraph } from './plan.ts';

export interface Arithmetic {
  /** @throws UnsupportedOpError when an op has no lowering */
  plan(graph: Graph): Plan;
  /** How gradients of micro-batches are summed. */
  readonly sums: SumRule;
  /** f32 values as they enter the device. */
  enter(values: Float32Array): Float32Array;
}

export const fastArithmetic = (context: { readonly ops: OpTable; readonly traits: DeviceTraits }): Arithmetic => ({
  plan: (graph) => planGraph(graph, context),
  sums: FLOAT_SUMS,
  enter: (values) => values,
});

/** What enters is flushed, as every tensor is. */
export const exactArithmetic = (context: ExactContext): Arithmetic => ({
  plan: (graph) => planExact(graph, context),
  sums: FIXED_SUMS,
  enter: flushed,
});
