/** The launches of a graph in exact arithmetic: the canonical plan, one kernel a step. Pure. */
import { type CanonicalPlan, type CanonicalStep, planCanonical } from '../../canonical/plan.ts';
import type { Graph } from '../../graph/graph.ts';
import type { OpTable } from '../../graph/op.ts';
import { matmulCall, type MatmulTile } from '../kernels/matmul.ts';
import type { DeviceTraits } from '../lowering.ts';
import type { Plan, PlannedCall } from '../plan.ts';
import { elements } from '../wgsl.ts';
import { mapKernel } from './map-kernel.ts';
import type { Rounding } from './operations.ts';

export interface ExactContext {
  readonly ops: OpTable;
  readonly traits: DeviceTraits;
  readonly rounding: Rounding;
  /** The tile of every matrix product; by rule unless given. No tile changes a bit. */
  readonly tile?: MatmulTile | undefined;
}

/** @throws UnsupportedOpError when an op has no exact lowering */
export function planExact(graph: Graph, context: ExactContext): Plan {
  const plan = planCanonical(graph, context.ops);
  return {
    calls: plan.steps.map((step) => plannedCall(step, plan, context)),
    bytes: plan.tensors.map((type) => elements(type) * 4),
    inputs: plan.inputs,
    outputs: plan.outputs,
  };
}

function plannedCall(step: CanonicalStep, { tensors }: CanonicalPlan, context: ExactContext): PlannedCall {
  const { label } = step;
  if (step.kind === 'map') {
    const operands = step.operands.map((tensor) => tensors[tensor]!.dtype);
    return { label, operands: [...step.operands, step.output], ...mapKernel({ ...step, operands }) };
  }
  const { traits, rounding, tile } = context;
  const places = [{ from: 'input', index: 0 }, { from: 'input', index: 1 }, { from: 'output' }] as const;
  const { kernel, uniforms, workgroups } = matmulCall(traits, step.problem, places, { tile, rounding });
  return { label, kernel, uniforms, workgroups, operands: [step.a, step.b, step.output] };
}
