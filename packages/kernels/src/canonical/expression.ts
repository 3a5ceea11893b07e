/**
 * The scalar expressions of exact arithmetic (DESIGN §4). One expression says how one element of a result is computed, as
 * a fixed sequence of separately rounded f32 operations and of integer operations; WGSL and WebAssembly are both
 * rendered from it, so that their bits are equal by construction, and `interpret.ts` defines what it means.
 *
 * There is deliberately no division, square root or exponential of f32 among the operations, because adapters round
 * them each in their own way: `functions.ts` builds them from what is here. Expressions are graphs: a node used twice is computed once,
 * and identity of objects is identity of nodes.
 */

export type ScalarType = 'f32' | 'i32' | 'bool';

/** A loop's counter (i32) or one of its states; identity tells variables apart. */
export interface Variable {
  readonly kind: 'variable';
  readonly type: 'f32' | 'i32';
}

/** A literal: part of the kernel's source. An f32 literal has been rounded to f32. */
interface Constant {
  readonly kind: 'constant';
  readonly type: 'f32' | 'i32';
  readonly value: number;
}

/** A whole number that follows from a shape: renderers may keep it out of the source, so that shapes share a pipeline. */
interface Size {
  readonly kind: 'size';
  readonly type: 'i32';
  readonly value: number;
}

/** The coordinate of the element being computed along one axis of the kernel's shape. */
interface Axis {
  readonly kind: 'axis';
  readonly type: 'i32';
  readonly axis: number;
}

/** An element of an operand; the index is a linear one and must lie inside, also where a `select` drops the value. */
interface Load {
  readonly kind: 'load';
  readonly type: 'f32' | 'i32';
  readonly operand: number;
  readonly index: Expr;
}

/**
 * - `negate`, `absolute`: f32, the sign bit alone;
 * - `flush`: f32, +0 where |x| < 2⁻⁵⁰, else x;
 * - `toFloat`: i32 with |x| ≤ 2²⁴ → f32, exactly; `truncate`: f32 → i32 toward zero, saturating, NaN unspecified;
 * - `bits`, `fromBits`: f32 ↔ i32 with the same bits;
 * - `not`: bool.
 */
export type UnaryOp = 'negate' | 'absolute' | 'flush' | 'toFloat' | 'truncate' | 'bits' | 'fromBits' | 'not';

interface Unary {
  readonly kind: 'unary';
  readonly op: UnaryOp;
  readonly type: ScalarType;
  readonly x: Expr;
}

/**
 * - f32: `add`, `subtract`, `multiply`, each rounded to nearest even on its own, never contracted;
 * - i32: the same three wrapping; `divide`, `remainder` of operands ≥ 0 and divisor > 0; `and`, `or`, `xor`; `shiftLeft`,
 *   `shiftRight` (copies the sign), `shiftRightLogical` by 0–31;
 * - both → bool: `less`, `lessOrEqual`, `equal`; i32 alone: `lessUnsigned`. A comparison with NaN is false;
 * - bool: `and`, `or`.
 */
export type BinaryOp =
  | 'add'
  | 'subtract'
  | 'multiply'
  | 'divide'
  | 'remainder'
  | 'and'
  | 'or'
  | 'xor'
  | 'shiftLeft'
  | 'shiftRight'
  | 'shiftRightLogical'
  | 'less'
  | 'lessOrEqual'
  | 'lessUnsigned'
  | 'equal';

interface Binary {
  readonly kind: 'binary';
  readonly op: BinaryOp;
  readonly type: ScalarType;
  readonly a: Expr;
  readonly b: Expr;
}

/** `condition ? yes : no`; both sides may be computed. */
interface Select {
  readonly kind: 'select';
  readonly type: 'f32' | 'i32';
  readonly condition: Expr;
  readonly yes: Expr;
  readonly no: Expr;
}

/**
 * The canonical sum of `body` over `variable` = 0 … count − 1: eight partial sums start at +0, partial j takes the terms
 * i ≡ j (mod 8) in ascending order, and the result is ((p₀+p₁)+(p₂+p₃)) + ((p₄+p₅)+(p₆+p₇)), every addition rounded.
 */
interface Sum {
  readonly kind: 'sum';
  readonly type: 'f32';
  readonly count: Expr;
  readonly variable: Variable;
  readonly body: Expr;
}

/** One state of a loop: `initial` before the first turn, then `next`, which may read the counter and all states. */
export interface LoopState {
  readonly variable: Variable;
  readonly initial: Expr;
  readonly next: Expr;
}

/** Turns 0 … count − 1 in order; all states step at once. */
export interface Loop {
  readonly count: Expr;
  readonly variable: Variable;
  readonly states: readonly LoopState[];
}

/** A state after the last turn of its loop. */
interface LoopResult {
  readonly kind: 'result';
  readonly type: 'f32' | 'i32';
  readonly loop: Loop;
  readonly state: number;
}

/**
 * The author's promise about an f32: it is 0, or its magnitude is at least 2^least and it is a multiple of 2^unit. Nothing
 * is computed; the flush pass (`flush.ts`) relies on it where its own bounds are too loose.
 */
interface Bounded {
  readonly kind: 'bounded';
  readonly type: 'f32';
  readonly x: Expr;
  readonly least: number;
  readonly unit: number;
}

export type Expr = Variable | Constant | Size | Axis | Load | Unary | Binary | Select | Sum | LoopResult | Bounded;

/** The expressions that a node reads directly; a loop's own are those of its bounds and states. */
export function childrenOf(node: Expr): readonly Expr[] {
  switch (node.kind) {
    case 'load':
      return [node.index];
    case 'unary':
    case 'bounded':
      return [node.x];
    case 'binary':
      return [node.a, node.b];
    case 'select':
      return [node.condition, node.yes, node.no];
    case 'sum':
      return [node.count, node.body];
    case 'result':
      return [node.loop.count, ...node.loop.states.flatMap(({ initial, next }) => [initial, next])];
    default:
      return [];
  }
}

/** The variables that a node binds for its children. */
export function boundBy(node: Expr): readonly Variable[] {
  if (node.kind === 'sum') return [node.variable];
  return node.kind === 'result' ? [node.loop.variable, ...node.loop.states.map(({ variable }) => variable)] : [];
}

/** What an expression depends on besides operands: loop variables in scope and axes of the element. */
export interface Dependencies {
  readonly variables: ReadonlySet<Variable>;
  readonly axes: ReadonlySet<number>;
}

/** A memo of the dependencies of expressions: where a renderer may place a node, and whether lanes share it. */
export function dependencyReader(): (node: Expr) => Dependencies {
  const known = new Map<Expr, Dependencies>();
  const read = (node: Expr): Dependencies => {
    const cached = known.get(node);
    if (cached) return cached;
    const variables = new Set<Variable>(node.kind === 'variable' ? [node] : []);
    const axes = new Set<number>(node.kind === 'axis' ? [node.axis] : []);
    for (const child of childrenOf(node)) {
      const below = read(child);
      below.variables.forEach((variable) => variables.add(variable));
      below.axes.forEach((axis) => axes.add(axis));
    }
    // A loop's count and initial states are outside its scope, but they cannot name its variables, so this is exact.
    boundBy(node).forEach((variable) => variables.delete(variable));
    const result = { variables, axes };
    known.set(node, result);
    return result;
  };
  return read;
}
