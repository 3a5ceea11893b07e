/** Operators that move elements: to other axes, beside one another, out of a range, into a frame. */
import { padConstant, stridedSlice } from '../../ops/composites.ts';
import { elements } from '../../ops/shape.ts';
import { firstOperand, type Conversion, type NodeContext, type Value } from './node-context.ts';
import { refuseNode } from './refusal.ts';

function transpose(context: NodeContext): Value[] {
  const x = context.input(0);
  const reversed = context.shape(x).map((_, axis, { length }) => length - 1 - axis);
  return [context.same('transpose', [x], { permutation: [...(context.ints('perm') ?? reversed)] })];
}

/** The whole tensor again and again along each axis. */
function tile(context: NodeContext): Value[] {
  const x = context.input(0);
  const repeats = context.integers(context.input(1));
  if (repeats.length !== context.shape(x).length || repeats.some((count) => count < 1 || count > MAX_REPEATS))
    refuseNode(`it repeats [${context.shape(x)}] by [${repeats}]`);
  return [
    repeats.reduce(
      (value, count, axis) =>
        count === 1 ? value : context.same('concat', new Array<Value>(count).fill(value), { axis }),
      x,
    ),
  ];
}

/** Most copies of a tensor that are joined. */
const MAX_REPEATS = 256;

/** Nearest neighbours for whole factors: each pixel becomes a block. */
function resize(context: NodeContext): Value[] {
  const x = context.input(0);
  const from = context.shape(x);
  const [scales, sizes] = [context.optional(2), context.optional(3)];
  const asked = sizes === null ? null : context.integers(sizes);
  const factors = asked?.map((size, axis) => size / (from[axis] ?? 1)) ?? (scales && context.integers(scales)) ?? [];
  const place = context.text('coordinate_transformation_mode', 'half_pixel');
  const rounds = context.text('nearest_mode', 'round_prefer_floor');
  const nearest = context.text('mode', 'nearest') === 'nearest';
  const blocks =
    (place === 'asymmetric' && rounds === 'floor') || (place === 'half_pixel' && rounds === 'round_prefer_floor');
  const whole = factors.length === from.length && factors.every((factor) => Number.isInteger(factor) && factor >= 1);
  if (!nearest || !blocks || !whole) refuseNode('only nearest neighbours at whole factors are supported');
  return [
    factors.reduce((value, factor, axis) => {
      const shape = context.shape(value);
      const [lead, size, rest] = [elements(shape.slice(0, axis)), shape[axis] ?? 1, elements(shape.slice(axis + 1))];
      if (factor === 1) return value;
      const wide = context.broadcast(context.reshape(value, [lead, size, 1, rest]), [lead, size, factor, rest]);
      return context.reshape(wide, shape.with(axis, size * factor));
    }, x),
  ];
}

function concat(context: NodeContext): Value[] {
  const parts = context.all().filter((part) => elements(context.shape(part)) > 0);
  const [first] = parts;
  if (first === undefined) return [context.input(0)];
  const axis = context.axis(context.int('axis', 0), context.shape(first).length);
  return [parts.length === 1 ? first : context.same('concat', besideBatch(context, parts, axis), { axis })];
}

/** A token that a file for one sample joins to its data is joined to every sample's. */
function besideBatch(context: NodeContext, parts: readonly Value[], axis: number): readonly Value[] {
  const { batch, fileBatch } = context.setting;
  const apart = axis !== 0 && fileBatch === 1 && parts.some((part) => context.shape(part)[0] === batch);
  if (!apart) return parts;
  return parts.map((part) => context.broadcast(part, [batch, ...context.shape(part).slice(1)]));
}

function split(context: NodeContext): Value[] {
  const x = context.input(0);
  const axis = context.axis(context.int('axis', 0), context.shape(x).length);
  const total = context.shape(x)[axis] ?? 0;
  const given = context.optional(1);
  const count = context.int('num_outputs', context.node.outputs.length);
  if (count < 1 || count > total) refuseNode(`it splits ${total} into ${count}`);
  const part = Math.ceil(total / count);
  const lengths =
    given === null
      ? Array.from({ length: count }, (_, index) => Math.min(part, total - index * part))
      : context.integers(given);
  if (lengths.reduce((sum, length) => sum + length, 0) !== total) refuseNode(`it splits ${total} into [${lengths}]`);
  let start = 0;
  return lengths.map((length) => {
    start += length;
    return context.same('slice', [x], { axis, start: start - length, length });
  });
}

/** Elements start, start + step, … before `end` of an axis, by ONNX's rules for negative and far bounds. */
function sliceAxis(context: NodeContext, x: Value, axis: number, bounds: readonly [number, number, number]): Value {
  const [start, end, step] = bounds;
  const dims = context.shape(x);
  const size = dims[axis] ?? 1;
  const clamp = (bound: number): number => Math.max(0, Math.min(size, bound < 0 ? bound + size : bound));
  const [from, to] = [clamp(start), clamp(end)];
  if (step === 1 && to > from) return context.same('slice', [x], { axis, start: from, length: to - from });
  const constant = context.constantOf(x);
  if (constant !== null && dims.length === 1) {
    const picked: number[] = [];
    const [first, last] = step > 0 ? [from, to] : [Math.min(clamp(start), size - 1), end < -size ? -1 : clamp(end)];
    for (let at = first; step > 0 ? at < last : at > last; at += step) picked.push(constant[at] ?? 0);
    return context.constant(x.element, [picked.length], Float64Array.from(picked));
  }
  if (step < 1) return refuseNode(`it takes axis ${axis} backwards`);
  if (to <= from) return refuseNode(`it takes no element of axis ${axis}`);
  const length = Math.ceil((to - from) / step);
  return { id: stridedSlice(context.emit, x.id, { axis, start: from, length, step }), element: x.element };
}

function slice(context: NodeContext): Value[] {
  const x = context.input(0);
  const [starts, ends] = [context.integers(context.input(1)), context.integers(context.input(2))];
  const [axesGiven, stepsGiven] = [context.optional(3), context.optional(4)];
  const axes = axesGiven === null ? starts.map((_, axis) => axis) : context.integers(axesGiven);
  const steps = stepsGiven === null ? [] : context.integers(stepsGiven);
  return [
    starts.reduce((value, start, index) => {
      const axis = context.axis(axes[index] ?? 0, context.shape(value).length);
      const step = steps[index] ?? 1;
      if (step === 0) refuseNode('its step is 0');
      return sliceAxis(context, value, axis, [start, ends[index] ?? 0, step]);
    }, x),
  ];
}

/** A constant around axes; a negative width cuts. */
function pad(context: NodeContext): Value[] {
  const x = context.input(0);
  if (context.text('mode', 'constant') !== 'constant') refuseNode(`its mode is "${context.text('mode', '')}"`);
  const fill = context.optional(2);
  const value = fill === null ? 0 : (context.scalar(fill) ?? refuseNode('it pads with data'));
  const widths = context.integers(context.input(1));
  const given = context.optional(3);
  const rank = context.shape(x).length;
  const axes = given === null ? Array.from({ length: rank }, (_, axis) => axis) : context.integers(given);
  if (widths.length !== 2 * axes.length) refuseNode(`it pads [${context.shape(x)}] by [${widths}]`);
  const [before, after] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
  axes.forEach((name, index) => {
    const axis = context.axis(name, rank);
    [before[axis], after[axis]] = [widths[index] ?? 0, widths[index + axes.length] ?? 0];
  });
  const cut = before.reduce((inner, width, axis) => cutAxis(context, inner, axis, -width, -(after[axis] ?? 0)), x);
  const positive = (list: number[]): number[] => list.map((width) => Math.max(0, width));
  const id = padConstant(context.emit, cut.id, { before: positive(before), after: positive(after), value });
  return [{ id, element: x.element }];
}

/** Takes elements off both ends of an axis, where the numbers are positive. */
function cutAxis(context: NodeContext, x: Value, axis: number, before: number, after: number): Value {
  const [start, end] = [Math.max(0, before), Math.max(0, after)];
  const length = (context.shape(x)[axis] ?? 1) - start - end;
  return start + end === 0 ? x : context.same('slice', [x], { axis, start, length });
}

/** The lower or upper triangle; only of what is known at import (masks). */
function trilu(context: NodeContext): Value[] {
  const x = context.input(0);
  const values = context.constantOf(x) ?? refuseNode('it takes a triangle of data');
  const shape = context.shape(x);
  const [rows, columns] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
  const k = context.optional(1);
  const shift = k === null ? 0 : (context.scalar(k) ?? refuseNode('its diagonal depends on the data'));
  const upper = context.int('upper', 1) === 1;
  const kept = Float64Array.from(values, (value, at) => {
    const [row, column] = [Math.floor(at / columns) % rows, at % columns];
    return (upper ? column - row >= shift : column - row <= shift) ? value : 0;
  });
  return [context.constant(x.element, shape, kept)];
}

export const movementConversions: Readonly<Record<string, Conversion>> = {
  Transpose: { convert: transpose },
  Tile: { convert: tile, flows: firstOperand },
  Resize: { convert: resize, flows: firstOperand },
  Concat: { convert: concat },
  Split: { convert: split, flows: firstOperand },
  Slice: { convert: slice, flows: firstOperand },
  Pad: { convert: pad, flows: firstOperand },
  Trilu: { convert: trilu, flows: firstOperand },
};
