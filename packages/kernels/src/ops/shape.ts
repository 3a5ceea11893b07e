/** Shape arithmetic that op files share. */
import { GraphError } from '../graph/errors.ts';
import type { TensorType } from '../graph/graph.ts';
import type { NotDifferentiable, OpCall, TypedCall } from '../graph/op.ts';

export type Shape = readonly number[];

export const f32 = (shape: Shape): TensorType => ({ dtype: 'f32', shape });
export const i32 = (shape: Shape): TensorType => ({ dtype: 'i32', shape });

/** Elements of a shape; 1 for a scalar. */
export const elements = (shape: Shape): number => shape.reduce((product, dimension) => product * dimension, 1);

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);

/** Row-major strides in elements. */
export function strides(shape: Shape): number[] {
  const result = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    result[axis] = stride;
    stride *= shape[axis] ?? 1;
  }
  return result;
}

/** Strides for reading a tensor of shape `from` at the indices of the larger `to`: 0 where `from` is repeated. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const own = strides(from);
  const lead = to.length - from.length;
  return to.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : (own[axis - lead] ?? 0)));
}

/** The numpy broadcast of two shapes, or null when they don't fit. */
export function broadcastShapes(a: Shape, b: Shape): number[] | null {
  const rank = Math.max(a.length, b.length);
  const result: number[] = [];
  for (let back = rank; back >= 1; back--) {
    const [left, right] = [a[a.length - back] ?? 1, b[b.length - back] ?? 1];
    if (left !== right && left !== 1 && right !== 1) return null;
    result.push(Math.max(left, right));
  }
  return result;
}

/**
 * The element offsets, in row-major order of `shape`, of a tensor read with `readStrides`. Every layout op's reference
 * is this walk.
 */
export function offsets(shape: Shape, readStrides: Shape, start = 0): Int32Array {
  const result = new Int32Array(elements(shape));
  result[0] = start;
  let filled = result.length;
  // Axis by axis from the outside: the first entry of each block is known, and its siblings lie one stride apart.
  for (let axis = 0; axis < shape.length; axis++) {
    const count = shape[axis] ?? 1;
    const block = filled / count;
    for (let base = 0; base < result.length; base += filled) {
      const first = result[base] ?? 0;
      for (let k = 1; k < count; k++) result[base + k * block] = first + k * (readStrides[axis] ?? 0);
    }
    filled = block;
  }
  return result;
}

/** Stops an illegal call. */
export function refuse({ op, place }: Pick<OpCall, 'op' | 'place'>, problem: string, mend: string): never {
  throw new GraphError({ op, place, problem, mend });
}

/** The shape of operand `index`; the call's operand count has been checked. */
export function shapeAt({ inputs }: Pick<OpCall, 'inputs'>, index: number): Shape {
  return inputs[index]?.shape ?? [];
}

/** Refuses an operand whose shape is not `expected`. */
export function expectShape(call: OpCall, index: number, expected: Shape): void {
  const actual = shapeAt(call, index);
  if (sameShape(actual, expected)) return;
  refuse(call, `operand ${index} has shape [${actual}], expected [${expected}]`, 'Pass an operand of that shape.');
}

/** Refuses an operand of another rank. */
export function expectRank(call: OpCall, index: number, rank: number): void {
  const actual = shapeAt(call, index);
  if (actual.length === rank) return;
  refuse(call, `operand ${index} has shape [${actual}], expected rank ${rank}`, 'Reshape the operand first.');
}

/** Bytes when every operand is read once and the output written once. */
export const streamedBytes = ({ inputs, output }: TypedCall): number =>
  4 * inputs.reduce((sum, type) => sum + elements(type.shape), elements(output.shape));

/** A FLOP rule: a fixed number of operations for each element of the output. */
export const perOutput =
  (operations: number) =>
  ({ output }: TypedCall): number =>
    operations * elements(output.shape);

/** A FLOP rule: a fixed number of operations for each element of operand `index`. */
export const perOperand =
  (index: number, operations: number) =>
  (call: TypedCall): number =>
    operations * elements(shapeAt(call, index));

/** The gradient of ops that themselves stand only in backward passes. */
export const backwardOnly: NotDifferentiable = {
  reason: 'it belongs to a backward pass, and second derivatives are not taken',
};
