/** transpose, slice, pad and concat: elements moved, not changed. */
import type { DeviceTraits, KernelCall, LoweringContext, WgslLowering } from '../lowering.ts';
import { concatCopies, sliceCopies, type StridedCopy, transposeCopies } from '../../ops/strided-copy.ts';
import { type StridedIndex, stridedIndex } from '../strided-index.ts';
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
  readonly traits: DeviceTraits;
}

/** A copy of `count` elements between two strided views, four at once where they lie together on both sides. */
function copyCall(copy: Copy): KernelCall {
  const { count, operand, from, to, fromStart, toStart, traits } = copy;
  const four =
    [from, to].every(({ fours }) => fours === 'together') &&
    [count, fromStart, toStart].every((size) => size % 4 === 0);
  const run = runOf(copy);
  if (four && traits.software && run >= 8) return copyRuns(copy, run);
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

/** Most elements that a lane copies. */
const MAX_RUN = 32;

/** Elements that lie together on both sides and that a lane may copy: a divisor of the runs of both. */
function runOf({ from, to, count }: Copy): number {
  let run = Math.min(MAX_RUN, from.run, to.run);
  while (from.run % run !== 0 || to.run % run !== 0 || count % run !== 0) run--;
  return run % 4 === 0 ? run : 1;
}

/** A lane copies a whole run: on a CPU that plays a GPU the divisions that find a place cost more than moving fours. */
function copyRuns({ count, operand, from, to, fromStart, toStart }: Copy, run: number): KernelCall {
  const body = `
let at = index * dims.run;
let here = (dims.fromStart + ${from.expression}) / 4u;
let there = (dims.toStart + ${to.expression}) / 4u;
for (var i = 0u; i < dims.run / 4u; i++) { y[there + i] = x[here + i]; }`;
  const bindings = [reads('x', 'vec4<f32>'), writes('y', 'vec4<f32>')];
  return laneCall(
    { name: `copy runs\n${body}`, bindings, body },
    {
      count: count / run,
      uniforms: { run, fromStart, toStart, ...from.uniforms, ...to.uniforms },
      operands: [input(operand), output],
    },
  );
}

const view = (shape: readonly number[], strides: readonly number[], prefix: string): StridedIndex =>
  stridedIndex({ shape, strides, variable: 'at', prefix });

/** The launch of one copy. */
export function stridedCopyCall(copy: StridedCopy, traits: DeviceTraits): KernelCall {
  const { operand, shape, fromStrides, toStrides, fromStart, toStart } = copy;
  const [from, to] = [view(shape, fromStrides, 'f'), view(shape, toStrides, 't')];
  return copyCall({ count: product(shape), operand, from, to, fromStart, toStart, traits });
}

const byCopies = (copiesOf: (context: LoweringContext) => readonly StridedCopy[]): WgslLowering => ({
  kind: 'kernels',
  lower: (context) => ({ calls: copiesOf(context).map((copy) => stridedCopyCall(copy, context.traits)) }),
});

export const transposeLowering = byCopies(({ inputs: [x], attributes }) =>
  transposeCopies(x!.shape, attributes['permutation'] as readonly number[]),
);

export const sliceLowering = byCopies(({ inputs: [x], attributes, output: { shape } }) =>
  sliceCopies(x!.shape, { axis: attributes['axis'] as number, start: attributes['start'] as number, to: shape }),
);

export const concatLowering = byCopies(({ inputs, attributes, output: { shape } }) =>
  concatCopies(
    inputs.map((part) => part.shape),
    attributes['axis'] as number,
    shape,
  ),
);

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
