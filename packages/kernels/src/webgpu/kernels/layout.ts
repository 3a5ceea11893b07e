/** transpose, slice, pad and concat: elements moved, not changed. */
import type { LoweringContext, WgslLowering } from '../lowering.ts';
import { denseStrides, type StridedIndex, stridedIndex } from '../strided-index.ts';
import { elements, product, reads, writes } from '../wgsl.ts';
import { input, laneCall, output } from './lanes.ts';

/** A copy of `count` elements between two strided views; `starts` are offsets of their first elements. */
function copyCall(count: number, operand: number, from: StridedIndex, to: StridedIndex, starts: { from: number; to: number }) {
  return laneCall(
    {
      name: `copy\n${from.expression}\n${to.expression}`,
      bindings: [reads('x'), writes('y')],
      body: `y[dims.toStart + ${to.expression}] = x[dims.fromStart + ${from.expression}];`,
    },
    {
      count,
      uniforms: { fromStart: starts.from, toStart: starts.to, ...from.uniforms, ...to.uniforms },
      operands: [input(operand), output],
    },
  );
}

const view = (shape: readonly number[], strides: readonly number[], prefix: string): StridedIndex =>
  stridedIndex({ shape, strides, variable: 'index', prefix });

const dense: StridedIndex = { expression: 'index', uniforms: {} };

export const transposeLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs: [x], attributes, output: { shape } }) => {
    const own = denseStrides(x!.shape);
    const read = (attributes['permutation'] as readonly number[]).map((axis) => own[axis]!);
    return { calls: [copyCall(product(shape), 0, view(shape, read, 'f'), dense, { from: 0, to: 0 })] };
  },
};

export const sliceLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs: [x], attributes, output: { shape } }) => {
    const own = denseStrides(x!.shape);
    const start = (attributes['start'] as number) * own[attributes['axis'] as number]!;
    return { calls: [copyCall(product(shape), 0, view(shape, own, 'f'), dense, { from: start, to: 0 })] };
  },
};

export const concatLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs, attributes, output: { shape } }) => {
    const [axis, own] = [attributes['axis'] as number, denseStrides(shape)];
    let start = 0;
    const calls = inputs.map((part, index) => {
      const to = start * own[axis]!;
      start += part.shape[axis]!;
      return copyCall(elements(part), index, dense, view(part.shape, own, 't'), { from: 0, to });
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
