/** ONNX nodes of conv2d and its two gradients, chosen for what onnxruntime computes fast. */
import type { Conv2dSizes } from '../ops/conv2d.ts';
import { onnxSteps } from '../ops/window2d.ts';
import type { OnnxEmitter, OnnxLowering, OnnxLoweringContext, OnnxValue } from './lowering.ts';

/** The sizes of a call of any of the three ops. */
type SizesOf = (context: OnnxLoweringContext) => Conv2dSizes;

export const onnxConv2d =
  (sizesOf: SizesOf): OnnxLowering =>
  (context) => {
    const sizes = sizesOf(context);
    return context.emit.node('Conv', context.names, { ...onnxSteps(sizes), group: sizes.groups });
  };

/**
 * The kernel turned by half a turn and with filters and channels swapped within each group, [c, o / groups, kh, kw]: a
 * convolution with it undoes one of stride 1.
 */
function turnedKernel(emit: OnnxEmitter, kernel: OnnxValue, sizes: Conv2dSizes): OnnxValue {
  const { groups, groupFilters, groupChannels, channels, kernelHeight, kernelWidth } = sizes;
  const [last, beforeFirst] = [emit.integers([-1, -1]), emit.integers([-(2 ** 31), -(2 ** 31)])];
  const turned = emit.node('Slice', [kernel, last, beforeFirst, emit.integers([2, 3]), last]);
  if (groups === 1) return emit.transpose(turned, [1, 0, 2, 3]);
  const apart = emit.reshape(turned, [groups, groupFilters, groupChannels, kernelHeight, kernelWidth]);
  return emit.reshape(emit.transpose(apart, [0, 2, 1, 3, 4]), [channels, groupFilters, kernelHeight, kernelWidth]);
}

/** A plain Conv where the strides are 1, because onnxruntime's Conv is much faster than its ConvTranspose. */
export const onnxInputGradient =
  (sizesOf: SizesOf): OnnxLowering =>
  (context) => {
    const {
      emit,
      names: [dy = '', kernel = ''],
    } = context;
    const s = sizesOf(context);
    const [down, across] = [s.dilationY * (s.kernelHeight - 1), s.dilationX * (s.kernelWidth - 1)];
    const pads = [down - s.top, across - s.left, down - s.bottom, across - s.right];
    if (s.strideY * s.strideX === 1 && Math.min(...pads) >= 0) {
      const steps = { pads, dilations: [s.dilationY, s.dilationX], group: s.groups };
      return emit.node('Conv', [dy, turnedKernel(emit, kernel, s)], steps);
    }
    const rest = [
      s.height - ((s.outHeight - 1) * s.strideY + down + 1 - s.top - s.bottom),
      s.width - ((s.outWidth - 1) * s.strideX + across + 1 - s.left - s.right),
    ];
    return emit.node('ConvTranspose', [dy, kernel], { ...onnxSteps(s), group: s.groups, output_padding: rest });
  };

/** Most elements of the columns that a kernel gradient is multiplied with, 128 MiB; beyond them it is convolved. */
const MOST_COLUMNS = 2 ** 25;

/** By products where onnxruntime's batched product is at hand and the columns have room, else by a convolution. */
export const onnxKernelGradient =
  (sizesOf: SizesOf): OnnxLowering =>
  (context) => {
    const sizes = sizesOf(context);
    const columns = sizes.batch * sizes.channels * tapsOf(sizes) * placesOf(sizes);
    const byProducts = context.emit.target === 'onnxruntime' && columns <= MOST_COLUMNS;
    return byProducts ? gradientByProducts(context, sizes) : gradientByConvolution(context, sizes);
  };

const tapsOf = ({ kernelHeight, kernelWidth }: Conv2dSizes): number => kernelHeight * kernelWidth;
const placesOf = ({ outHeight, outWidth }: Conv2dSizes): number => outHeight * outWidth;

/** dkernel = Σₙ dy[n] · columns[n]ᵀ for each group, columns [c / groups · taps, places]. */
function gradientByProducts({ emit, names: [x = '', dy = ''] }: OnnxLoweringContext, s: Conv2dSizes): OnnxValue {
  const [rows, places] = [s.groupChannels * tapsOf(s), placesOf(s)];
  const columns = emit.reshape(unfolded(emit, x, s), [s.batch, s.groups, rows, places]);
  const gradients = emit.reshape(dy, [s.batch, s.groups, s.groupFilters, places]);
  const products = emit.node('FusedMatMul', [gradients, columns], { transB: 1 }, { domain: 'com.microsoft' });
  const sums = emit.node('ReduceSum', [products, emit.integers([0])], { keepdims: 0 });
  return emit.reshape(sums, [s.filters, s.groupChannels, s.kernelHeight, s.kernelWidth]);
}

/** x [n, c, h, w] → [n, c · taps, h′, w′]: a convolution of each channel with a kernel a tap that is 1 there and 0 elsewhere. */
function unfolded(emit: OnnxEmitter, x: OnnxValue, s: Conv2dSizes): OnnxValue {
  const taps = tapsOf(s);
  if (taps === 1 && s.top + s.left + s.bottom + s.right === 0) return everyStep(emit, x, s);
  const shape = [s.channels * taps, 1, s.kernelHeight, s.kernelWidth];
  const picks = Array.from({ length: s.channels * taps * taps }, (_, at) =>
    Math.floor(at / taps) % taps === at % taps ? 1 : 0,
  );
  return emit.node('Conv', [x, emit.constant('f32', shape, picks)], { ...onnxSteps(s), group: s.channels });
}

/** The elements of x at multiples of the strides. */
function everyStep(emit: OnnxEmitter, x: OnnxValue, { strideY, strideX, height, width }: Conv2dSizes): OnnxValue {
  if (strideY * strideX === 1) return x;
  const bounds = [
    [0, 0],
    [height, width],
    [2, 3],
    [strideY, strideX],
  ].map((each) => emit.integers(each));
  return emit.node('Slice', [x, ...bounds]);
}

/**
 * dkernel[o, c] = Σₙ x[n, c] ⋆ dy[n, o]: a convolution whose channels are the samples, x's channels its batch and dy its
 * kernel, with strides and dilations in each other's place. Groups stay groups: group g convolves its own channels of x,
 * [c / groups, groups · n, h, w], with its own filters of dy, [o, n, h′, w′]. Taps that the strides leave over are cut off.
 */
function gradientByConvolution({ emit, names: [x = '', dy = ''] }: OnnxLoweringContext, s: Conv2dSizes): OnnxValue {
  const swapped = [1, 0, 2, 3];
  const { strides, pads, dilations } = onnxSteps(s);
  const taps = emit.node('Conv', [channelsAsBatch(emit, x, s), emit.transpose(dy, swapped)], {
    strides: dilations,
    dilations: strides,
    pads,
    group: s.groups,
  });
  const wanted = [s.kernelHeight, s.kernelWidth];
  const made = [
    Math.floor((s.height + s.top + s.bottom - s.strideY * (s.outHeight - 1) - 1) / s.dilationY) + 1,
    Math.floor((s.width + s.left + s.right - s.strideX * (s.outWidth - 1) - 1) / s.dilationX) + 1,
  ];
  const cut = () => emit.node('Slice', [taps, emit.integers([0, 0]), emit.integers(wanted), emit.integers([2, 3])]);
  return emit.transpose(wanted.every((size, axis) => size === made[axis]) ? taps : cut(), swapped);
}

/** x [n, c, h, w] → [c / groups, groups · n, h, w]. */
function channelsAsBatch(emit: OnnxEmitter, x: OnnxValue, sizes: Conv2dSizes): OnnxValue {
  const { batch, groups, groupChannels, height, width } = sizes;
  if (groups === 1) return emit.transpose(x, [1, 0, 2, 3]);
  const apart = emit.reshape(x, [batch, groups, groupChannels, height, width]);
  return emit.reshape(emit.transpose(apart, [2, 1, 0, 3, 4]), [groupChannels, groups * batch, height, width]);
}
