/**
 * Where compilers rewrite f32 sums though nobody asked: (x + c) + d becomes x + (c + d), (a − b) + b becomes a. SPIRV-Tools
 * and Mesa's NIR do it (measured: it changed bits on SwiftShader), and WGSL allows it. Each such rule needs two operations,
 * one the operand of the other, with two literals or with an operand in common; there the emitter hides the inner
 * one's result behind an integer operation, through which no rule looks. Products are always hidden (`operations.ts`).
 */
import type { Expr } from '../../canonical/expression.ts';

type Binary = Extract<Expr, { kind: 'binary' }>;

const ARITHMETIC = new Set(['add', 'subtract', 'multiply']);

/** The operation that a node is once promises and signs are taken off; undefined for anything but f32 arithmetic. */
function arithmeticOf(node: Expr): Binary | undefined {
  const bare = bareOf(node);
  return bare.kind === 'binary' && bare.type === 'f32' && ARITHMETIC.has(bare.op) ? bare : undefined;
}

function bareOf(node: Expr): Expr {
  const isWrapping = node.kind === 'bounded' || (node.kind === 'unary' && node.op === 'negate');
  return isWrapping ? bareOf(node.x) : node;
}

/** Whether a compiler may merge the f32 operation `outer` with the one that makes its operand `side`. */
export function mayMerge(outer: Expr, side: 'a' | 'b'): boolean {
  const operation = arithmeticOf(outer);
  const inner = operation && arithmeticOf(operation[side]);
  // A product is hidden already, and hidden twice it would not be: x ^ z ^ z is x.
  if (operation === undefined || inner === undefined || inner.op === 'multiply') return false;
  const other = bareOf(operation[side === 'a' ? 'b' : 'a']);
  const within = [inner.a, inner.b].map(bareOf);
  if (isLiteral(other) && within.some(isLiteral)) return true;
  const beside = arithmeticOf(other);
  const others = beside ? [other, bareOf(beside.a), bareOf(beside.b)] : [other];
  return within.some((each) => !isLiteral(each) && others.includes(each));
}

const isLiteral = ({ kind }: Expr): boolean => kind === 'constant';
