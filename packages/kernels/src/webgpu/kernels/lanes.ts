/** Kernels in which each lane computes one element of the result on its own. */
import type { Kernel, KernelBinding, KernelCall, Operand } from '../lowering.ts';
import { groupsOf } from '../wgsl.ts';

const LANES = 64;

export interface LaneKernel {
  readonly name: string;
  readonly bindings: readonly KernelBinding[];
  /** Statements for the element `index`. */
  readonly body: string;
  readonly prelude?: string;
}

export interface LaneLaunch {
  /** Elements of the result. */
  readonly count: number;
  /** Sizes that the body reads from `dims`, beside `count`. */
  readonly uniforms: Readonly<Record<string, number>>;
  readonly operands: readonly Operand[];
}

export function laneCall(
  { name, bindings, body, prelude }: LaneKernel,
  { count, uniforms, operands }: LaneLaunch,
): KernelCall {
  const kernel: Kernel = {
    key: name,
    uniforms: ['count', ...Object.keys(uniforms)],
    bindings,
    workgroupSize: LANES,
    ...(prelude === undefined ? {} : { prelude }),
    body: `if (index >= dims.count) { return; }\n${body}`,
  };
  return { kernel, uniforms: { count, ...uniforms }, operands, workgroups: groupsOf(count, LANES) };
}

/** A node's `index`-th input as an operand. */
export const input = (index: number): Operand => ({ from: 'input', index });
export const output: Operand = { from: 'output' };
export const scratch = (index: number): Operand => ({ from: 'scratch', index });
