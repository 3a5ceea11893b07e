/** Operators that move data without changing it, and the shape arithmetic that exporters put around them. */
import { padConstant, stridedSlice } from '../../ops/composites.ts';
import { elements, type Shape } from '../../ops/shape.ts';
import { elementTypeOf } from '../reader/model-file.ts';
import { firstOperand, isFloat, noOperand, type Conversion, type NodeContext, type Value } from './node-context.ts';
import { refuseNode } from './refusal.ts';

/** The dimensions of a value as a constant i64 vector; `start` and `end` since opset 15. */
function shapeOf(context: NodeContext): Value[] {
  const shape = context.shape(context.input(0));
  const bound = (name: string, fallback: number): number => {
    const given = context.int(name, fallback);
    return Math.max(0, Math.min(shape.length, given < 0 ? given + shape.length : given));
  };
  const dims = shape.slice(bound('start', 0), bound('end', shape.length));
  return [context.constant('i64', [dims.length], Float64Array.from(dims))];
}

function size(context: NodeContext): Value[] {
  return [context.constant('i64', [], Float64Array.of(elements(context.shape(context.input(0)))))];
}

/** A Reshape's target: 0 keeps a dimension (unless allowzero), −1 takes what is left. */
function reshapeTarget(from: Shape, asked: readonly number[], keepsZero: boolean): number[] {
  const dims = asked.map((size, axis) => (size === 0 && !keepsZero ? (from[axis] ?? 0) : size));
  const known = dims.filter((size) => size !== -1).reduce((product, size) => product * size, 1);
  return dims.map((size) => (size === -1 && known > 0 ? elements(from) / known : size));
}

/**
 * A file that was exported for one batch size has that size in its Reshapes; where the tensor holds our batch instead, the
 * target's first dimension is scaled with it.
 */
function boundTarget({ setting: { batch, fileBatch } }: NodeContext, from: Shape, asked: readonly number[]): number[] {
  const [first = 0, ...rest] = asked;
  const fits =
    fileBatch === null || fileBatch === batch || first <= 0 || first % fileBatch !== 0 || from[0]! % batch !== 0;
  return fits ? [...asked] : [(first / fileBatch) * batch, ...rest];
}

function reshape(context: NodeContext): Value[] {
  const x = context.input(0);
  const [from, asked] = [context.shape(x), context.integers(context.input(1))];
  const keepsZero = context.int('allowzero', 0) === 1;
  const candidates = [boundTarget(context, from, asked), asked].map((target) => reshapeTarget(from, target, keepsZero));
  const target = candidates.find(
    (dims) => elements(dims) === elements(from) && dims.every((size) => Number.isInteger(size)),
  );
  return [context.reshape(x, target ?? refuseNode(`it reshapes [${from}] to [${asked}]`))];
}

function flatten(context: NodeContext): Value[] {
  const x = context.input(0);
  const shape = context.shape(x);
  const given = context.int('axis', 1);
  const axis = given < 0 ? given + shape.length : given;
  if (axis < 0 || axis > shape.length) refuseNode(`axis ${given} is outside of [${shape}]`);
  return [context.reshape(x, [elements(shape.slice(0, axis)), elements(shape.slice(axis))])];
}

function unsqueeze(context: NodeContext): Value[] {
  const x = context.input(0);
  const axes = context.integers(context.input(1));
  const rank = context.shape(x).length + axes.length;
  const added = new Set(context.axes(axes, rank));
  const dims = [...context.shape(x)];
  return [
    context.reshape(
      x,
      Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (dims.shift() ?? 1))),
    ),
  ];
}

function squeeze(context: NodeContext): Value[] {
  const x = context.input(0);
  const shape = context.shape(x);
  const axes = context.optional(1);
  const dropped = axes === null ? null : context.axes(context.integers(axes), shape.length);
  const wrong = dropped?.find((axis) => shape[axis] !== 1);
  if (wrong !== undefined) refuseNode(`axis ${wrong} of [${shape}] is not 1`);
  return [
    context.reshape(
      x,
      shape.filter((size, axis) => (dropped === null ? size !== 1 : !dropped.includes(axis))),
    ),
  ];
}

function transpose(context: NodeContext): Value[] {
  const x = context.input(0);
  const reversed = context.shape(x).map((_, axis, { length }) => length - 1 - axis);
  return [context.same('transpose', [x], { permutation: [...(context.ints('perm') ?? reversed)] })];
}

function expand(context: NodeContext): Value[] {
  const x = context.input(0);
  const [from, asked] = [context.shape(x), context.integers(context.input(1))];
  return [context.broadcast(x, asked.length === from.length ? boundTarget(context, from, asked) : asked)];
}

function concat(context: NodeContext): Value[] {
  const parts = context.all().filter((part) => elements(context.shape(part)) > 0);
  const [first] = parts;
  if (first === undefined) return [context.input(0)];
  const axis = context.axis(context.int('axis', 0), context.shape(first).length);
  return [parts.length === 1 ? first : context.same('concat', parts, { axis })];
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

function constantOfShape(context: NodeContext): Value[] {
  const shape = context.integers(context.input(0));
  const value = context.tensor('value');
  const element = value?.element ?? 'f32';
  const filled = value === null ? 0 : (context.scalar(value) ?? refuseNode('its value is no single number'));
  if (elements(shape) > MAX_FILLED || shape.some((size) => size < 0))
    refuseNode(`it makes a constant of shape [${shape}]`);
  return [context.constant(element, shape, new Float64Array(elements(shape)).fill(filled))];
}

/** Most elements of a tensor that an operator makes out of nothing. */
const MAX_FILLED = 2 ** 22;

function range(context: NodeContext): Value[] {
  const [start, limit, step] = [0, 1, 2].map(
    (index) => context.scalar(context.input(index)) ?? refuseNode('a bound depends on the data'),
  ) as [number, number, number];
  const count = Math.max(0, Math.ceil((limit - start) / step));
  if (!(count <= MAX_FILLED)) refuseNode(`it counts from ${start} to ${limit} by ${step}`);
  return [
    context.constant(
      context.input(0).element,
      [count],
      Float64Array.from({ length: count }, (_, i) => start + i * step),
    ),
  ];
}

function constantNode(context: NodeContext): Value[] {
  const tensor = context.tensor('value');
  if (tensor !== null) return [tensor];
  const { attributes } = context.node;
  const single = attributes.get('value_float') ?? attributes.get('value_int');
  if (single?.kind === 'float' || single?.kind === 'int')
    return [context.constant(single.kind === 'int' ? 'i64' : 'f32', [], Float64Array.of(single.value))];
  const list = attributes.get('value_floats') ?? attributes.get('value_ints');
  if (list?.kind === 'floats' || list?.kind === 'ints')
    return [context.constant(list.kind === 'ints' ? 'i64' : 'f32', [list.value.length], Float64Array.from(list.value))];
  return refuseNode('its value is no tensor of numbers');
}

/** Between f32 and f16/f64 nothing is to be done (the graph computes in f32), nor between widths of whole numbers. */
function cast(context: NodeContext): Value[] {
  const x = context.input(0);
  const to = context.int('to', 0);
  const element = elementTypeOf(to) ?? refuseNode(`it casts to data type ${to}`);
  const constant = context.constantOf(x);
  if (constant !== null) {
    const values = Float64Array.from(constant, (value) =>
      element === 'bool' ? Number(value !== 0) : isFloat(element) ? value : Math.trunc(value),
    );
    return [context.constant(element, context.shape(x), values)];
  }
  if (isFloat(element) === isFloat(x.element)) return [{ id: x.id, element }];
  if (isFloat(element)) return [{ id: context.apply('toF32', [x.id]), element }];
  // A truth value is "not 0", which a fraction is too.
  if (element === 'bool')
    return [{ id: context.apply('not', [context.apply('equal', [x.id, context.fill(0)])]), element }];
  return [{ id: context.apply('toI32', [x.id]), element }];
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

export const shapeConversions: Readonly<Record<string, Conversion>> = {
  Shape: { convert: shapeOf, flows: noOperand },
  Size: { convert: size, flows: noOperand },
  Reshape: { convert: reshape, flows: firstOperand },
  Flatten: { convert: flatten },
  Unsqueeze: { convert: unsqueeze, flows: firstOperand },
  Squeeze: { convert: squeeze, flows: firstOperand },
  Transpose: { convert: transpose },
  Expand: { convert: expand, flows: firstOperand },
  Concat: { convert: concat },
  Split: { convert: split, flows: firstOperand },
  Slice: { convert: slice, flows: firstOperand },
  Pad: { convert: pad, flows: firstOperand },
  ConstantOfShape: { convert: constantOfShape, flows: noOperand },
  Constant: { convert: constantNode, flows: noOperand },
  Range: { convert: range, flows: noOperand },
  Cast: { convert: cast },
  Trilu: { convert: trilu, flows: firstOperand },
  Identity: { convert: (context) => [context.input(0)] },
};
