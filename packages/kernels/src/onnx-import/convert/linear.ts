/** Products: Gemm, MatMul, and the rows that indices pick out of a table. */
import { naturals } from '../../graph/attributes.ts';
import { gatherAxis } from '../../ops/composites.ts';
import { broadcastShapes, elements } from '../../ops/shape.ts';
import { firstOperand, type Conversion, type NodeContext, type Value } from './node-context.ts';
import { refuseNode } from './refusal.ts';

const product = (context: NodeContext, a: Value, b: Value, transposeA = false, transposeB = false): Value =>
  context.same('matmul', [a, b], { transposeA, transposeB });

const scaled = (context: NodeContext, value: Value, factor: number): Value =>
  factor === 1 ? value : context.same('scale', [value], { factor });

/** alpha · A′ · B′ + beta · C. */
function gemm(context: NodeContext): Value[] {
  const [transposeA, transposeB] = [context.int('transA', 0) !== 0, context.int('transB', 0) !== 0];
  const y = scaled(
    context,
    product(context, context.input(0), context.input(1), transposeA, transposeB),
    context.float('alpha', 1),
  );
  const c = context.optional(2);
  return [c === null ? y : context.same('add', [y, scaled(context, c, context.float('beta', 1))])];
}

/** numpy's rule: vectors are rows on the left and columns on the right; leading axes broadcast. */
function matmul(context: NodeContext): Value[] {
  const [a, b] = [context.input(0), context.input(1)];
  const [left, right] = [context.shape(a), context.shape(b)];
  if (left.length === 0 || right.length === 0) refuseNode('it multiplies with a scalar');
  const wideA = left.length === 1 ? context.reshape(a, [1, left[0] ?? 1]) : a;
  const wideB = right.length === 1 ? context.reshape(b, [right[0] ?? 1, 1]) : b;
  const y = stacked(context, wideA, wideB);
  const dropped = [left.length === 1 ? -2 : 0, right.length === 1 ? -1 : 0];
  if (left.length > 1 && right.length > 1) return [y];
  const shape = context.shape(y);
  return [
    context.reshape(
      y,
      shape.filter((_, axis) => !dropped.includes(axis - shape.length)),
    ),
  ];
}

/**
 * A transposition that turns the last two axes round, without that turn: a product has a flag for it. Keys come so out of
 * exporters that make one Transpose of two.
 */
function upright(context: NodeContext, b: Value): { value: Value; flipped: boolean } {
  const node = context.emit.nodeOf(b.id);
  const permutation = node?.op === 'transpose' ? naturals(node.attributes, 'permutation') : [];
  const [row = 0, column = 0] = permutation.slice(-2);
  if (node === null || row <= column) return { value: b, flipped: false };
  const turned = [...permutation.slice(0, -2), column, row];
  const id = context.apply('transpose', node.inputs, { permutation: turned });
  return { value: { id, element: b.element }, flipped: true };
}

/** Stacks of matrices with leading axes made equal; a single right matrix serves all without being repeated. */
function stacked(context: NodeContext, a: Value, b: Value): Value {
  const [left, right] = [context.shape(a), context.shape(b)];
  const { value, flipped } = upright(context, b);
  if (right.length === 2 && left.length >= 2) return product(context, a, value, false, flipped);
  const lead = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
  if (lead === null) return refuseNode(`[${left}] and [${right}] have different leading axes`);
  const spread = (side: Value): Value => context.broadcast(side, [...lead, ...context.shape(side).slice(-2)]);
  return product(context, spread(a), spread(value), false, flipped);
}

/** Most constant indices that are taken one by one. */
const MAX_PICKS = 64;

/** Rows of `axis` at constant indices: one slice for neighbours, else one a row. */
function pick(context: NodeContext, x: Value, axis: number, indices: readonly number[]): Value {
  const size = context.shape(x)[axis] ?? 1;
  const natural = indices.map((index) => (index < 0 ? index + size : index));
  const [first = 0] = natural;
  if (natural.some((index) => !Number.isInteger(index) || index < 0 || index >= size))
    refuseNode(
      `index ${indices.find((_, i) => !((natural[i] ?? -1) >= 0 && (natural[i] ?? size) < size))} is outside of ${size}`,
    );
  if (natural.every((index, i) => index === first + i))
    return context.same('slice', [x], { axis, start: first, length: natural.length });
  if (natural.length > MAX_PICKS)
    refuseNode(`it picks ${natural.length} scattered constant indices; at most ${MAX_PICKS} are supported`);
  const rows = natural.map((start) => context.same('slice', [x], { axis, start, length: 1 }));
  return context.same('concat', rows, { axis });
}

/** Equal leading blocks (positions repeated for each sample) as one block. */
function firstBlock(values: readonly number[], shape: readonly number[]): { block: number[]; shape: number[] } {
  const lead = shape[0] ?? 1;
  const inner = values.slice(0, values.length / lead);
  const repeats = lead > 1 && shape.length > 1 && values.every((value, at) => value === inner[at % inner.length]);
  return repeats ? { block: inner, shape: [1, ...shape.slice(1)] } : { block: [...values], shape: [...shape] };
}

function gather(context: NodeContext): Value[] {
  const [x, ids] = [context.input(0), context.input(1)];
  const dims = context.shape(x);
  const axis = context.axis(context.int('axis', 0), dims.length);
  const constant = context.constantOf(ids);
  const idShape = context.shape(ids);
  if (constant !== null) {
    const { block, shape } = firstBlock(Array.from(constant), idShape);
    const picked = pick(context, x, axis, block);
    const rest = [dims.slice(0, axis), dims.slice(axis + 1)] as const;
    const once = context.reshape(picked, [...rest[0], ...shape, ...rest[1]]);
    return [
      elements(shape) === elements(idShape) ? once : context.broadcast(once, [...rest[0], ...idShape, ...rest[1]]),
    ];
  }
  return [{ id: gatherAxis(context.emit, x.id, ids.id, axis), element: x.element }];
}

export const linearConversions: Readonly<Record<string, Conversion>> = {
  Gemm: { convert: gemm },
  MatMul: { convert: matmul },
  Gather: { convert: gather, flows: firstOperand },
};
