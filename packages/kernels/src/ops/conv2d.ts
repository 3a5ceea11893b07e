/**
 * conv2d (cross-correlation, as in every framework) and its two gradients. All three are linear in each operand and are
 * one another's gradients.
 *
 * x [n, c, h, w], kernel [o, c / groups, kh, kw], y [n, o, h′, w′]: filters [g·o/groups, (g+1)·o/groups) see the channels of
 * group g alone. Strides, pads and dilations are those of `window2d.ts`.
 */
import {
  conv2dExactly,
  conv2dInputGradientExactly,
  conv2dKernelGradientExactly,
} from '../canonical/lowerings/conv2d.ts';
import { natural } from '../graph/attributes.ts';
import type { Attributes } from '../graph/graph.ts';
import type { OpCall, OpDefinition, ReferenceCall, TypedCall } from '../graph/op.ts';
import { onnxConv2d, onnxInputGradient, onnxKernelGradient } from '../onnx/conv2d.ts';
import type { OnnxLoweringContext } from '../onnx/lowering.ts';
import { conv2dInputGradientLowering, conv2dKernelGradientLowering, conv2dLowering } from '../webgpu/kernels/conv2d.ts';
import { elements, expectRank, expectShape, f32, refuse, type Shape, shapeAt, streamedBytes } from './shape.ts';
import {
  checkFits,
  checkPair,
  checkWindowAttributes,
  eachTap,
  type Window2d,
  type WindowOptions,
  windowAttributes,
  windowOf,
} from './window2d.ts';

/** The sizes of one convolution, the same in the three ops. */
export interface Conv2dSizes extends Window2d {
  readonly batch: number;
  readonly channels: number;
  readonly filters: number;
  readonly groups: number;
  /** Channels that a filter sees. */
  readonly groupChannels: number;
  readonly groupFilters: number;
}

/** The attributes of conv2d for one that treats both axes alike. */
export const conv2dAttributes = ({ groups = 1, ...window }: WindowOptions & { readonly groups?: number } = {}) => ({
  ...windowAttributes(window),
  groups,
});

function sizes(x: Shape, kernel: Shape, attributes: Attributes): Conv2dSizes {
  const [batch = 1, channels = 1, height = 1, width = 1] = x;
  const [filters = 1, groupChannels = 1, kernelHeight = 1, kernelWidth = 1] = kernel;
  const groups = natural(attributes, 'groups');
  return {
    ...windowOf([height, width], [kernelHeight, kernelWidth], attributes),
    batch,
    channels,
    filters,
    groups,
    groupChannels,
    groupFilters: filters / groups,
  };
}

/** Sizes of a legal call of any of the three ops, told apart by their attributes. */
function conv2dSizes(inputs: TypedCall['inputs'], attributes: Attributes): Conv2dSizes {
  const [first, second] = [shapeAt({ inputs }, 0), shapeAt({ inputs }, 1)];
  const groups = natural(attributes, 'groups');
  if ('size' in attributes) {
    const [height = 1, width = 1] = attributes['size'] as Shape;
    return sizes([first[0] ?? 1, (second[1] ?? 1) * groups, height, width], second, attributes);
  }
  if ('kernel' in attributes) {
    const [height = 1, width = 1] = attributes['kernel'] as Shape;
    return sizes(first, [second[1] ?? 1, (first[1] ?? 1) / groups, height, width], attributes);
  }
  return sizes(first, second, attributes);
}

/** Checks what the three ops have in common and returns the sizes. */
function checkedSizes(call: OpCall): Conv2dSizes {
  expectRank(call, 0, 4);
  expectRank(call, 1, 4);
  checkWindowAttributes(call);
  for (const key of ['size', 'kernel']) if (key in call.attributes) checkPair(call, key);
  const all = conv2dSizes(call.inputs, call.attributes);
  const { groups, channels, filters } = all;
  if (groups < 1 || channels % groups !== 0 || filters % groups !== 0)
    refuse(call, `${groups} groups of ${channels} channels and ${filters} filters`, 'Use a divisor of both.');
  checkFits(call, all);
  return all;
}

const inputShape = (s: Conv2dSizes): Shape => [s.batch, s.channels, s.height, s.width];
const kernelShape = (s: Conv2dSizes): Shape => [s.filters, s.channels / s.groups, s.kernelHeight, s.kernelWidth];
const outputShape = (s: Conv2dSizes): Shape => [s.batch, s.filters, s.outHeight, s.outWidth];

/** Visits every (x, kernel, y) element triple whose product takes part in the convolution, as flat offsets. */
function eachProduct(s: Conv2dSizes, visit: (x: number, kernel: number, y: number) => void): void {
  const [xPlane, kPlane, yPlane] = [s.height * s.width, s.kernelHeight * s.kernelWidth, s.outHeight * s.outWidth];
  for (let n = 0; n < s.batch; n++)
    for (let o = 0; o < s.filters; o++)
      for (let c = 0; c < s.groupChannels; c++) {
        const channel = Math.floor(o / s.groupFilters) * s.groupChannels + c;
        const x = (n * s.channels + channel) * xPlane;
        const [kernel, y] = [(o * s.groupChannels + c) * kPlane, (n * s.filters + o) * yPlane];
        eachTap(s, (place, tap, out) => visit(x + place, kernel + tap, y + out));
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
    eachProduct(conv2dSizes(inputs, attributes), visits[into]);
    return result;
  };
}

/** Counted without the padding's savings: 2 · |y| · c / groups · kh · kw, the same for the three ops. */
function flops({ inputs, attributes }: TypedCall): number {
  const s = conv2dSizes(inputs, attributes);
  return 2 * elements(outputShape(s)) * s.groupChannels * s.kernelHeight * s.kernelWidth;
}

const geometry = (attributes: Attributes) => ({
  strides: attributes['strides'] ?? [],
  pads: attributes['pads'] ?? [],
  dilations: attributes['dilations'] ?? [],
  groups: natural(attributes, 'groups'),
});
const toInput = (s: Conv2dSizes, attributes: Attributes) => ({ ...geometry(attributes), size: [s.height, s.width] });
const toKernel = (s: Conv2dSizes, attributes: Attributes) => ({
  ...geometry(attributes),
  kernel: [s.kernelHeight, s.kernelWidth],
});

const onnxSizes = ({ inputs, attributes }: OnnxLoweringContext): Conv2dSizes =>
  conv2dSizes(
    inputs.map(({ type }) => type),
    attributes,
  );

const GEOMETRY = { strides: 'naturals', pads: 'naturals', dilations: 'naturals', groups: 'natural' } as const;

/** x, kernel → y. */
export const conv2d: OpDefinition = {
  name: 'conv2d',
  operands: ['f32', 'f32'],
  attributes: GEOMETRY,
  infer: (call) => {
    const all = checkedSizes(call);
    expectShape(call, 1, kernelShape(all));
    return f32(outputShape(all));
  },
  gradient: ({ emit, inputs: [x = -1, kernel = -1], outputGradient, attributes }) => {
    const all = conv2dSizes([emit.typeOf(x), emit.typeOf(kernel)], attributes);
    return [
      emit.apply('conv2dInputGradient', [outputGradient, kernel], toInput(all, attributes)),
      emit.apply('conv2dKernelGradient', [x, outputGradient], toKernel(all, attributes)),
    ];
  },
  reference: accumulate('y'),
  flops,
  bytes: streamedBytes,
  onnx: onnxConv2d(onnxSizes),
  wgsl: conv2dLowering(conv2dSizes),
  exact: conv2dExactly(conv2dSizes),
};

/** dy, kernel → dx of `size` [h, w]. */
export const conv2dInputGradient: OpDefinition = {
  name: 'conv2dInputGradient',
  operands: ['f32', 'f32'],
  attributes: { ...GEOMETRY, size: 'naturals' },
  infer: (call) => {
    const all = checkedSizes(call);
    expectShape(call, 0, outputShape(all));
    return f32(inputShape(all));
  },
  gradient: ({ emit, inputs: [dy = -1, kernel = -1], outputGradient, attributes }) => {
    const all = conv2dSizes([emit.typeOf(dy), emit.typeOf(kernel)], attributes);
    return [
      emit.apply('conv2d', [outputGradient, kernel], geometry(attributes)),
      emit.apply('conv2dKernelGradient', [outputGradient, dy], toKernel(all, attributes)),
    ];
  },
  reference: accumulate('x'),
  flops,
  bytes: streamedBytes,
  onnx: onnxInputGradient(onnxSizes),
  wgsl: conv2dInputGradientLowering(conv2dSizes),
  exact: conv2dInputGradientExactly(conv2dSizes),
};

/** x, dy → dkernel of `kernel` [kh, kw]. */
export const conv2dKernelGradient: OpDefinition = {
  name: 'conv2dKernelGradient',
  operands: ['f32', 'f32'],
  attributes: { ...GEOMETRY, kernel: 'naturals' },
  infer: (call) => {
    const all = checkedSizes(call);
    expectShape(call, 1, outputShape(all));
    return f32(kernelShape(all));
  },
  gradient: ({ emit, inputs: [x = -1, dy = -1], outputGradient, attributes }) => {
    const all = conv2dSizes([emit.typeOf(x), emit.typeOf(dy)], attributes);
    return [
      emit.apply('conv2dInputGradient', [dy, outputGradient], toInput(all, attributes)),
      emit.apply('conv2d', [x, outputGradient], geometry(attributes)),
    ];
  },
  reference: accumulate('kernel'),
  flops,
  bytes: streamedBytes,
  onnx: onnxKernelGradient(onnxSizes),
  wgsl: conv2dKernelGradientLowering(conv2dSizes),
  exact: conv2dKernelGradientExactly(conv2dSizes),
};
