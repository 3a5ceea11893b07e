/** transpose, slice, pad and concat: elements moved, not changed. */
import type { KernelCall, LoweringContext, WgslLowering } from '../lowering.ts';
import { denseStrides, type StridedIndex, stridedIndex } from '../strided-index.ts';
import { elements, product, reads, writes } from '../wgsl.ts';
import { input, laneCall, output } from './lanes.ts';

interface Copy {
  readonly count: number;
  /** Which of the node's inputs. */
  readonly operand: number;
  readonly from: StridedIndex;
  readonly to: StridedIndex;
  /** Offsets of the views' first elements. */
  readonly fromStart: number;
  readonly toStart: number;
}

/** A copy of `count` elements between two strided views, four at once where they lie together on both sides. */
function copyCall({ count, operand, from, to, fromStart, toStart }: Copy): KernelCall {
  const four =
    [from, to].every(({ fours }) => fours === 'together') &&
    [count, fromStart, toStart].every((size) => size % 4 === 0);
  const element = four ? 'vec4<f32>' : 'f32';
  const place = (start: string, { expression }: StridedIndex) =>
    four ? `(dims.${start} + ${expression}) / 4u` : `dims.${start} + ${expression}`;
  const body = [
    `let at = index${four ? ' * 4u' : ''};`,
    `y[${place('toStart', to)}] = x[${place('fromStart', from)}];`,
  ].join('\n');
  return laneCall(
    { name: `copy ${element}\n${body}`, bindings: [reads('x', element), writes('y', element)], body },
    {
      count: four ? count / 4 : count,
      uniforms: { fromStart, toStart, ...from.uniforms, ...to.uniforms },
      operands: [input(operand), output],
    },
  );
}

const view = (shape: readonly number[], strides: readonly number[], prefix: string): StridedIndex =>
  stridedIndex({ shape, strides, variable: 'at', prefix });

const dense = (shape: readonly number[]): StridedIndex => view(shape, denseStrides(shape), 'd');

export const transposeLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs: [x], attributes, output: { shape } }) => {
    const own = denseStrides(x!.shape);
    const read = (attributes['permutation'] as readonly number[]).map((axis) => own[axis]!);
    const call = {
      count: product(shape),
      operand: 0,
      from: view(shape, read, 'f'),
      to: dense(shape),
      fromStart: 0,
      toStart: 0,
    };
    return { calls: [copyCall(call)] };
  },
};

export const sliceLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs: [x], attributes, output: { shape } }) => {
    const own = denseStrides(x!.shape);
    const fromStart = (attributes['start'] as number) * own[attributes['axis'] as number]!;
    const call = {
      count: product(shape),
      operand: 0,
      from: view(shape, own, 'f'),
      to: dense(shape),
      fromStart,
      toStart: 0,
    };
    return { calls: [copyCall(call)] };
  },
};

export const concatLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs, attributes, output: { shape } }) => {
    const [axis, own] = [attributes['axis'] as number, denseStrides(shape)];
    let start = 0;
    const calls = inputs.map((part, operand) => {
      const toStart = start * own[axis]!;
      start += part.shape[axis]!;
      const to = view(part.shape, own, 't');
      return copyCall({ count: elements(part), operand, from: dense(part.shape), to, fromStart: 0, toStart });
    });
    return { calls };
  },
};

export const padLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs: [x], attributes, output: result }: LoweringContext) => {
    const axis = attributes['axis'] as number;
    const call = laneCall(
      {
        name: 'pad',
        bindings: [reads('x'), writes('y')],
        body: `
let inner = index % dims.inner;
let along = index / dims.inner % dims.padded;
let outer = index / dims.inner / dims.padded;
let at = along - dims.before;
// Before the range \`at\` wraps around and is large.
y[index] = 0.0f;
if (at < dims.length) { y[index] = x[(outer * dims.length + at) * dims.inner + inner]; }`,
      },
      {
        count: elements(result),
        uniforms: {
          inner: product(result.shape.slice(axis + 1)),
          padded: result.shape[axis]!,
          length: x!.shape[axis]!,
          before: attributes['before'] as number,
        },
        operands: [input(0), output],
      },
    );
    return { calls: [call] };
  },
};
