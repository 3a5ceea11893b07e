/**
 * conv2d and its two gradients, computed directly, without memory beside the operands: a lane computes four channels of
 * one group at one place at once, so that each value that it loads serves four products; one where a group has no more.
 */
import type { Conv2dSizes } from '../../ops/conv2d.ts';
import type { Lowered, LoweringContext } from '../lowering.ts';
import { reads, writes } from '../wgsl.ts';
import { type CoverWalk, coversOf } from './covers.ts';
import { input, laneCall, output, scratch } from './lanes.ts';
import { reduceCall } from './reduce.ts';

/** Lanes below which the sum of a kernel gradient is cut into parts. */
const ENOUGH_LANES = 8192;

/** Channels that a lane computes. */
type Width = 1 | 4;

const widthOf = (groupChannels: number): Width => (groupChannels === 1 ? 1 : 4);
/** Lanes that share the channels of one group. */
const shares = (groupChannels: number): number => Math.ceil(groupChannels / widthOf(groupChannels));

/**
 * Declares of the lane's `share` among all groups' shares: its `group`, the `first` of its channels, how many of them
 * there are in the group (`own`), and their `offsets` from the first, the last one repeated where there are fewer.
 */
const channels = (width: Width, share: string, groupSize: string, sharesOfGroup: string, stride: string): string => `
let share = ${share};
let group0 = share / ${sharesOfGroup};
let within = share % ${sharesOfGroup} * ${width}u;
let first = group0 * ${groupSize} + within;
let own = min(${width}u, ${groupSize} - within);
${width === 1 ? '' : `let offsets = min(vec4u(0u, 1u, 2u, 3u), vec4u(own - 1u)) * ${stride};`}
var sums = ${width === 1 ? '0.0f' : 'vec4f()'};`;

/** The values of \`array\` at \`at\`, the place of the first channel, for each of the lane's channels. */
const gather = (width: Width, array: string, at: string): string =>
  width === 1
    ? `${array}[${at}]`
    : `vec4f(${[0, 1, 2, 3].map((part) => `${array}[${at} + offsets[${part}]]`).join(', ')})`;

/** Stores the lane's channels, the first at `base`, the others `stride` apart. */
const store = (width: Width, array: string, base: string, stride: string): string =>
  width === 1
    ? `${array}[${base}] = sums;`
    : `for (var part = 0u; part < own; part++) { ${array}[${base} + part * ${stride}] = sums[part]; }`;

const forward = (width: Width): string => `
let j = index % dims.outWidth;
let i = index / dims.outWidth % dims.outHeight;
let place = index / dims.outWidth / dims.outHeight;
let batch = place / dims.shares;
let taps = dims.groupChannels * dims.kernelHeight * dims.kernelWidth;
${channels(width, 'place % dims.shares', 'dims.groupFilters', 'dims.groupShares', 'taps')}
for (var c = 0u; c < dims.groupChannels; c++) {
  for (var u = 0u; u < dims.kernelHeight; u++) {
    // In the padding above or left of x the unsigned place wraps around and is large.
    let line = i * dims.strideY + u * dims.dilationY - dims.top;
    let lineStart = ((batch * dims.channels + group0 * dims.groupChannels + c) * dims.height + line) * dims.width;
    let tap = first * taps + (c * dims.kernelHeight + u) * dims.kernelWidth;
    for (var v = 0u; v < dims.kernelWidth; v++) {
      let column = j * dims.strideX + v * dims.dilationX - dims.left;
      if (line < dims.height && column < dims.width) { sums += x[lineStart + column] * ${gather(width, 'kernel', 'tap + v')}; }
    }
  }
}
let plane = dims.outHeight * dims.outWidth;
let base = ((batch * dims.filters + first) * dims.outHeight + i) * dims.outWidth + j;
${store(width, 'y', 'base', 'plane')}`;

const inputGradient = (width: Width, walk: CoverWalk): string => `
let j = index % dims.width;
let i = index / dims.width % dims.height;
let place = index / dims.width / dims.height;
let batch = place / dims.shares;
let window = dims.kernelHeight * dims.kernelWidth;
${channels(width, 'place % dims.shares', 'dims.groupChannels', 'dims.groupShares', 'window')}
for (var f = 0u; f < dims.groupFilters; f++) {
  let o = group0 * dims.groupFilters + f;
  ${walk({
    line: `
let lineStart = ((batch * dims.filters + o) * dims.outHeight + line) * dims.outWidth;
let tap = (o * dims.groupChannels + within) * window + u * dims.kernelWidth;`,
    place: `sums += dy[lineStart + column] * ${gather(width, 'kernel', 'tap + v')};`,
  })}
}
let plane = dims.height * dims.width;
let base = ((batch * dims.channels + first) * dims.height + i) * dims.width + j;
${store(width, 'dx', 'base', 'plane')}`;

/** A lane sums one part of the batch; parts are added up afterwards. */
const kernelGradient = (width: Width): string => `
let taps = dims.groupChannels * dims.kernelHeight * dims.kernelWidth;
let tap = index % taps;
let v = tap % dims.kernelWidth;
let u = tap / dims.kernelWidth % dims.kernelHeight;
let c = tap / dims.kernelWidth / dims.kernelHeight;
let place = index / taps;
let chunk = place / dims.shares;
let plane = dims.outHeight * dims.outWidth;
${channels(width, 'place % dims.shares', 'dims.groupFilters', 'dims.groupShares', 'plane')}
let channel = group0 * dims.groupChannels + c;
let end = min((chunk + 1u) * dims.samples, dims.batch);
for (var batch = chunk * dims.samples; batch < end; batch++) {
  for (var i = 0u; i < dims.outHeight; i++) {
    let line = i * dims.strideY + u * dims.dilationY - dims.top;
    if (line >= dims.height) { continue; }
    let lineStart = ((batch * dims.channels + channel) * dims.height + line) * dims.width;
    let outStart = ((batch * dims.filters + first) * dims.outHeight + i) * dims.outWidth;
    for (var j = 0u; j < dims.outWidth; j++) {
      let column = j * dims.strideX + v * dims.dilationX - dims.left;
      if (column < dims.width) { sums += x[lineStart + column] * ${gather(width, 'dy', 'outStart + j')}; }
    }
  }
}
let base = (chunk * dims.filters + first) * taps + tap;
${store(width, 'kernel', 'base', 'taps')}`;

/** How the channels of `groupSize` a group are shared among lanes, as uniforms, and the name of the kernel for it. */
function sharing(name: string, groupSize: number, groups: number) {
  const width = widthOf(groupSize);
  const groupShares = shares(groupSize);
  return { width, name: `${name} by ${width}`, uniforms: { groupShares, shares: groups * groupShares } };
}

export function directConv2d(_: LoweringContext, sizes: Conv2dSizes): Lowered {
  const { width, name, uniforms } = sharing('conv2d', sizes.groupFilters, sizes.groups);
  const call = laneCall(
    { name, bindings: [reads('x'), reads('kernel'), writes('y')], body: forward(width) },
    {
      count: sizes.batch * uniforms.shares * sizes.outHeight * sizes.outWidth,
      uniforms: { ...sizes, ...uniforms },
      operands: [input(0), input(1), output],
    },
  );
  return { calls: [call] };
}

export function directInputGradient(_: LoweringContext, sizes: Conv2dSizes): Lowered {
  const { width, name, uniforms } = sharing('conv2dInputGradient', sizes.groupChannels, sizes.groups);
  const { suffix, walk } = coversOf(sizes);
  const body = inputGradient(width, walk);
  const call = laneCall(
    { name: `${name}${suffix}`, bindings: [reads('dy'), reads('kernel'), writes('dx')], body },
    {
      count: sizes.batch * uniforms.shares * sizes.height * sizes.width,
      uniforms: { ...sizes, ...uniforms },
      operands: [input(0), input(1), output],
    },
  );
  return { calls: [call] };
}

export function directKernelGradient({ traits }: LoweringContext, sizes: Conv2dSizes): Lowered {
  const { batch, filters, groupChannels, kernelHeight, kernelWidth } = sizes;
  const { width, name, uniforms } = sharing('conv2dKernelGradient', sizes.groupFilters, sizes.groups);
  const taps = groupChannels * kernelHeight * kernelWidth;
  const chunks = Math.min(batch, Math.ceil(ENOUGH_LANES / (uniforms.shares * taps)));
  const samples = Math.ceil(batch / chunks);
  const parts = Math.ceil(batch / samples);
  const size = filters * taps;
  const sums = parts === 1 ? output : scratch(0);
  const call = laneCall(
    { name, bindings: [reads('x'), reads('dy'), writes('kernel')], body: kernelGradient(width) },
    {
      count: parts * uniforms.shares * taps,
      uniforms: { ...sizes, ...uniforms, samples },
      operands: [input(0), input(1), sums],
    },
  );
  if (parts === 1) return { calls: [call] };
  const partial = { dtype: 'f32', shape: [parts, size] } as const;
  const total = reduceCall(traits, { kind: 'sum', input: partial, axes: [0], from: scratch(0), to: output });
  return { calls: [call, total], scratch: [parts * size] };
}
