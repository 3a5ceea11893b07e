/** What maxPool2d and averagePool2d share: `kernel` [kh, kw], `strides` and `pads` over each plane of x [n, c, h, w]. */
import { naturals } from '../graph/attributes.ts';
import type { Attributes, TensorType } from '../graph/graph.ts';
import type { OpCall } from '../graph/op.ts';
import { expectRank, refuse, type Shape } from './shape.ts';
import { checkFits, checkPair, checkWindowAttributes, type Window2d, windowOf } from './window2d.ts';

export interface Pool2dSizes extends Window2d {
  /** n · c. */
  readonly planes: number;
}

export const POOL_ATTRIBUTES = { kernel: 'naturals', strides: 'naturals', pads: 'naturals' } as const;

export interface PoolOptions {
  readonly size: number;
  /** `size` unless given, so that windows don't overlap. */
  readonly stride?: number;
  readonly padding?: number;
}

/** The attributes of a pooling that treats both axes alike. */
export const poolAttributes = ({ size, stride = size, padding = 0 }: PoolOptions) => ({
  kernel: [size, size],
  strides: [stride, stride],
  pads: [padding, padding, padding, padding],
});

/** Sizes of a legal pooling of `x`. */
export function poolSizes(x: Shape, attributes: Attributes): Pool2dSizes {
  const [batch = 1, channels = 1, height = 1, width = 1] = x;
  const [kernelHeight = 1, kernelWidth = 1] = naturals(attributes, 'kernel');
  return { ...windowOf([height, width], [kernelHeight, kernelWidth], attributes), planes: batch * channels };
}

/** The shape of a pooled `x`. @throws GraphError where the window does not fit, or may lie in the padding alone */
export function pooledShape(call: OpCall, x: Shape): Shape {
  checkPair(call, 'kernel');
  checkWindowAttributes(call);
  const sizes = poolSizes(x, call.attributes);
  const { kernelHeight, kernelWidth, top, left, bottom, right, outHeight, outWidth } = sizes;
  if (Math.max(top, bottom) >= kernelHeight || Math.max(left, right) >= kernelWidth) {
    refuse(call, `pads [${[top, left, bottom, right]}] reach the window's size`, 'Pad by less than the window.');
  }
  checkFits(call, sizes);
  return [...x.slice(0, 2), outHeight, outWidth];
}

/** The shape of operand 0, [n, c, h, w], pooled. */
export function pooledOperand(call: OpCall): Shape {
  expectRank(call, 0, 4);
  return pooledShape(call, call.inputs[0]?.shape ?? []);
}

/** Whether windows share elements. */
export const overlaps = ({ kernelHeight, kernelWidth, strideY, strideX }: Window2d): boolean =>
  kernelHeight > strideY || kernelWidth > strideX;

export const onnxPool = (window: Window2d) => ({
  kernel_shape: [window.kernelHeight, window.kernelWidth],
  strides: [window.strideY, window.strideX],
  pads: [window.top, window.left, window.bottom, window.right],
});

/** Sizes of the pooling whose x is `inputs[0]`. */
export const poolOf = (inputs: readonly TensorType[], attributes: Attributes): Pool2dSizes =>
  poolSizes(inputs[0]?.shape ?? [], attributes);
