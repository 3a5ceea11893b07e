/** Operators that slide a window over images [n, c, h, w] or sequences [n, c, l], and batch normalisation. */
import { reduceMean } from '../../ops/composites.ts';
import { elements } from '../../ops/shape.ts';
import type { FileNode } from '../reader/model-file.ts';
import type { Conversion, NodeContext, Value } from './node-context.ts';
import { refuseNode } from './refusal.ts';

/** A window over both axes of a plane; sequences have planes of height 1. */
interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** top, left, bottom, right */
  readonly pads: readonly [number, number, number, number];
}

/** A list with one number a spatial axis, as two: sequences get `filler` for their height. */
function pairOf(given: readonly number[], axes: number, filler: number, what: string): readonly [number, number] {
  const [down = filler, across = filler] = axes === 1 ? [filler, ...given] : given;
  if (given.length !== axes || given.some((value) => value < 0))
    refuseNode(`its ${what} are [${given}] for ${axes} axes`);
  return [down, across];
}

/** What auto_pad asks for along one axis, before and after. */
function samePads(size: number, taps: number, stride: number, dilation: number, upper: boolean): [number, number] {
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + dilation * (taps - 1) + 1 - size);
  const less = Math.floor(total / 2);
  return upper ? [less, total - less] : [total - less, less];
}

function windowOf(context: NodeContext, plane: readonly number[], kernelShape: readonly number[]): Window {
  const axes = kernelShape.length;
  const ones = kernelShape.map(() => 1);
  const kernel = pairOf(kernelShape, axes, 1, 'kernel sizes');
  const strides = pairOf(context.ints('strides') ?? ones, axes, 1, 'strides');
  const dilations = pairOf(context.ints('dilations') ?? ones, axes, 1, 'dilations');
  const [height = 1, width = 1] = axes === 1 ? [1, ...plane] : plane;
  const mode = context.text('auto_pad', 'NOTSET');
  if (mode === 'SAME_UPPER' || mode === 'SAME_LOWER') {
    const upper = mode === 'SAME_UPPER';
    const [top, bottom] = samePads(height, kernel[0], strides[0], dilations[0], upper);
    const [left, right] = samePads(width, kernel[1], strides[1], dilations[1], upper);
    return { kernel, strides, dilations, pads: [top, left, bottom, right] };
  }
  if (mode !== 'NOTSET' && mode !== 'VALID') refuseNode(`its auto_pad is "${mode}"`);
  const given = mode === 'VALID' ? null : context.ints('pads');
  const pads = given ?? [...ones, ...ones].map(() => 0);
  const [top, left] = pairOf(pads.slice(0, axes), axes, 0, 'pads');
  const [bottom, right] = pairOf(pads.slice(axes), axes, 0, 'pads');
  return { kernel, strides, dilations, pads: [top, left, bottom, right] };
}

/** Spatial dimensions of an image or a sequence. */
function planeOf(context: NodeContext, x: Value): readonly number[] {
  const plane = context.shape(x).slice(2);
  return plane.length === 1 || plane.length === 2
    ? plane
    : refuseNode(
        `its input has the shape [${context.shape(x)}]; images [n, c, h, w] and sequences [n, c, l] are supported`,
      );
}

/** [n, c, l] as [n, c, 1, l]. */
function asImage(context: NodeContext, x: Value): Value {
  const shape = context.shape(x);
  return shape.length === 3 ? context.reshape(x, [shape[0] ?? 1, shape[1] ?? 1, 1, shape[2] ?? 1]) : x;
}

/** Undoes {@link asImage} where the input was a sequence. */
function likeInput(context: NodeContext, y: Value, input: Value): Value {
  const shape = context.shape(y);
  return context.shape(input).length === 3 ? context.reshape(y, [shape[0] ?? 1, shape[1] ?? 1, shape[3] ?? 1]) : y;
}

/** One number a channel [c] as [c, 1, …], which broadcasts to x. */
function perChannel(context: NodeContext, value: Value, x: Value): Value {
  return context.reshape(value, [
    context.shape(x)[1] ?? 1,
    ...context
      .shape(x)
      .slice(2)
      .map(() => 1),
  ]);
}

function conv(context: NodeContext): Value[] {
  const [x, kernel, bias] = [context.input(0), context.input(1), context.optional(2)];
  const plane = planeOf(context, x);
  const taps = context.shape(kernel).slice(2);
  if (taps.length !== plane.length) refuseNode(`its kernel has the shape [${context.shape(kernel)}]`);
  const { strides, pads, dilations } = windowOf(context, plane, taps);
  const y = context.same('conv2d', [asImage(context, x), asImage(context, kernel)], {
    strides: [...strides],
    pads: [...pads],
    dilations: [...dilations],
    groups: context.int('group', 1),
  });
  const shaped = likeInput(context, y, x);
  return [bias === null ? shaped : context.same('add', [shaped, perChannel(context, bias, shaped)])];
}

/** The transposed convolution is the gradient of a convolution towards its input. */
function convTranspose(context: NodeContext): Value[] {
  const [x, kernel, bias] = [context.input(0), context.input(1), context.optional(2)];
  const plane = planeOf(context, x);
  const taps = context.shape(kernel).slice(2);
  if (taps.length !== plane.length) refuseNode(`its kernel has the shape [${context.shape(kernel)}]`);
  if (context.ints('output_shape') !== null || context.text('auto_pad', 'NOTSET') !== 'NOTSET')
    refuseNode('it states its output shape or auto_pad');
  const { kernel: sizes, strides, pads, dilations } = windowOf(context, plane, taps);
  const more = pairOf(context.ints('output_padding') ?? taps.map(() => 0), taps.length, 0, 'output pads');
  const [height = 1, width = 1] = plane.length === 1 ? [1, ...plane] : plane;
  const reach = (size: number, axis: 0 | 1): number =>
    strides[axis] * (size - 1) +
    dilations[axis] * (sizes[axis] - 1) +
    1 +
    more[axis] -
    pads[axis] -
    (pads[axis + 2] ?? 0);
  const y = context.same('conv2dInputGradient', [asImage(context, x), asImage(context, kernel)], {
    strides: [...strides],
    pads: [...pads],
    dilations: [...dilations],
    groups: context.int('group', 1),
    size: [reach(height, 0), reach(width, 1)].map((size) => Math.max(0, size)),
  });
  const shaped = likeInput(context, y, x);
  return [bias === null ? shaped : context.same('add', [shaped, perChannel(context, bias, shaped)])];
}

/** Rounding up makes room for one more window, which the padding then has to reach. */
function widened(window: Window, plane: readonly number[]): Window {
  const [height = 1, width = 1] = plane.length === 1 ? [1, ...plane] : plane;
  const more = (size: number, axis: 0 | 1): number => {
    const over = (size + window.pads[axis] + window.pads[axis + 2]! - window.kernel[axis]) % window.strides[axis];
    const last =
      size + window.pads[axis] - (size + window.pads[axis] + window.pads[axis + 2]! - window.kernel[axis] - over);
    // The last window has to begin inside of the input or its leading padding.
    return over > 0 && last > window.strides[axis] ? window.strides[axis] - over : 0;
  };
  const [top, left, bottom, right] = window.pads;
  return { ...window, pads: [top, left, bottom + more(height, 0), right + more(width, 1)] };
}

function pool(context: NodeContext, op: string, own: Readonly<Record<string, boolean>>): Value[] {
  const x = context.input(0);
  const plane = planeOf(context, x);
  const window = windowOf(context, plane, context.ints('kernel_shape') ?? refuseNode('it has no kernel_shape'));
  if (window.dilations.some((dilation) => dilation !== 1)) refuseNode('it has dilations');
  const { kernel, strides, pads } = context.int('ceil_mode', 0) === 1 ? widened(window, plane) : window;
  const y = context.same(op, [asImage(context, x)], {
    kernel: [...kernel],
    strides: [...strides],
    pads: [...pads],
    ...own,
  });
  return [likeInput(context, y, x)];
}

function averagePool(context: NodeContext): Value[] {
  const countPads = context.int('count_include_pad', 0) === 1;
  if (countPads && context.int('ceil_mode', 0) === 1) refuseNode('it counts padding and rounds up');
  return pool(context, 'averagePool2d', { countPads });
}

function globalAveragePool(context: NodeContext): Value[] {
  const x = context.input(0);
  const axes = context.shape(x).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  if (axes.length === 0) return [x];
  return [{ id: reduceMean(context.emit, x.id, { axes, keepDims: true }), element: x.element }];
}

function globalMaxPool(context: NodeContext): Value[] {
  const x = context.input(0);
  const planes = asImage(context, x);
  const kernel = context.shape(planes).slice(2);
  const y = context.same('maxPool2d', [planes], { kernel, strides: [1, 1], pads: [0, 0, 0, 0] });
  return [likeInput(context, y, x)];
}

/** Each channel of each sample on its own: a layer norm over its plane. */
function instanceNormalization(context: NodeContext): Value[] {
  const [x, gain, bias] = [context.input(0), context.input(1), context.input(2)];
  const shape = context.shape(x);
  const plane = elements(shape.slice(2));
  const rows = context.reshape(x, [shape[0] ?? 1, shape[1] ?? 1, plane]);
  const [ones, zeros] = [context.fill(1, [plane]), context.fill(0, [plane])];
  const epsilon = context.float('epsilon', 1e-5);
  const y = context.reshape(
    { id: context.apply('layerNorm', [rows.id, ones, zeros], { epsilon }), element: x.element },
    shape,
  );
  return [context.same('add', [context.same('mul', [y, perChannel(context, gain, x)]), perChannel(context, bias, x)])];
}

/** In training mode since opset 14; before it, by having more than one output. */
export const normalizesBatches = (node: FileNode): boolean => {
  const mode = node.attributes.get('training_mode');
  return node.op === 'BatchNormalization' && (node.outputs.length > 3 || (mode?.kind === 'int' && mode.value === 1));
};
/**
 * In training mode the statistics are the batch's, and the running ones move towards them by 1 − momentum, the variance
 * dividing by the count, as ONNX says (PyTorch's running variance divides by one less). Else the running ones are used.
 */
function batchNormalization(context: NodeContext): Value[] {
  const x = context.input(0);
  const [gain, bias, mean, variance] = [1, 2, 3, 4].map((index) => perChannel(context, context.input(index), x)) as [
    Value,
    Value,
    Value,
    Value,
  ];
  const epsilon = context.float('epsilon', 1e-5);
  const { training } = context.setting;
  const [usedMean, usedVariance] =
    training !== null && normalizesBatches(context.node)
      ? batchStatistics(context, x, training.weight)
      : [mean, variance];
  return [context.same('batchNorm', [x, gain, bias, usedMean, usedVariance], { epsilon })];
}

function batchStatistics(context: NodeContext, x: Value, weight: number): [Value, Value] {
  const element = x.element;
  const mean = { id: context.apply('channelMean', [x.id, weight]), element };
  const variance = { id: context.apply('channelVariance', [x.id, mean.id, weight]), element };
  const keep = context.float('momentum', 0.9);
  [mean, variance].forEach((batch, index) => {
    const running = context.input(3 + index);
    const name = context.node.inputs[3 + index] ?? '';
    if (context.constantOf(running) !== null || !context.isStatistic(name)) return;
    const flat = context.reshape(batch, context.shape(running));
    const change = context.same('scale', [context.same('sub', [running, flat])], { factor: 1 - keep });
    context.setting.training?.statistic(name, change.id);
  });
  return [mean, variance];
}

export const windowConversions: Readonly<Record<string, Conversion>> = {
  Conv: { convert: conv },
  ConvTranspose: { convert: convTranspose },
  MaxPool: { convert: (context) => pool(context, 'maxPool2d', {}) },
  AveragePool: { convert: averagePool },
  GlobalAveragePool: { convert: globalAveragePool },
  GlobalMaxPool: { convert: globalMaxPool },
  InstanceNormalization: { convert: instanceNormalization },
  BatchNormalization: { convert: batchNormalization, flows: (index) => index < 3 },
};
