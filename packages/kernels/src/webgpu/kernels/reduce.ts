/** reduceSum and reduceMax over any axes: each result is one strided walk through the operand. */
import type { TensorType } from '../../graph/graph.ts';
import type { DeviceTraits, KernelCall, Operand, Piece, WgslLowering } from '../lowering.ts';
import { rowRange, rowsWithin, runs } from '../split.ts';
import { denseStrides, stridedIndex } from '../strided-index.ts';
import { product, reads, writes } from '../wgsl.ts';
import { laneCall } from './lanes.ts';
import { accumulatingRowCall, type RowKernel } from './rows.ts';

type Kind = 'sum' | 'max';

const INITIAL = { sum: '0.0f', max: '-3.4028234e38f' } as const;
const STEP = { sum: 'part += value;', max: 'part = max(part, value);' } as const;

/** What is reduced and into what. */
export interface Reduction {
  readonly kind: Kind;
  readonly input: TensorType;
  /** Ascending axes of the input. */
  readonly axes: readonly number[];
  readonly from: Operand;
  readonly to: Operand;
}

export function reduceCall(traits: DeviceTraits, { kind, input: { shape }, axes, from, to }: Reduction): KernelCall {
  const strides = denseStrides(shape);
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const view = (some: readonly number[], variable: string, prefix: string) =>
    stridedIndex({
      shape: some.map((axis) => shape[axis]!),
      strides: some.map((axis) => strides[axis]!),
      variable,
      prefix,
    });
  const [base, walk] = [view(kept, 'row', 'k'), view(axes, 'q', 'r')];
  const length = product(axes.map((axis) => shape[axis]!));
  const kernelWith = (assign: '=' | '+='): RowKernel => ({
    name: `reduce ${kind} ${assign}\n${base.expression}\n${walk.expression}`,
    uniforms: ['length', ...Object.keys(base.uniforms), ...Object.keys(walk.uniforms)],
    bindings: [reads('x'), writes('y')],
    body: ({ each, once, [kind]: combine }) => `
let base = ${base.expression};
var part = ${INITIAL[kind]};
${each('q', 'dims.length', `let value = x[base + ${walk.expression}]; ${STEP[kind]}`)}
${combine('total', 'part')}
${once(`y[row] ${assign} total;`)}`,
  });
  const rows = product(kept.map((axis) => shape[axis]!));
  const uniforms = { length, ...base.uniforms, ...walk.uniforms };
  const byRows = accumulatingRowCall(kernelWith, { rows, length, traits, uniforms, operands: [from, to] });
  const leading = axes.every((axis, index) => axis === index) && axes.length < shape.length;
  if (kind !== 'sum' || !leading) return byRows;
  const call = traits.software && rows % 4 === 0 ? columnSumsCall({ height: length, width: rows, from, to }) : byRows;
  return { ...call, split: (limit) => splitColumnSums(traits, { height: length, width: rows, from, to }, limit) };
}

interface ColumnSums {
  readonly height: number;
  readonly width: number;
  readonly from: Operand;
  readonly to: Operand;
}

/** A lane sums four columns: on a CPU that plays a GPU a load of four costs about as much as one of one. */
function columnSumsCall({ height, width, from, to }: ColumnSums): KernelCall {
  const callWith = (assign: '=' | '+=') =>
    laneCall(
      {
        name: `column sums ${assign}`,
        bindings: [reads('x', 'vec4<f32>'), writes('y', 'vec4<f32>')],
        body: `
var sum = vec4f();
for (var i = index; i < dims.height * dims.count; i += dims.count) { sum += x[i]; }
y[index] ${assign} sum;`,
      },
      { count: width / 4, uniforms: { height }, operands: [from, to] },
    );
  const call = callWith('=');
  return { ...call, finishing: ({ accumulate }) => (accumulate ? callWith('+=').kernel : call.kernel) };
}

/** Sums down the columns of [height, width] over one run of rows after the other, each added to those before. */
function splitColumnSums(
  traits: DeviceTraits,
  { height, width, from, to }: ColumnSums,
  limit: number,
): readonly Piece[] | null {
  const most = rowsWithin(limit, width, height);
  if (most === 0) return null;
  return runs(height, most).map((run): Piece => {
    const input: TensorType = { dtype: 'f32', shape: [run.end - run.start, width] };
    const call = reduceCall(traits, { kind: 'sum', input, axes: [0], from, to });
    const kernel = run.start === 0 ? call.kernel : call.finishing!({ accumulate: true });
    return { ...call, kernel, ranges: [rowRange(width, run), null] };
  });
}

/** Elements that lie together from which they are reduced first, on their own. */
const WORTH_A_STAGE = 8;

/**
 * The reduced axes at the end of `shape`, where others are reduced in front of axes that stay: reduced first, they leave
 * work for more lanes, and no place is divided on the way. Null where one stage is better: on a CPU, which has few lanes
 * and compiles kernels slowly, always.
 */
function lastAxes(shape: readonly number[], axes: readonly number[]): readonly number[] | null {
  const last = shape
    .map((_, axis) => axis)
    .filter((axis) => axes.includes(axis) && axes.length - axes.indexOf(axis) === shape.length - axis);
  const together = product(last.map((axis) => shape[axis]!));
  return last.length < axes.length && together >= WORTH_A_STAGE ? last : null;
}

export const reduceLowering = (kind: Kind): WgslLowering => ({
  kind: 'kernels',
  lower: ({ inputs: [input], attributes, traits }) => {
    const axes = attributes['axes'] as readonly number[];
    const [from, to] = [{ from: 'input', index: 0 }, { from: 'output' }] as const;
    const { shape } = input!;
    const last = traits.software ? null : lastAxes(shape, axes);
    if (last === null) return { calls: [reduceCall(traits, { kind, input: input!, axes, from, to })] };
    const rest = shape.slice(0, shape.length - last.length);
    const between = { from: 'scratch', index: 0 } as const;
    const first = reduceCall(traits, { kind, input: input!, axes: last, from, to: between });
    const outer = axes.slice(0, axes.length - last.length);
    const second = reduceCall(traits, { kind, input: { dtype: 'f32', shape: rest }, axes: outer, from: between, to });
    return { calls: [first, second], scratch: [product(rest)] };
  },
});
