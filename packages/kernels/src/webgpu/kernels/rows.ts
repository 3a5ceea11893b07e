/**
 * Kernels that give each row (or each element of a result) to one worker and let it loop. A worker is a whole workgroup
 * on a GPU, whose lanes share the loop and combine their parts through workgroup memory; on a CPU that plays a GPU it is
 * a single lane, because barriers are dear there. A kernel is written once, against this vocabulary.
 */
import type { DeviceTraits, Kernel, KernelBinding, KernelCall, Operand } from '../lowering.ts';
import { splitRows } from '../split.ts';
import { groupsOf } from '../wgsl.ts';

const LANES = 64;

/** The words in which a row kernel's body is written; `row` is in scope. */
export interface RowWriter {
  /** Statements for each `name` in [0, end), shared among the lanes. */
  each(name: string, end: string, statements: string): string;
  /** Declares `total`: the sum over the lanes of the f32 variable `part`. */
  sum(total: string, part: string): string;
  /** Declares `total`: the maximum over the lanes. */
  max(total: string, part: string): string;
  /** Statements that one lane does for the row. */
  once(statements: string): string;
}

export interface RowKernel {
  readonly name: string;
  readonly uniforms: readonly string[];
  readonly bindings: readonly KernelBinding[];
  readonly prelude?: string;
  body(writer: RowWriter): string;
}

export interface RowLaunch {
  readonly rows: number;
  /** Elements that a worker loops over. */
  readonly length: number;
  readonly traits: DeviceTraits;
  readonly uniforms: Readonly<Record<string, number>>;
  readonly operands: readonly Operand[];
  /** Elements a row of each operand, 0 for what all rows share; where it is given, the rows can be cut into pieces. */
  readonly perRow?: readonly number[];
}

/** A launch of `kernel` over `rows` rows. */
export function rowCall(kernel: RowKernel, launch: RowLaunch): KernelCall {
  const { rows, length, traits, uniforms, operands, perRow } = launch;
  const together = lanesShareRows(traits, rows, length);
  const over = (count: number) => ({
    uniforms: { ...uniforms, rows: count },
    workgroups: together ? count : groupsOf(count, LANES),
  });
  const call: KernelCall = { kernel: together ? shared(kernel) : single(kernel), operands, ...over(rows) };
  if (perRow === undefined) return call;
  const piece = (start: number, end: number) => over(end - start);
  return { ...call, split: (limit) => splitRows(call, { rows, perRow, piece }, limit) };
}

/** A launch of a kernel that can add to its output instead of overwriting it. */
export function accumulatingRowCall(kernelWith: (assign: '=' | '+=') => RowKernel, launch: RowLaunch): KernelCall {
  const call = rowCall(kernelWith('='), launch);
  return {
    ...call,
    finishing: ({ accumulate }) => (accumulate ? rowCall(kernelWith('+='), launch).kernel : call.kernel),
  };
}

/** On a CPU only long loops for few rows are worth their barriers. */
function lanesShareRows({ software }: DeviceTraits, rows: number, length: number): boolean {
  return software ? rows < LANES && length >= 8 * LANES : length >= 16;
}

const single = ({ name, uniforms, bindings, prelude, body }: RowKernel): Kernel => ({
  key: `${name} by lane`,
  uniforms: [...uniforms, 'rows'],
  bindings,
  workgroupSize: LANES,
  ...(prelude === undefined ? {} : { prelude }),
  body: `if (index >= dims.rows) { return; }\nlet row = index;\n${body(laneWriter)}`,
});

const laneWriter: RowWriter = {
  each: (name, end, statements) => `for (var ${name} = 0u; ${name} < ${end}; ${name}++) { ${statements} }`,
  sum: (total, part) => `let ${total} = ${part};`,
  max: (total, part) => `let ${total} = ${part};`,
  once: (statements) => statements,
};

const shared = ({ name, uniforms, bindings, prelude = '', body }: RowKernel): Kernel => ({
  key: `${name} by workgroup`,
  uniforms: [...uniforms, 'rows'],
  bindings,
  workgroupSize: LANES,
  prelude: `${COMBINE}\n${prelude}`,
  body: `if (group >= dims.rows) { return; }\nlet row = group;\n${body(workgroupWriter)}`,
});

const workgroupWriter: RowWriter = {
  each: (name, end, statements) => `for (var ${name} = lane; ${name} < ${end}; ${name} += ${LANES}u) { ${statements} }`,
  sum: (total, part) => `let ${total} = sumOfLanes(${part}, lane);`,
  max: (total, part) => `let ${total} = maxOfLanes(${part}, lane);`,
  once: (statements) => `if (lane == 0u) { ${statements} }`,
};

/** A fixed tree, so that the same inputs give the same bits. */
const combine = (name: string, expression: string): string => `
fn ${name}(part: f32, lane: u32) -> f32 {
  workgroupBarrier();
  parts[lane] = part;
  for (var half = ${LANES / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { let a = parts[lane]; let b = parts[lane + half]; parts[lane] = ${expression}; }
  }
  workgroupBarrier();
  return parts[0];
}`;

const COMBINE = [
  `var<workgroup> parts: array<f32, ${LANES}>;`,
  combine('sumOfLanes', 'a + b'),
  combine('maxOfLanes', 'max(a, b)'),
].join('\n');
