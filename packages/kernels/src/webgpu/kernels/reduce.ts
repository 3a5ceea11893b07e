/** reduceSum and reduceMax over any axes: each result is one strided walk through the operand. */
import type { TensorType } from '../../graph/graph.ts';
import type { DeviceTraits, KernelCall, Operand, WgslLowering } from '../lowering.ts';
import { denseStrides, stridedIndex } from '../strided-index.ts';
import { product, reads, writes } from '../wgsl.ts';
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
  return accumulatingRowCall(kernelWith, { rows, length, traits, uniforms, operands: [from, to] });
}

export const reduceLowering = (kind: Kind): WgslLowering => ({
  kind: 'kernels',
  lower: ({ inputs: [input], attributes, traits }) => ({
    calls: [
      reduceCall(traits, {
        kind,
        input: input!,
        axes: attributes['axes'] as readonly number[],
        from: { from: 'input', index: 0 },
        to: { from: 'output' },
      }),
    ],
  }),
});
