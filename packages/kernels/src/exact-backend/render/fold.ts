/**
 * What is known of i32 values when a kernel is compiled: constants are computed, bounds that always hold are not checked, and
 * divisions by powers of two become shifts. f32 operations are left as they are.
 */
import type { Expr, Variable } from '../../canonical/expression.ts';

/** Smallest and largest value. */
export type Range = readonly [least: number, most: number];

type Binary = Extract<Expr, { kind: 'binary' }>;

const ANYTHING: Range = [-(2 ** 31), 2 ** 31 - 1];
const constant = (value: number): Expr => ({ kind: 'constant', type: 'i32', value: value | 0 });
const fits = ([least, most]: Range): boolean => least >= ANYTHING[0] && most <= ANYTHING[1];

export class Folder {
  readonly #shape: readonly number[];
  readonly #ranges = new Map<Expr, Range>();
  readonly #counters = new Map<Variable, Range>();

  constructor(shape: readonly number[]) {
    this.#shape = shape;
  }

  /** Notes that a loop's variable counts from 0 to below `count`. */
  counts(variable: Variable, count: Expr): void {
    const [, most] = this.range(count);
    this.#counters.set(variable, [0, Math.max(0, most - 1)]);
  }

  /** The range of an i32 node whose children are folded. */
  range(node: Expr): Range {
    let range = this.#ranges.get(node);
    if (range === undefined) {
      range = this.#rangeOf(node);
      if (!fits(range)) range = ANYTHING;
      this.#ranges.set(node, range);
    }
    return range;
  }

  /** Whether a bool node always is true, or always false. */
  truth(node: Expr): boolean | undefined {
    if (node.kind === 'unary' && node.op === 'not') {
      const inner = this.truth(node.x);
      return inner === undefined ? undefined : !inner;
    }
    if (node.kind !== 'binary' || node.type !== 'bool') return undefined;
    const { op, a, b } = node;
    if (op === 'and' || op === 'or') return this.#joined(op, this.truth(a), this.truth(b));
    return a.type === 'i32' ? compared(op, this.range(a), this.range(b)) : undefined;
  }

  #joined(op: 'and' | 'or', a: boolean | undefined, b: boolean | undefined): boolean | undefined {
    const decisive = op === 'or';
    if (a === decisive || b === decisive) return decisive;
    return a === undefined || b === undefined ? undefined : !decisive;
  }

  /** `node`, or something simpler that is equal; its children are folded already. */
  fold(node: Expr): Expr {
    if (node.kind === 'select') return this.#select(node);
    if (node.kind !== 'binary') return node;
    if (node.type === 'bool') return this.#condition(node);
    return node.type === 'i32' ? this.#integer(node) : node;
  }

  #select(node: Extract<Expr, { kind: 'select' }>): Expr {
    const truth = this.truth(node.condition);
    if (truth === undefined) return node.yes === node.no ? node.yes : node;
    return truth ? node.yes : node.no;
  }

  #condition(node: Binary): Expr {
    const { op, a, b } = node;
    if (op === 'and' && this.truth(a) === true) return b;
    if (op === 'and' && this.truth(b) === true) return a;
    if (op === 'or' && this.truth(a) === false) return b;
    if (op === 'or' && this.truth(b) === false) return a;
    return node;
  }

  #integer(node: Binary): Expr {
    const [least, most] = this.range(node);
    if (least === most) return constant(least);
    const { op, a, b } = node;
    if (op === 'add' && isConstant(a, 0)) return b;
    if ((op === 'add' || op === 'subtract') && isConstant(b, 0)) return a;
    if (op === 'multiply' && isConstant(a, 1)) return b;
    if ((op === 'multiply' || op === 'divide') && isConstant(b, 1)) return a;
    return (op === 'divide' || op === 'remainder') && b.kind === 'constant' ? this.#quotient(node, b.value) : node;
  }

  /** Operands of a division are never negative. */
  #quotient(node: Binary, divisor: number): Expr {
    const { op, a } = node;
    const [least, most] = this.range(a);
    if (op === 'remainder' && least >= 0 && most < divisor) return a;
    const places = Math.log2(divisor);
    if (!Number.isInteger(places)) return node;
    return op === 'divide'
      ? { ...node, op: 'shiftRightLogical', b: constant(places) }
      : { ...node, op: 'and', b: constant(divisor - 1) };
  }

  #rangeOf(node: Expr): Range {
    switch (node.kind) {
      case 'constant':
      case 'size':
        return [node.value, node.value];
      case 'axis':
        return [0, (this.#shape[node.axis] ?? 1) - 1];
      case 'variable':
        return this.#counters.get(node) ?? ANYTHING;
      case 'select': {
        const [yes, no] = [this.range(node.yes), this.range(node.no)];
        return [Math.min(yes[0], no[0]), Math.max(yes[1], no[1])];
      }
      case 'binary':
        return node.type === 'i32' ? rangeOfBinary(node, this.range(node.a), this.range(node.b)) : ANYTHING;
      default:
        return ANYTHING;
    }
  }
}

const isConstant = (node: Expr, value: number): boolean => node.kind === 'constant' && node.value === value;

function rangeOfBinary({ op }: Binary, [a, b]: Range, [c, d]: Range): Range {
  switch (op) {
    case 'add':
      return [a + c, b + d];
    case 'subtract':
      return [a - d, b - c];
    case 'multiply': {
      const corners = [a * c, a * d, b * c, b * d];
      return [Math.min(...corners), Math.max(...corners)];
    }
    case 'divide':
      return a >= 0 && c > 0 ? [Math.floor(a / d), Math.floor(b / c)] : ANYTHING;
    case 'remainder':
      if (a < 0 || c <= 0) return ANYTHING;
      return a === b && c === d ? [a % c, a % c] : [0, Math.min(b, d - 1)];
    case 'and':
      return a >= 0 && c >= 0 ? [0, Math.min(b, d)] : ANYTHING;
    case 'shiftRightLogical':
      return a >= 0 && c === d && c >= 0 && c < 32 ? [Math.floor(a / 2 ** c), Math.floor(b / 2 ** c)] : ANYTHING;
    default:
      return ANYTHING;
  }
}

function compared(op: Binary['op'], [a, b]: Range, [c, d]: Range): boolean | undefined {
  const less = (strict: boolean): boolean | undefined => {
    if (strict ? b < c : b <= c) return true;
    return (strict ? a >= d : a > d) ? false : undefined;
  };
  if (op === 'less') return less(true);
  if (op === 'lessOrEqual') return less(false);
  if (op !== 'equal') return undefined;
  if (b < c || d < a) return false;
  return a === b && c === d ? true : undefined;
}
