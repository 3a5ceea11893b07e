/**
 * Windows that slide over the two last axes of [n, c, h, w]: what convolutions and poolings have in common. Attributes are
 * ONNX's: `strides` [down, across], `pads` [top, left, bottom, right], `dilations` [down, across].
 */
import { naturals } from '../graph/attributes.ts';
import type { Attributes } from '../graph/graph.ts';
import type { OpCall } from '../graph/op.ts';
import { refuse } from './shape.ts';

/** Sizes of one plane, its window and what the window makes of it: h′ = ⌊(h + top + bottom − extent) / stride⌋ + 1. */
export interface Window2d {
  readonly height: number;
  readonly width: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/** Most of a stride, pad or dilation, so that 32-bit arithmetic over places cannot wrap. */
const MAX_STEP = 2 ** 16;

export interface WindowOptions {
  readonly stride?: number;
  /** Zeros on every side. */
  readonly padding?: number;
  readonly dilation?: number;
}

/** The window attributes of a convolution that treats both axes alike. */
export const windowAttributes = ({ stride = 1, padding = 0, dilation = 1 }: WindowOptions = {}) => ({
  strides: [stride, stride],
  pads: [padding, padding, padding, padding],
  dilations: [dilation, dilation],
});

const pair = (attributes: Attributes, key: string, otherwise: number): readonly [number, number] => {
  const [down = otherwise, across = otherwise] = key in attributes ? naturals(attributes, key) : [];
  return [down, across];
};

/** The window of `kernel` [height, width] taps over planes of `plane` [height, width]. */
export function windowOf(
  [height, width]: readonly [number, number],
  [kernelHeight, kernelWidth]: readonly [number, number],
  attributes: Attributes,
): Window2d {
  const [top = 0, left = 0, bottom = 0, right = 0] = naturals(attributes, 'pads');
  const [strideY, strideX] = pair(attributes, 'strides', 1);
  const [dilationY, dilationX] = pair(attributes, 'dilations', 1);
  const out = (size: number, taps: number, stride: number, dilation: number) =>
    Math.floor((size - dilation * (taps - 1) - 1) / stride) + 1;
  return {
    height,
    width,
    kernelHeight,
    kernelWidth,
    strideY,
    strideX,
    top,
    left,
    bottom,
    right,
    dilationY,
    dilationX,
    outHeight: out(height + top + bottom, kernelHeight, strideY, dilationY),
    outWidth: out(width + left + right, kernelWidth, strideX, dilationX),
  };
}

/** Refuses lists of another length, and steps that are 0 or beyond {@link MAX_STEP}. */
export function checkWindowAttributes(call: OpCall): void {
  const rules = [
    ['strides', 2, 1],
    ['dilations', 2, 1],
    ['pads', 4, 0],
  ] as const;
  for (const [key, length, least] of rules) {
    if (!(key in call.attributes)) continue;
    const values = naturals(call.attributes, key);
    if (values.length === length && values.every((value) => value >= least && value <= MAX_STEP)) continue;
    refuse(call, `${key} is [${values}]`, `Give ${length} whole numbers from ${least} to ${MAX_STEP}.`);
  }
}

/** Refuses a list attribute that isn't `[height, width]`, both at least 1. */
export function checkPair(call: OpCall, key: string): readonly [number, number] {
  const values = naturals(call.attributes, key);
  const [down = 0, across = 0] = values;
  if (values.length === 2 && Math.min(down, across) >= 1) return [down, across];
  return refuse(call, `${key} is [${values}]`, 'Give a height and a width of at least 1.');
}

/** Refuses a window that is larger than its padded plane. */
export function checkFits(call: OpCall, window: Window2d): void {
  if (Math.min(window.outHeight, window.outWidth) >= 1) return;
  const { kernelHeight, kernelWidth, height, width, top, left, bottom, right } = window;
  refuse(
    call,
    `a ${kernelHeight}×${kernelWidth} window doesn't fit ${height}×${width} with pads [${[top, left, bottom, right]}]`,
    'Use a smaller window or more padding.',
  );
}

/** Visits every (place in the plane, tap, place in the output plane) that meet, as flat offsets; the padding's are left out. */
export function eachTap(w: Window2d, visit: (place: number, tap: number, out: number) => void): void {
  for (let i = 0; i < w.outHeight; i++)
    for (let j = 0; j < w.outWidth; j++) {
      for (let u = 0; u < w.kernelHeight; u++)
        for (let v = 0; v < w.kernelWidth; v++) {
          const [row, column] = [i * w.strideY + u * w.dilationY - w.top, j * w.strideX + v * w.dilationX - w.left];
          if (row < 0 || row >= w.height || column < 0 || column >= w.width) continue;
          visit(row * w.width + column, u * w.kernelWidth + v, i * w.outWidth + j);
        }
    }
}

/** The window as attributes of ONNX's Conv and ConvTranspose. */
export const onnxSteps = (w: Window2d) => ({
  strides: [w.strideY, w.strideX],
  pads: [w.top, w.left, w.bottom, w.right],
  dilations: [w.dilationY, w.dilationX],
});
