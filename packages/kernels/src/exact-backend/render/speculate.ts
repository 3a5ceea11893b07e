/**
 * Guarded loads, `inside ? x[inside ? i : 0] : other`, lose their inner guard where `i` cannot lead far out of `x`: what
 * is read outside is never used, and a plain index can be read four elements at a time.
 */
import { childrenOf, type Expr } from '../../canonical/expression.ts';
import type { Range } from './fold.ts';
import { mapChildren } from './unroll.ts';

/** Elements before and behind every tensor that can be read without harm: the memory's layout sees to it. */
export const READABLE_AROUND = 8192;

/** Most nodes that are looked through below a guard. */
const MOST_NODES = 200;

export interface Speculation {
  /** Elements of the operands. */
  readonly sizes: readonly number[];
  readonly range: (node: Expr) => Range;
  /** Makes a node with new children one of the kernel's. */
  readonly own: (node: Expr) => Expr;
}

/** `node`, a select, with the guards of its own condition taken off the indices of loads below it. */
export function speculated(node: Extract<Expr, { kind: 'select' }>, speculation: Speculation): Expr {
  const guards = guardsOf(node.condition);
  const known = new Map<Expr, Expr>();
  const free = (each: Expr): Expr => {
    let result = known.get(each);
    if (result === undefined && known.size < MOST_NODES && each.kind !== 'sum' && each.kind !== 'result') {
      known.set(each, each);
      const inner = mapIfChanged(unguarded(each, guards, speculation), free, speculation);
      known.set(each, inner);
      result = inner;
    }
    return result ?? each;
  };
  const condition = freeBeside(node.condition, free, speculation);
  const yes = free(node.yes);
  return condition === node.condition && yes === node.yes ? node : speculation.own({ ...node, condition, yes });
}

/** The parts of a condition that all must hold and that load nothing. */
function guardsOf(condition: Expr): ReadonlySet<Expr> {
  const found = new Set<Expr>();
  const visit = (node: Expr): void => {
    if (loadsNothing(node)) found.add(node);
    if (node.kind !== 'binary' || node.op !== 'and') return;
    visit(node.a);
    visit(node.b);
  };
  visit(condition);
  return found;
}

function loadsNothing(node: Expr, seen = new Set<Expr>()): boolean {
  if (seen.has(node)) return true;
  seen.add(node);
  return node.kind !== 'load' && childrenOf(node).every((child) => loadsNothing(child, seen));
}

/** Guards stay as they are; what else a condition asks may read outside where a guard does not hold, for it is then not true. */
function freeBeside(condition: Expr, free: (node: Expr) => Expr, speculation: Speculation): Expr {
  if (loadsNothing(condition)) return condition;
  if (condition.kind !== 'binary' || condition.op !== 'and') return free(condition);
  const { a, b } = condition;
  const [left, right] = [freeBeside(a, free, speculation), freeBeside(b, free, speculation)];
  return left === a && right === b ? condition : speculation.own({ ...condition, a: left, b: right });
}

function unguarded(node: Expr, guards: ReadonlySet<Expr>, { sizes, range }: Speculation): Expr {
  if (node.kind !== 'load' || node.index.kind !== 'select' || !guards.has(node.index.condition)) return node;
  const index = node.index.yes;
  const [least, most] = range(index);
  const size = sizes[node.operand];
  const harmless = size !== undefined && least >= -READABLE_AROUND && most < size + READABLE_AROUND;
  return harmless ? { ...node, index } : node;
}

function mapIfChanged(node: Expr, map: (child: Expr) => Expr, { own }: Speculation): Expr {
  const changed = childrenOf(node).some((child) => map(child) !== child);
  return own(changed ? mapChildren(node, map) : node);
}
