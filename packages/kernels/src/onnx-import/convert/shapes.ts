/** Shapes: new ones for the same elements, and the arithmetic with them that exporters write out. */
import { broadcastShapes, elements, type Shape } from '../../ops/shape.ts';
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
 * A file that was exported for one batch size has that size in its shapes; where the tensor holds our batch instead, the
 * target is scaled at the place where the batch stands: as many elements lie before it on both sides.
 */
function boundTargets(
  { setting: { batch, fileBatch } }: NodeContext,
  from: Shape,
  asked: readonly number[],
): number[][] {
  if (fileBatch === null || fileBatch === batch) return [];
  return from.flatMap((size, axis) => {
    const before = elements(from.slice(0, axis));
    const place = asked.findIndex((_, at) => elements(asked.slice(0, at)) === before);
    const old = asked[place] ?? 0;
    return size % batch !== 0 || old <= 0 || old % fileBatch !== 0
      ? []
      : [asked.with(place, (old / fileBatch) * batch)];
  });
}

function reshape(context: NodeContext): Value[] {
  const x = context.input(0);
  const [from, asked] = [context.shape(x), context.integers(context.input(1))];
  const keepsZero = context.int('allowzero', 0) === 1;
  const candidates = [...boundTargets(context, from, asked), asked].map((target) =>
    reshapeTarget(from, target, keepsZero),
  );
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

function expand(context: NodeContext): Value[] {
  const x = context.input(0);
  const [from, asked] = [context.shape(x), context.integers(context.input(1))];
  const fits = [asked, ...boundTargets(context, from, asked)].find((target) => broadcastShapes(from, target) !== null);
  return [context.broadcast(x, fits ?? asked)];
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

export const shapeConversions: Readonly<Record<string, Conversion>> = {
  Shape: { convert: shapeOf, flows: noOperand },
  Size: { convert: size, flows: noOperand },
  Reshape: { convert: reshape, flows: firstOperand },
  Flatten: { convert: flatten },
  Unsqueeze: { convert: unsqueeze, flows: firstOperand },
  Squeeze: { convert: squeeze, flows: firstOperand },
  Expand: { convert: expand, flows: firstOperand },
  ConstantOfShape: { convert: constantOfShape, flows: noOperand },
  Constant: { convert: constantNode, flows: noOperand },
  Range: { convert: range, flows: noOperand },
  Cast: { convert: cast },
  Identity: { convert: (context) => [context.input(0)] },
};
