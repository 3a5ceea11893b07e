/** transpose, slice and concat as copies between strided views: elements moved, not changed. */
import { type Shape, strides } from './shape.ts';

/** Every element of `shape`, read from one operand and written to the result at places that strides give. */
export interface StridedCopy {
  /** Which of the operands. */
  readonly operand: number;
  readonly shape: Shape;
  readonly fromStrides: Shape;
  readonly toStrides: Shape;
  /** Places of the first element. */
  readonly fromStart: number;
  readonly toStart: number;
}

export function transposeCopies(shape: Shape, permutation: readonly number[]): readonly StridedCopy[] {
  const own = strides(shape);
  const moved = permutation.map((axis) => shape[axis]!);
  const fromStrides = permutation.map((axis) => own[axis]!);
  return [{ operand: 0, shape: moved, fromStrides, toStrides: strides(moved), fromStart: 0, toStart: 0 }];
}

/** The part of `shape` that has the shape `to` and begins at `start` along `axis`. */
export function sliceCopies(
  shape: Shape,
  { axis, start, to }: { readonly axis: number; readonly start: number; readonly to: Shape },
): readonly StridedCopy[] {
  const fromStrides = strides(shape);
  const fromStart = start * fromStrides[axis]!;
  return [{ operand: 0, shape: to, fromStrides, toStrides: strides(to), fromStart, toStart: 0 }];
}

/** One copy for each of `shapes`, which lie one after the other along `axis` in the result `to`. */
export function concatCopies(shapes: readonly Shape[], axis: number, to: Shape): readonly StridedCopy[] {
  const toStrides = strides(to);
  let start = 0;
  return shapes.map((shape, operand) => {
    const toStart = start * toStrides[axis]!;
    start += shape[axis]!;
    return { operand, shape, fromStrides: strides(shape), toStrides, fromStart: 0, toStart };
  });
}
