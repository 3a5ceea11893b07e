/**
 * conv2d and its two gradients, computed directly, without memory beside the operands: a lane computes four channels of
 * one place at once, so that each value that it loads serves four products.
 */
import type { Conv2dSizes } from '../../ops/conv2d.ts';
import type { Lowered, LoweringContext } from '../lowering.ts';
import { reads, writes } from '../wgsl.ts';
import { input, laneCall, output, scratch } from './lanes.ts';
import { reduceCall } from './reduce.ts';

/** Lanes below which the sum of a kernel gradient is cut into parts. */
const ENOUGH_LANES = 8192;

const quads = (channels: number): number => Math.ceil(channels / 4);

/** Declares `first` = 4 · `quad` and the offsets of four channels from it, the last one repeated where there are fewer. */
const fourChannels = (quad: string, channels: string, stride: string): string => `
let first = ${quad} * 4u;
let offsets = min(vec4u(first, first + 1u, first + 2u, first + 3u), vec4u(${channels} - 1u)) * ${stride};`;

/** Four values of \`array\` at \`at\` plus the channels' offsets. */
const four = (array: string, at: string): string =>
  `vec4f(${[0, 1, 2, 3].map((part) => `${array}[${at} + offsets[${part}]]`).join(', ')})`;

/** Stores the channels of \`sums\` that exist, at \`base\` plus channel times \`stride\`. */
const storeFour = (array: string, base: string, channels: string, stride: string): string => `
for (var part = 0u; part < min(4u, ${channels} - first); part++) { ${array}[${base} + (first + part) * ${stride}] = sums[part]; }`;

const FORWARD = `
let j = index % dims.outWidth;
let i = index / dims.outWidth % dims.outHeight;
let place = index / dims.outWidth / dims.outHeight;
let batch = place / dims.filterQuads;
${fourChannels('(place % dims.filterQuads)', 'dims.filters', '(dims.channels * dims.kernelHeight * dims.kernelWidth)')}
var sums = vec4f();
for (var c = 0u; c < dims.channels; c++) {
  for (var u = 0u; u < dims.kernelHeight; u++) {
    // In the padding above or left of x the unsigned place wraps around and is large.
    let line = i * dims.stride + u - dims.padding;
    if (line >= dims.height) { continue; }
    let lineStart = ((batch * dims.channels + c) * dims.height + line) * dims.width;
    let tap = (c * dims.kernelHeight + u) * dims.kernelWidth;
    for (var v = 0u; v < dims.kernelWidth; v++) {
      let column = j * dims.stride + v - dims.padding;
      if (column < dims.width) { sums += x[lineStart + column] * ${four('kernel', 'tap + v')}; }
    }
  }
}
let plane = dims.outHeight * dims.outWidth;
let base = batch * dims.filters * plane + i * dims.outWidth + j;
${storeFour('y', 'base', 'dims.filters', 'plane')}`;

const INPUT_GRADIENT = `
let j = index % dims.width;
let i = index / dims.width % dims.height;
let place = index / dims.width / dims.height;
let batch = place / dims.channelQuads;
${fourChannels('(place % dims.channelQuads)', 'dims.channels', '(dims.kernelHeight * dims.kernelWidth)')}
var sums = vec4f();
for (var o = 0u; o < dims.filters; o++) {
  for (var u = 0u; u < dims.kernelHeight; u++) {
    let down = i + dims.padding - u;
    let line = down / dims.stride;
    if (i + dims.padding < u || line >= dims.outHeight || line * dims.stride != down) { continue; }
    let lineStart = ((batch * dims.filters + o) * dims.outHeight + line) * dims.outWidth;
    let tap = (o * dims.channels * dims.kernelHeight + u) * dims.kernelWidth;
    for (var v = 0u; v < dims.kernelWidth; v++) {
      let across = j + dims.padding - v;
      let column = across / dims.stride;
      if (j + dims.padding < v || column >= dims.outWidth || column * dims.stride != across) { continue; }
      sums += dy[lineStart + column] * ${four('kernel', 'tap + v')};
    }
  }
}
let plane = dims.height * dims.width;
let base = batch * dims.channels * plane + i * dims.width + j;
${storeFour('dx', 'base', 'dims.channels', 'plane')}`;

/** A lane sums one part of the batch; parts are added up afterwards. */
const KERNEL_GRADIENT = `
let taps = dims.channels * dims.kernelHeight * dims.kernelWidth;
let tap = index % taps;
let v = tap % dims.kernelWidth;
let u = tap / dims.kernelWidth % dims.kernelHeight;
let c = tap / dims.kernelWidth / dims.kernelHeight;
let place = index / taps;
let chunk = place / dims.filterQuads;
${fourChannels('(place % dims.filterQuads)', 'dims.filters', '(dims.outHeight * dims.outWidth)')}
var sums = vec4f();
let end = min((chunk + 1u) * dims.samples, dims.batch);
for (var batch = chunk * dims.samples; batch < end; batch++) {
  for (var i = 0u; i < dims.outHeight; i++) {
    let line = i * dims.stride + u - dims.padding;
    if (line >= dims.height) { continue; }
    let lineStart = ((batch * dims.channels + c) * dims.height + line) * dims.width;
    let outStart = (batch * dims.filters * dims.outHeight + i) * dims.outWidth;
    for (var j = 0u; j < dims.outWidth; j++) {
      let column = j * dims.stride + v - dims.padding;
      if (column < dims.width) { sums += x[lineStart + column] * ${four('dy', 'outStart + j')}; }
    }
  }
}
let base = chunk * dims.filters * taps + tap;
${storeFour('kernel', 'base', 'dims.filters', 'taps')}`;

export function directConv2d(_: LoweringContext, sizes: Conv2dSizes): Lowered {
  const filterQuads = quads(sizes.filters);
  const call = laneCall(
    { name: 'conv2d', bindings: [reads('x'), reads('kernel'), writes('y')], body: FORWARD },
    {
      count: sizes.batch * filterQuads * sizes.outHeight * sizes.outWidth,
      uniforms: { ...sizes, filterQuads },
      operands: [input(0), input(1), output],
    },
  );
  return { calls: [call] };
}

export function directInputGradient(_: LoweringContext, sizes: Conv2dSizes): Lowered {
  const channelQuads = quads(sizes.channels);
  const call = laneCall(
    { name: 'conv2dInputGradient', bindings: [reads('dy'), reads('kernel'), writes('dx')], body: INPUT_GRADIENT },
    {
      count: sizes.batch * channelQuads * sizes.height * sizes.width,
      uniforms: { ...sizes, channelQuads },
      operands: [input(0), input(1), output],
    },
  );
  return { calls: [call] };
}

export function directKernelGradient({ traits }: LoweringContext, sizes: Conv2dSizes): Lowered {
  const { batch, filters, channels, kernelHeight, kernelWidth } = sizes;
  const [filterQuads, taps] = [quads(filters), channels * kernelHeight * kernelWidth];
  const chunks = Math.min(batch, Math.ceil(ENOUGH_LANES / (filterQuads * taps)));
  const samples = Math.ceil(batch / chunks);
  const parts = Math.ceil(batch / samples);
  const size = filters * taps;
  const sums = parts === 1 ? output : scratch(0);
  const call = laneCall(
    { name: 'conv2dKernelGradient', bindings: [reads('x'), reads('dy'), writes('kernel')], body: KERNEL_GRADIENT },
    {
      count: parts * filterQuads * taps,
      uniforms: { ...sizes, filterQuads, samples },
      operands: [input(0), input(1), sums],
    },
  );
  if (parts === 1) return { calls: [call] };
  const partial = { dtype: 'f32', shape: [parts, size] } as const;
  const total = reduceCall(traits, { kind: 'sum', input: partial, axes: [0], from: scratch(0), to: output });
  return { calls: [call, total], scratch: [parts * size] };
}
