/**
 * conv2d of one group and its two gradients as matrix products: each sample's x is unfolded into columns [taps, places], where
 * taps = channels · kernelHeight · kernelWidth and places = outHeight · outWidth. Then y = kernel · columns, the kernel's
 * gradient is dy · columnsᵀ and the columns' gradient kernelᵀ · dy, which is folded back into dx.
 */
import type { Conv2dSizes } from '../../ops/conv2d.ts';
import type { DeviceTraits, KernelCall, Lowered, LoweringContext, Operand } from '../lowering.ts';
import { reads, writes } from '../wgsl.ts';
import { type CoverWalk, coversOf } from './covers.ts';
import { input, laneCall, output, scratch } from './lanes.ts';
import type { MatrixProduct } from '../../canonical/kernel.ts';
import { matmulCall } from './matmul.ts';
import { reduceCall } from './reduce.ts';

const tapsOf = ({ channels, kernelHeight, kernelWidth }: Conv2dSizes): number => channels * kernelHeight * kernelWidth;
const placesOf = ({ outHeight, outWidth }: Conv2dSizes): number => outHeight * outWidth;

/** Elements of all columns, and of the kernel gradient before it is summed over the batch. */
export function unfoldedElements(sizes: Conv2dSizes): number {
  return sizes.batch * tapsOf(sizes) * Math.max(placesOf(sizes), sizes.filters);
}

/** A kernel of one tap that steps by one: the columns are x itself. */
const isPointwise = ({ kernelHeight, kernelWidth, strideY, strideX, top, left, bottom, right }: Conv2dSizes): boolean =>
  kernelHeight * kernelWidth * strideY * strideX === 1 && top + left + bottom + right === 0;

const UNFOLD = `
let j0 = index % dims.parts * dims.span;
let i = index / dims.parts % dims.outHeight;
let place = index / dims.parts / dims.outHeight;
let v = place % dims.kernelWidth;
let u = place / dims.kernelWidth % dims.kernelHeight;
let plane = place / dims.kernelWidth / dims.kernelHeight;
// In the padding above or left of x the unsigned place wraps around and is large.
let line = i * dims.strideY + u * dims.dilationY - dims.top;
let start = (plane * dims.height + line) * dims.width;
let to = (place * dims.outHeight + i) * dims.outWidth;
for (var j = j0; j < min(j0 + dims.span, dims.outWidth); j++) {
  let column = j * dims.strideX + v * dims.dilationX - dims.left;
  var value = 0.0f;
  if (line < dims.height && column < dims.width) { value = x[start + column]; }
  columns[to + j] = value;
}`;

/** On a GPU a lane copies one element; on a CPU a whole line, because finding a place costs more than copying. */
export function unfoldCall({ traits }: { readonly traits: DeviceTraits }, sizes: Conv2dSizes, to: Operand): KernelCall {
  const span = traits.software ? sizes.outWidth : 1;
  const parts = Math.ceil(sizes.outWidth / span);
  return laneCall(
    { name: 'unfold', bindings: [reads('x'), writes('columns')], body: UNFOLD },
    {
      count: sizes.batch * tapsOf(sizes) * sizes.outHeight * parts,
      uniforms: { ...sizes, span, parts },
      operands: [input(0), to],
    },
  );
}

const fold = (walk: CoverWalk): string => `
let j = index % dims.width;
let i = index / dims.width % dims.height;
let plane = index / dims.width / dims.height;
let places = dims.outHeight * dims.outWidth;
var sum = 0.0f;
${walk({
  line: 'let start = (plane * dims.kernelHeight + u) * dims.kernelWidth * places + line * dims.outWidth;',
  place: 'sum += columns[start + v * places + column];',
})}
dx[index] = sum;`;

function foldCall(sizes: Conv2dSizes, from: Operand): KernelCall {
  const { suffix, walk } = coversOf(sizes);
  return laneCall(
    {
      name: `fold${suffix}`,
      bindings: [reads('columns'), writes('dx')],
      body: fold(walk),
    },
    {
      count: sizes.batch * sizes.channels * sizes.height * sizes.width,
      uniforms: { ...sizes },
      operands: [from, output],
    },
  );
}

/** Products of one sample each. */
function product(
  context: LoweringContext,
  problem: Omit<MatrixProduct, 'transposeA' | 'transposeB'> & Partial<MatrixProduct>,
  operands: readonly [Operand, Operand, Operand],
) {
  return matmulCall(context.traits, { transposeA: false, transposeB: false, ...problem }, operands);
}

export function unfoldedConv2d(context: LoweringContext, sizes: Conv2dSizes): Lowered {
  const [taps, places] = [tapsOf(sizes), placesOf(sizes)];
  const problem = { count: sizes.batch, m: sizes.filters, k: taps, n: places, sharedLeft: true };
  if (isPointwise(sizes)) return { calls: [product(context, problem, [input(1), input(0), output])] };
  const calls = [unfoldCall(context, sizes, scratch(0)), product(context, problem, [input(1), scratch(0), output])];
  return { calls, scratch: [sizes.batch * taps * places] };
}

export function unfoldedInputGradient(context: LoweringContext, sizes: Conv2dSizes): Lowered {
  const [taps, places] = [tapsOf(sizes), placesOf(sizes)];
  const problem = { count: sizes.batch, m: taps, k: sizes.filters, n: places, transposeA: true, sharedLeft: true };
  if (isPointwise(sizes)) return { calls: [product(context, problem, [input(1), input(0), output])] };
  const calls = [product(context, problem, [input(1), input(0), scratch(0)]), foldCall(sizes, scratch(0))];
  return { calls, scratch: [sizes.batch * taps * places] };
}

export function unfoldedKernelGradient(context: LoweringContext, sizes: Conv2dSizes): Lowered {
  const [taps, places, { batch, filters }] = [tapsOf(sizes), placesOf(sizes), sizes];
  const pointwise = isPointwise(sizes);
  const problem = { count: batch, m: filters, k: places, n: taps, transposeB: true };
  const bySample = product(context, problem, [input(1), pointwise ? input(0) : scratch(1), scratch(0)]);
  const parts = { dtype: 'f32', shape: [batch, filters * taps] } as const;
  const sum = reduceCall(context.traits, { kind: 'sum', input: parts, axes: [0], from: scratch(0), to: output });
  if (pointwise) return { calls: [bySample, sum], scratch: [batch * filters * taps] };
  return {
    calls: [unfoldCall(context, sizes, scratch(1)), bySample, sum],
    scratch: [batch * filters * taps, batch * taps * places],
  };
}
