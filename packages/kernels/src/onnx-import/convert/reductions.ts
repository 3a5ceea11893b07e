/** Reductions, softmax and layer normalisation. */
import { reduceMean, reduceMin } from '../../ops/composites.ts';
import { elements } from '../../ops/shape.ts';
import { firstOperand, type Conversion, type NodeContext, type Value } from './node-context.ts';

/** Axes are an operand of ReduceSum since opset 13 and of the others since 18; before that an attribute. */
function reducedAxes(context: NodeContext, x: Value): number[] {
  const rank = context.shape(x).length;
  const operand = context.optional(1);
  const given = operand === null ? context.ints('axes') : context.integers(operand);
  if (given !== null && given.length > 0) return context.axes(given, rank);
  return context.int('noop_with_empty_axes', 0) === 1 ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

const reduction = (
  reduce: (context: NodeContext, x: Value, axes: number[], keepDims: boolean) => Value,
): Conversion => ({
  convert: (context) => {
    const x = context.input(0);
    const axes = reducedAxes(context, x);
    return [axes.length === 0 ? x : reduce(context, x, axes, context.int('keepdims', 1) === 1)];
  },
  flows: firstOperand,
});

const sum = (context: NodeContext, x: Value, axes: number[], keepDims: boolean): Value =>
  context.same('reduceSum', [x], { axes, keepDims });

/** Softmax runs along the last axis; another one is moved there and back. */
function alongLast(context: NodeContext, make: (x: Value) => Value): Value {
  const x = context.input(0);
  const rank = context.shape(x).length;
  const axis = context.axis(context.int('axis', -1), rank);
  if (axis === rank - 1) return make(x);
  const permutation = Array.from({ length: rank }, (_, at) => (at === axis ? rank - 1 : at === rank - 1 ? axis : at));
  const moved = make(context.same('transpose', [x], { permutation }));
  return context.same('transpose', [moved], { permutation });
}

const softmax = (context: NodeContext, x: Value): Value => context.same('softmax', [x], { factor: 1, causal: false });

/**
 * (x − c) − log Σ exp(x − c) for a whole number c near the greatest x: a logarithm of probabilities would meet those that
 * are 0 in f32. As a whole number c carries no derivative, and none is missing, since the result doesn't depend on it.
 */
function logSoftmax(context: NodeContext, x: Value): Value {
  const axes = [context.shape(x).length - 1];
  const greatest = context.apply('reduceMax', [x.id], { axes, keepDims: true });
  const shift = context.apply('toF32', [context.apply('toI32', [greatest])]);
  const shifted = context.apply('sub', [x.id, shift]);
  const sum = context.apply('reduceSum', [context.apply('exp', [shifted])], { axes, keepDims: true });
  return { id: context.apply('sub', [shifted, context.apply('log', [sum])]), element: x.element };
}

function layerNormalization(context: NodeContext): Value[] {
  const [x, gain, bias] = [context.input(0), context.input(1), context.optional(2)];
  const shape = context.shape(x);
  const axis = context.axis(context.int('axis', -1), shape.length);
  const width = elements(shape.slice(axis));
  const rows = axis === shape.length - 1 ? x : context.reshape(x, [...shape.slice(0, axis), width]);
  const scale = context.reshape(gain, [width]);
  const shift = bias === null ? { id: context.fill(0, [width]), element: x.element } : context.reshape(bias, [width]);
  const y = context.same('layerNorm', [rows, scale, shift], { epsilon: context.float('epsilon', 1e-5) });
  return [context.reshape(y, shape)];
}

export const reductionConversions: Readonly<Record<string, Conversion>> = {
  ReduceSum: reduction(sum),
  ReduceMean: reduction((context, x, axes, keepDims) => ({
    id: reduceMean(context.emit, x.id, { axes, keepDims }),
    element: x.element,
  })),
  ReduceMin: reduction((context, x, axes, keepDims) => ({
    id: reduceMin(context.emit, x.id, { axes, keepDims }),
    element: x.element,
  })),
  ReduceMax: reduction((context, x, axes, keepDims) => context.same('reduceMax', [x], { axes, keepDims })),
  ReduceL2: reduction((context, x, axes, keepDims) =>
    context.same('sqrt', [sum(context, context.same('mul', [x, x]), axes, keepDims)]),
  ),
  ReduceSumSquare: reduction((context, x, axes, keepDims) => sum(context, context.same('mul', [x, x]), axes, keepDims)),
  Softmax: { convert: (context) => [alongLast(context, (x) => softmax(context, x))] },
  LogSoftmax: { convert: (context) => [alongLast(context, (x) => logSoftmax(context, x))] },
  LayerNormalization: { convert: layerNormalization },
};
