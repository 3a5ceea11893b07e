/**
 * conv2d (cross-correlation, as in every framework) with one stride and one zero padding for both axes, and its two
 * gradients. All three are linear in each operand and are one another's gradients.
 *
 * x [n, c, h, w], kernel [o, c, kh, kw], y [n, o, h′, w′] with h′ = ⌊(h + 2·padding − kh) / stride⌋ + 1.
 */
import { natural } from '../graph/attributes.ts';
import type { Attributes } from '../graph/graph.ts';
import type { OpCall, OpDefinition, ReferenceCall, TypedCall } from '../graph/op.ts';
import type { OnnxEmitter, OnnxLowering, OnnxLoweringContext, OnnxValue } from '../onnx/lowering.ts';
import { conv2dInputGradientLowering, conv2dKernelGradientLowering, conv2dLowering } from '../webgpu/kernels/conv2d.ts';
import { elements, expectRank, expectShape, f32, refuse, type Shape, shapeAt, streamedBytes } from './shape.ts';

/** The sizes of one convolution, the same in the three ops. */
export interface Conv2dSizes {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly filters: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly stride: number;
  readonly padding: number;
}

function sizes(x: Shape, kernel: Shape, attributes: Attributes): Conv2dSizes {
  const [batch = 1, channels = 1, height = 1, width = 1] = x;
  const [filters = 1, , kernelHeight = 1, kernelWidth = 1] = kernel;
  const [stride, padding] = [natural(attributes, 'stride'), natural(attributes, 'padding')];
  const out = (size: number, taps: number) => Math.floor((size + 2 * padding - taps) / stride) + 1;
  return {
    batch,
    channels,
    height,
    width,
    filters,
    kernelHeight,
    kernelWidth,
    stride,
    padding,
    outHeight: out(height, kernelHeight),
    outWidth: out(width, kernelWidth),
  };
}

/** Sizes of a legal call of any of the three ops, told apart by their attributes. */
function conv2dSizes(inputs: TypedCall['inputs'], attributes: Attributes): Conv2dSizes {
  const [first, second] = [shapeAt({ inputs }, 0), shapeAt({ inputs }, 1)];
  if ('height' in attributes) {
    const x = [first[0] ?? 1, second[1] ?? 1, natural(attributes, 'height'), natural(attributes, 'width')];
    return sizes(x, second, attributes);
  }
  if ('kernelHeight' in attributes) {
    const kernel = [
      second[1] ?? 1,
      first[1] ?? 1,
      natural(attributes, 'kernelHeight'),
      natural(attributes, 'kernelWidth'),
    ];
    return sizes(first, kernel, attributes);
  }
  return sizes(first, second, attributes);
}

/** Checks what the three ops have in common and returns the sizes. */
function checkedSizes(call: OpCall): Conv2dSizes {
  expectRank(call, 0, 4);
  expectRank(call, 1, 4);
  if (natural(call.attributes, 'stride') < 1) refuse(call, 'stride is 0', 'Use a stride of 1 or more.');
  const all = conv2dSizes(call.inputs, call.attributes);
  if (Math.min(all.outHeight, all.outWidth, all.kernelHeight, all.kernelWidth) < 1) {
    refuse(
      call,
      `a ${all.kernelHeight}×${all.kernelWidth} kernel doesn't fit ${all.height}×${all.width} with padding ${all.padding}`,
      'Use a smaller kernel or more padding.',
    );
  }
  return all;
}

const inputShape = (s: Conv2dSizes): Shape => [s.batch, s.channels, s.height, s.width];
const kernelShape = (s: Conv2dSizes): Shape => [s.filters, s.channels, s.kernelHeight, s.kernelWidth];
const outputShape = (s: Conv2dSizes): Shape => [s.batch, s.filters, s.outHeight, s.outWidth];

/** Visits every (x, kernel, y) element triple whose product takes part in the convolution, as flat offsets. */
function eachTap(s: Conv2dSizes, visit: (x: number, kernel: number, y: number) => void): void {
  for (let n = 0; n < s.batch; n++)
    for (let o = 0; o < s.filters; o++)
      for (let c = 0; c < s.channels; c++) {
        const [xPlane, kPlane, yPlane] = [n * s.channels + c, o * s.channels + c, n * s.filters + o];
        eachPlaneTap(s, (x, kernel, y) =>
          visit(
            xPlane * s.height * s.width + x,
            kPlane * s.kernelHeight * s.kernelWidth + kernel,
            yPlane * s.outHeight * s.outWidth + y,
          ),
        );
      }
}

function eachPlaneTap(s: Conv2dSizes, visit: (x: number, kernel: number, y: number) => void): void {
  for (let i = 0; i < s.outHeight; i++)
    for (let j = 0; j < s.outWidth; j++) {
      for (let u = 0; u < s.kernelHeight; u++)
        for (let v = 0; v < s.kernelWidth; v++) {
          const [row, column] = [i * s.stride + u - s.padding, j * s.stride + v - s.padding];
          if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
          visit(row * s.width + column, u * s.kernelWidth + v, i * s.outWidth + j);
        }
    }
}

/** A reference that accumulates into the operand named by `into`, reading the two others. */
function accumulate(into: 'x' | 'kernel' | 'y') {
  return ({ inputs, attributes, output, operands: [first, second] }: ReferenceCall): Float64Array => {
    const result = new Float64Array(elements(output.shape));
    if (!first || !second) return result;
    const visits: Record<typeof into, (x: number, kernel: number, y: number) => void> = {
      x: (x, kernel, y) => {
        result[x]! += first[y]! * second[kernel]!;
      },
      kernel: (x, kernel, y) => {
        result[kernel]! += first[x]! * second[y]!;
      },
      y: (x, kernel, y) => {
        result[y]! += first[x]! * second[kernel]!;
      },
    };
    eachTap(conv2dSizes(inputs, attributes), visits[into]);
    return result;
  };
}

/** Counted without the padding's savings: 2 · |y| · c · kh · kw, the same for the three ops. */
function flops({ inputs, attributes }: TypedCall): number {
  const s = conv2dSizes(inputs, attributes);
  return 2 * elements(outputShape(s)) * s.channels * s.kernelHeight * s.kernelWidth;
}

const geometry = ({ stride, padding }: Conv2dSizes) => ({ stride, padding });
const toInput = (s: Conv2dSizes) => ({ ...geometry(s), height: s.height, width: s.width });
const toKernel = (s: Conv2dSizes) => ({ ...geometry(s), kernelHeight: s.kernelHeight, kernelWidth: s.kernelWidth });

const onnxSizes = ({ inputs, attributes }: OnnxLoweringContext): Conv2dSizes =>
  conv2dSizes(
    inputs.map(({ type }) => type),
    attributes,
  );

const onnxConv2d: OnnxLowering = (context) => {
  const { stride, padding } = onnxSizes(context);
  return context.emit.node('Conv', context.names, { strides: [stride, stride], pads: Array(4).fill(padding) });
};

/** The kernel turned by half a turn and with filters and channels swapped: a convolution with it undoes one of stride 1. */
function onnxTurnedKernel(emit: OnnxEmitter, kernel: OnnxValue): OnnxValue {
  const [last, beforeFirst] = [emit.integers([-1, -1]), emit.integers([-(2 ** 31), -(2 ** 31)])];
  const turned = emit.node('Slice', [kernel, last, beforeFirst, emit.integers([2, 3]), last]);
  return emit.transpose(turned, [1, 0, 2, 3]);
}

/** A plain Conv where the stride is 1, because onnxruntime's Conv is much faster than its ConvTranspose. */
const onnxInputGradient: OnnxLowering = (context) => {
  const {
    emit,
    names: [dy = '', kernel = ''],
  } = context;
  const s = onnxSizes(context);
  const [top, left] = [s.kernelHeight - 1 - s.padding, s.kernelWidth - 1 - s.padding];
  if (s.stride === 1 && Math.min(top, left) >= 0) {
    return emit.node('Conv', [dy, onnxTurnedKernel(emit, kernel)], { pads: [top, left, top, left] });
  }
  const rest = (size: number, out: number, taps: number) => size - ((out - 1) * s.stride + taps - 2 * s.padding);
  return emit.node('ConvTranspose', [dy, kernel], {
    strides: [s.stride, s.stride],
    pads: Array(4).fill(s.padding),
    output_padding: [rest(s.height, s.outHeight, s.kernelHeight), rest(s.width, s.outWidth, s.kernelWidth)],
  });
};

/**
 * dkernel[o, c] = Σₙ x[n, c] ⋆ dy[n, o]: a convolution whose channels are the samples, x's channels its batch and dy its
 * kernel, dilated by the stride. Taps that the stride leaves over are cut off.
 */
const onnxKernelGradient: OnnxLowering = (context) => {
  const {
    emit,
    names: [x = '', dy = ''],
  } = context;
  const s = onnxSizes(context);
  const swapped = [1, 0, 2, 3];
  const taps = emit.node('Conv', [emit.transpose(x, swapped), emit.transpose(dy, swapped)], {
    dilations: [s.stride, s.stride],
    pads: Array(4).fill(s.padding),
  });
  const kept =
    s.stride === 1
      ? taps
      : emit.node('Slice', [
          taps,
          emit.integers([0, 0]),
          emit.integers([s.kernelHeight, s.kernelWidth]),
          emit.integers([2, 3]),
        ]);
  return emit.transpose(kept, swapped);
};

/** x, kernel → y. */
export const conv2d: OpDefinition = {
  name: 'conv2d',
  operands: ['f32', 'f32'],
  attributes: { stride: 'natural', padding: 'natural' },
  infer: (call) => {
    const all = checkedSizes(call);
    expectShape(call, 1, kernelShape(all));
    return f32(outputShape(all));
  },
  gradient: ({ emit, inputs: [x = -1, kernel = -1], outputGradient, attributes }) => {
    const all = conv2dSizes([emit.typeOf(x), emit.typeOf(kernel)], attributes);
    return [
      emit.apply('conv2dInputGradient', [outputGradient, kernel], toInput(all)),
      emit.apply('conv2dKernelGradient', [x, outputGradient], toKernel(all)),
    ];
  },
  reference: accumulate('y'),
  flops,
  bytes: streamedBytes,
  onnx: onnxConv2d,
  wgsl: conv2dLowering(conv2dSizes),
};

/** dy, kernel → dx. */
export const conv2dInputGradient: OpDefinition = {
  name: 'conv2dInputGradient',
  operands: ['f32', 'f32'],
  attributes: { stride: 'natural', padding: 'natural', height: 'natural', width: 'natural' },
  infer: (call) => {
    const all = checkedSizes(call);
    expectShape(call, 0, outputShape(all));
    return f32(inputShape(all));
  },
  gradient: ({ emit, inputs: [dy = -1, kernel = -1], outputGradient, attributes }) => {
    const all = conv2dSizes([emit.typeOf(dy), emit.typeOf(kernel)], attributes);
    return [
      emit.apply('conv2d', [outputGradient, kernel], geometry(all)),
      emit.apply('conv2dKernelGradient', [outputGradient, dy], toKernel(all)),
    ];
  },
  reference: accumulate('x'),
  flops,
  bytes: streamedBytes,
  onnx: onnxInputGradient,
  wgsl: conv2dInputGradientLowering(conv2dSizes),
};

/** x, dy → dkernel. */
export const conv2dKernelGradient: OpDefinition = {
  name: 'conv2dKernelGradient',
  operands: ['f32', 'f32'],
  attributes: { stride: 'natural', padding: 'natural', kernelHeight: 'natural', kernelWidth: 'natural' },
  infer: (call) => {
    const all = checkedSizes(call);
    expectShape(call, 1, outputShape(all));
    return f32(kernelShape(all));
  },
  gradient: ({ emit, inputs: [x = -1, dy = -1], outputGradient, attributes }) => {
    const all = conv2dSizes([emit.typeOf(x), emit.typeOf(dy)], attributes);
    return [
      emit.apply('conv2dInputGradient', [dy, outputGradient], toInput(all)),
      emit.apply('conv2d', [x, outputGradient], geometry(all)),
    ];
  },
  reference: accumulate('kernel'),
  flops,
  bytes: streamedBytes,
  onnx: onnxKernelGradient,
  wgsl: conv2dKernelGradientLowering(conv2dSizes),
};
