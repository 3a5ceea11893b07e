/** Integer expressions as sums: what an index owes to each axis of the element, and what is left. */
import type { Expr } from '../../canonical/expression.ts';

/** offset + Σ strides[a] · axis a + Σ coefficient · term; equal terms are one. */
export interface Affine {
  readonly strides: readonly number[];
  readonly offset: number;
  /** Anything else: loop variables, loaded ids, quotients. */
  readonly terms: ReadonlyMap<Expr, number>;
}

/** The sum that an i32 expression of a kernel with `rank` axes is. */
export function affineOf(node: Expr, rank: number): Affine {
  const strides = new Array<number>(rank).fill(0);
  const terms = new Map<Expr, number>();
  let offset = 0;
  const visit = (part: Expr, factor: number): void => {
    const known = valueOf(part);
    if (known !== undefined) offset += known * factor;
    else if (part.kind === 'axis') strides[part.axis]! += factor;
    else if (part.kind === 'binary' && (part.op === 'add' || part.op === 'subtract')) {
      visit(part.a, factor);
      visit(part.b, part.op === 'add' ? factor : -factor);
    } else {
      const [scaled, by] = scaledBy(part);
      if (by === 1) terms.set(part, (terms.get(part) ?? 0) + factor);
      else visit(scaled, factor * by);
    }
  };
  visit(node, 1);
  return { strides, offset, terms };
}

/** A product with a known number, taken apart; the node itself times 1 otherwise. */
function scaledBy(node: Expr): readonly [Expr, number] {
  if (node.kind !== 'binary' || node.op !== 'multiply') return [node, 1];
  const [left, right] = [valueOf(node.a), valueOf(node.b)];
  if (right !== undefined && right !== 1) return [node.a, right];
  return left !== undefined && left !== 1 ? [node.b, left] : [node, 1];
}

/** The value of a literal or a size. */
export const valueOf = (node: Expr): number | undefined =>
  node.type === 'i32' && (node.kind === 'constant' || node.kind === 'size') ? node.value : undefined;
