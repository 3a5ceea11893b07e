/** The launches of a graph in exact arithmetic: the canonical plan, one kernel a step. Pure. */
import type { Movement } from '../../canonical/kernel.ts';
import {
  type CanonicalPlan,
  type CanonicalTensor,
  type MapStep,
  planCanonical,
  type ProductStep,
} from '../../canonical/plan.ts';
import type { Graph } from '../../graph/graph.ts';
import type { OpTable } from '../../graph/op.ts';
import { unfoldCall } from '../kernels/conv2d-unfolded.ts';
import { output } from '../kernels/lanes.ts';
import { stridedCopyCall } from '../kernels/layout.ts';
import { matmulCall, type MatmulTile } from '../kernels/matmul.ts';
import type { DeviceTraits, Operand } from '../lowering.ts';
import type { Plan, PlannedCall } from '../plan.ts';
import { elements } from '../wgsl.ts';
import { mapKernel } from './map-kernel.ts';
import type { Rounding } from './operations.ts';
import { type FinishedProduct, finishedProducts } from './product-epilogue.ts';

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
  const { finished, absorbed } = finishedProducts(plan);
  const calls = plan.steps.flatMap((step) => {
    if (absorbed.has(step)) return [];
    const end = finished.get(step);
    if (end) return [finishedCall(end, context)];
    if (step.kind === 'product') return [productCall(step, context)];
    return step.moves ? movementCalls(step, step.moves, context) : [mapCall(step, plan)];
  });
  const bytes = plan.tensors.map((type) => elements(type) * 4);
  return { calls, bytes, inputs: plan.inputs, outputs: plan.outputs };
}

function mapCall(step: MapStep, { tensors }: CanonicalPlan): PlannedCall {
  const operands = step.operands.map((tensor) => tensors[tensor]!.dtype);
  return { label: step.label, operands: [...step.operands, step.output], ...mapKernel({ ...step, operands }) };
}

/** A movement by the kernels that fast numerics have for it. */
function movementCalls(step: MapStep, moves: Movement, { traits }: ExactContext): readonly PlannedCall[] {
  const calls =
    moves.kind === 'copies'
      ? moves.copies.map((copy) => stridedCopyCall(copy, traits))
      : [unfoldCall({ traits }, moves.sizes, output)];
  const tensor = (operand: Operand): CanonicalTensor =>
    operand.from === 'input' ? step.operands[operand.index]! : step.output;
  return calls.map(({ kernel, uniforms, workgroups, operands }) => ({
    label: step.label,
    kernel,
    uniforms,
    workgroups,
    operands: operands.map(tensor),
  }));
}

const PLACES = [{ from: 'input', index: 0 }, { from: 'input', index: 1 }, { from: 'output' }] as const;

function productCall({ label, a, b, output, problem }: ProductStep, context: ExactContext): PlannedCall {
  const { traits, rounding, tile } = context;
  const call = matmulCall(traits, problem, PLACES, { tile, rounding });
  const { kernel, uniforms, workgroups, strips, finishing } = call;
  const planned = { label, kernel, uniforms, workgroups, strips, operands: [a, b, output] };
  // Sums in fixed point are added to in fours. The tiled family, being for GPUs, has not been seen to gain by it.
  const adds = problem.n % 4 === 0 && kernel.usesSubgroups;
  return adds ? { ...planned, accumulating: () => finishing!({ accumulate: 'fixed' }) } : planned;
}

function finishedCall({ product, map, epilogue, others }: FinishedProduct, context: ExactContext): PlannedCall {
  const { traits, rounding, tile } = context;
  const { finishing, uniforms, workgroups, strips } = matmulCall(traits, product.problem, PLACES, { tile, rounding });
  return {
    label: `${product.label}+${map.label.replaceAll(' ', '+')}`,
    kernel: finishing!({ epilogue }),
    uniforms,
    workgroups,
    strips,
    operands: [product.a, product.b, map.output, ...others],
    outputAt: 2,
  };
}
