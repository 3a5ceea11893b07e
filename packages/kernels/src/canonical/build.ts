/** Makes expressions. Types are checked here, once, so that renderers need not; small identities are folded. */
import { KernelError } from '../errors.ts';
import type { BinaryOp, Expr, Loop, ScalarType, UnaryOp, Variable } from './expression.ts';

/** An exact lowering that mixes types. Cause: a mistake in an op's file. */
export class ExpressionError extends KernelError {
  readonly code = 'EXACT_EXPRESSION_ILLEGAL';

  constructor(problem: string) {
    super({ message: `An exact lowering is illegal: ${problem}.`, mend: "Mend the op's exact lowering." });
  }
}

function expectType(what: string, node: Expr, ...types: readonly ScalarType[]): void {
  if (!types.includes(node.type)) throw new ExpressionError(`${what} takes ${types.join(' or ')}, got ${node.type}`);
}

/** An f32 literal, rounded to f32. */
export const float = (value: number): Expr => ({ kind: 'constant', type: 'f32', value: Math.fround(value) });

/** An i32 literal. */
export const int = (value: number): Expr => ({ kind: 'constant', type: 'i32', value: value | 0 });

/** A whole number that follows from a shape. */
export const size = (value: number): Expr => ({ kind: 'size', type: 'i32', value });

/** The element's coordinate along an axis of the kernel's shape. */
export const axis = (index: number): Expr => ({ kind: 'axis', type: 'i32', axis: index });

/** An f32 element of an operand at a linear index. */
export const load = (operand: number, index: Expr): Expr => loadOf('f32', operand, index);

/** An i32 element of an operand at a linear index. */
export const loadInt = (operand: number, index: Expr): Expr => loadOf('i32', operand, index);

function loadOf(type: 'f32' | 'i32', operand: number, index: Expr): Expr {
  expectType('an index', index, 'i32');
  return { kind: 'load', type, operand, index };
}

/** Row-major linear index of `coordinates` in a tensor of `shape`; a null coordinate is 0 (an axis read by broadcast). */
export function indexOf(shape: readonly number[], coordinates: readonly (Expr | null)[]): Expr {
  let stride = 1;
  let index: Expr = int(0);
  for (let at = shape.length - 1; at >= 0; at--) {
    const coordinate = coordinates[at];
    if (coordinate) index = add(multiply(coordinate, stride === 1 ? int(1) : size(stride)), index);
    stride *= shape[at] ?? 1;
  }
  return index;
}

/** Linear index of the current element's operand of `shape` under numpy broadcasting to the kernel's shape `to`. */
export function broadcastIndex(shape: readonly number[], to: readonly number[]): Expr {
  const lead = to.length - shape.length;
  return indexOf(
    shape,
    shape.map((count, at) => (count === 1 ? null : axis(at + lead))),
  );
}

const unary =
  (op: UnaryOp, takes: ScalarType, type: ScalarType) =>
  (x: Expr): Expr => {
    expectType(op, x, takes);
    return { kind: 'unary', op, type, x };
  };

export const negate = unary('negate', 'f32', 'f32');
export const absolute = unary('absolute', 'f32', 'f32');
export const flush = unary('flush', 'f32', 'f32');
export const toFloat = unary('toFloat', 'i32', 'f32');
export const truncate = unary('truncate', 'f32', 'i32');
export const bits = unary('bits', 'f32', 'i32');
export const fromBits = unary('fromBits', 'i32', 'f32');
export const not = unary('not', 'bool', 'bool');

function pairType(op: BinaryOp, a: Expr, b: Expr, types: readonly ScalarType[]): ScalarType {
  expectType(op, a, ...types);
  if (a.type !== b.type) throw new ExpressionError(`${op} of ${a.type} and ${b.type}`);
  return a.type;
}

const arithmetic =
  (op: BinaryOp, ...types: readonly ScalarType[]) =>
  (a: Expr, b: Expr): Expr =>
    fold({ kind: 'binary', op, type: pairType(op, a, b, types), a, b });

const comparison =
  (op: BinaryOp, ...types: readonly ScalarType[]) =>
  (a: Expr, b: Expr): Expr => {
    pairType(op, a, b, types);
    return { kind: 'binary', op, type: 'bool', a, b };
  };

export const add = arithmetic('add', 'f32', 'i32');
export const subtract = arithmetic('subtract', 'f32', 'i32');
export const multiply = arithmetic('multiply', 'f32', 'i32');
/** i32 alone; `functions.ts` divides f32. */
export const divideInt = arithmetic('divide', 'i32');
export const remainder = arithmetic('remainder', 'i32');
export const and = arithmetic('and', 'i32', 'bool');
export const or = arithmetic('or', 'i32', 'bool');
export const xor = arithmetic('xor', 'i32');
export const shiftLeft = arithmetic('shiftLeft', 'i32');
export const shiftRight = arithmetic('shiftRight', 'i32');
export const shiftRightLogical = arithmetic('shiftRightLogical', 'i32');
export const less = comparison('less', 'f32', 'i32');
export const lessOrEqual = comparison('lessOrEqual', 'f32', 'i32');
export const lessUnsigned = comparison('lessUnsigned', 'i32');
export const equal = comparison('equal', 'f32', 'i32');

export function select(condition: Expr, yes: Expr, no: Expr): Expr {
  expectType('a condition', condition, 'bool');
  expectType('select', yes, 'f32', 'i32');
  if (yes.type !== no.type) throw new ExpressionError(`select of ${yes.type} and ${no.type}`);
  return { kind: 'select', type: yes.type as 'f32' | 'i32', condition, yes, no };
}

/** The larger one; `a` where they are equal. */
export const maximum = (a: Expr, b: Expr): Expr => select(less(a, b), b, a);

/** The smaller one; `a` where they are equal. */
export const minimum = (a: Expr, b: Expr): Expr => select(less(b, a), b, a);

/** `load(operand, index)` where `inside`, else `otherwise`; the index is used only where it is inside. */
export const loadWhere = (inside: Expr, operand: number, index: Expr, otherwise: Expr = float(0)): Expr =>
  select(inside, load(operand, select(inside, index, int(0))), otherwise);

/** The canonical sum of `body(i)`, f32, for i from 0 to count − 1. */
export function sum(count: Expr, body: (i: Expr) => Expr): Expr {
  expectType('a count', count, 'i32');
  const variable: Variable = { kind: 'variable', type: 'i32' };
  const term = body(variable);
  expectType('a sum', term, 'f32');
  return { kind: 'sum', type: 'f32', count, variable, body: term };
}

/** The states after `count` turns of `step(i, states)`, which gives each state's next value. */
export function loop(
  count: Expr,
  initial: readonly Expr[],
  step: (i: Expr, states: readonly Expr[]) => readonly Expr[],
): readonly Expr[] {
  expectType('a count', count, 'i32');
  const variable: Variable = { kind: 'variable', type: 'i32' };
  const variables = initial.map(({ type }): Variable => ({ kind: 'variable', type: type === 'f32' ? 'f32' : 'i32' }));
  const next = step(variable, variables);
  const states = variables.map((state, index) => {
    const [from, to] = [initial[index], next[index]];
    if (!from || !to || from.type !== state.type || to.type !== state.type)
      throw new ExpressionError(`state ${index} of a loop changes its type`);
    return { variable: state, initial: from, next: to };
  });
  const whole: Loop = { count, variable, states };
  return states.map((state, index) => ({ kind: 'result', type: state.variable.type, loop: whole, state: index }));
}

/** The largest f32 of `body(i)` for i from 0 to count − 1 ≥ 0; NaN is never chosen over a number that stands before it. */
export const maximumOver = (count: Expr, body: (i: Expr) => Expr): Expr =>
  loop(count, [float(-Infinity)], (i, [best = float(-Infinity)]) => [maximum(best, body(i))])[0] ?? float(0);

/** Promises that the f32 x is 0 or |x| ≥ 2^least, and a multiple of 2^unit. */
export function bounded(x: Expr, { least, unit }: { readonly least: number; readonly unit: number }): Expr {
  expectType('bounded', x, 'f32');
  return { kind: 'bounded', type: 'f32', x, least, unit };
}

const isInt = (node: Expr, value: number): boolean =>
  node.kind === 'constant' && node.type === 'i32' && node.value === value;

/** Integer identities alone: x + 0, x · 1, x · 0. Nothing is folded in f32, whose zeros have signs. */
function fold(node: Extract<Expr, { kind: 'binary' }>): Expr {
  if (node.type !== 'i32') return node;
  const { op, a, b } = node;
  if (op === 'add' && isInt(a, 0)) return b;
  if ((op === 'add' || op === 'subtract') && isInt(b, 0)) return a;
  if (op !== 'multiply') return node;
  if (isInt(a, 1) || isInt(b, 0)) return b;
  return isInt(b, 1) || isInt(a, 0) ? a : node;
}
