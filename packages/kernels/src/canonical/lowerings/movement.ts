/** Exact lowerings of what only moves elements. */
import { natural, naturals } from '../../graph/attributes.ts';
import type { TensorType } from '../../graph/graph.ts';
import { concatCopies, sliceCopies, type StridedCopy, transposeCopies } from '../../ops/strided-copy.ts';
import { add, and, axis, indexOf, less, lessOrEqual, load, loadWhere, size, subtract } from '../build.ts';
import type { Expr } from '../expression.ts';
import {
  type CanonicalOperand,
  type ExactContext,
  type ExactLowering,
  input,
  type MapCall,
  output,
  scratch,
} from '../kernel.ts';

const axesOf = (shape: readonly number[]): Expr[] => shape.map((_, at) => axis(at));

/** A map from the output's coordinates to the element of the one operand that stands there, and the same as copies. */
const moved = (
  read: (context: ExactContext) => Expr,
  copies?: (context: ExactContext) => readonly StridedCopy[],
): ExactLowering => ({
  kind: 'calls',
  lower: (context) => {
    const moves = copies && ({ kind: 'copies', copies: copies(context) } as const);
    const { shape } = context.output;
    return { calls: [{ kind: 'map', operands: [input(0)], output, shape, value: read(context), moves }] };
  },
});

export const transposeExactly = moved(
  ({ inputs: [x], attributes }) => {
    const permutation = naturals(attributes, 'permutation');
    const shape = x?.shape ?? [];
    return load(
      0,
      indexOf(
        shape,
        shape.map((_, at) => axis(permutation.indexOf(at))),
      ),
    );
  },
  ({ inputs: [x], attributes }) => transposeCopies(x?.shape ?? [], naturals(attributes, 'permutation')),
);

export const sliceExactly = moved(
  ({ inputs: [x], attributes, output: { shape } }) => {
    const [along, start] = [natural(attributes, 'axis'), natural(attributes, 'start')];
    const coordinates = axesOf(shape);
    return load(0, indexOf(x?.shape ?? [], coordinates.with(along, add(coordinates[along] ?? size(0), size(start)))));
  },
  ({ inputs: [x], attributes, output: { shape } }) =>
    sliceCopies(x?.shape ?? [], { axis: natural(attributes, 'axis'), start: natural(attributes, 'start'), to: shape }),
);

export const padExactly = moved(({ inputs: [x], attributes, output: { shape } }) => {
  const [along, before] = [natural(attributes, 'axis'), natural(attributes, 'before')];
  const own = x?.shape ?? [];
  const at = subtract(axis(along), size(before));
  const inside = and(lessOrEqual(size(before), axis(along)), less(at, size(own[along] ?? 1)));
  return loadWhere(inside, 0, indexOf(own, axesOf(shape).with(along, at)));
});

/** Most tensors that are joined in one map. */
const PIECES = 6;

/** More pieces than a map can read are joined in stages. */
export const concatExactly: ExactLowering = {
  kind: 'calls',
  lower: ({ inputs, attributes }) => {
    const along = natural(attributes, 'axis');
    const temporaries: TensorType[] = [];
    const calls: MapCall[] = [];
    let pieces = inputs.map(({ shape }, index): Piece => ({ operand: input(index), shape }));
    while (pieces.length > 1 || calls.length === 0) {
      const last = pieces.length <= PIECES;
      const joined: Piece[] = [];
      for (let start = 0; start < pieces.length; start += PIECES) {
        const group = pieces.slice(start, start + PIECES);
        const shape = joinedShape(group, along);
        const target = last ? output : scratch(temporaries.push({ dtype: 'f32', shape }) - 1);
        calls.push({
          kind: 'map',
          operands: group.map(({ operand }) => operand),
          output: target,
          shape,
          value: joinedValue(group, along, shape),
          moves: {
            kind: 'copies',
            copies: concatCopies(
              group.map((piece) => piece.shape),
              along,
              shape,
            ),
          },
        });
        joined.push({ operand: target, shape });
      }
      pieces = joined;
    }
    return { calls, scratch: temporaries };
  },
};

interface Piece {
  readonly operand: CanonicalOperand;
  readonly shape: readonly number[];
}

const joinedShape = (pieces: readonly Piece[], along: number): number[] =>
  [...(pieces[0]?.shape ?? [])].with(
    along,
    pieces.reduce((total, { shape }) => total + (shape[along] ?? 0), 0),
  );

/** Each piece where the coordinate lies in it, the first piece innermost. */
function joinedValue(pieces: readonly Piece[], along: number, shape: readonly number[]): Expr {
  let start = 0;
  let value: Expr | undefined;
  for (const [operand, { shape: own }] of pieces.entries()) {
    const at = subtract(axis(along), size(start));
    const index = indexOf(own, axesOf(shape).with(along, at));
    const length = own[along] ?? 0;
    const inside = and(lessOrEqual(size(start), axis(along)), less(at, size(length)));
    value =
      value === undefined && pieces.length === 1 ? load(operand, index) : loadWhere(inside, operand, index, value);
    start += length;
  }
  return value ?? size(0);
}
