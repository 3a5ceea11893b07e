/**
 * The meaning of exact arithmetic: runs canonical calls in plain JavaScript, one element after the other, every f32
 * operation rounded by `Math.fround`. Slow; renderers are compared with it bit by bit.
 */
import { FLUSH_LIMIT, withFlushes } from './flush.ts';
import { dependencyReader, type Expr, type Loop, type Variable } from './expression.ts';
import { type MapCall, type MatrixProduct, PRODUCT_BLOCK } from './kernel.ts';

export type CanonicalArray = Float32Array | Int32Array;

const fround = Math.fround;

/** +0 where |x| < 2⁻⁵⁰, else x. */
export const flushValue = (x: number): number => (Math.abs(x) < FLUSH_LIMIT ? 0 : x);

/** Values flushed as they enter a graph; a loop, which takes a tenth of the time of `map` with a function. */
export function flushed(values: Float32Array): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  for (let index = 0; index < values.length; index++) {
    const x = values[index]!;
    result[index] = Math.abs(x) < FLUSH_LIMIT ? 0 : x;
  }
  return result;
}

/** The elements of a map call over its operands' elements. */
export function interpretMap(
  { shape, value }: Pick<MapCall, 'shape' | 'value'>,
  operands: readonly CanonicalArray[],
): CanonicalArray {
  const machine = new ScalarMachine(operands);
  const evaluate = machine.compile(withFlushes(value));
  const count = shape.reduce((product, each) => product * each, 1);
  const result = value.type === 'f32' ? new Float32Array(count) : new Int32Array(count);
  for (let at = 0; at < count; at++) {
    machine.begin(at, shape);
    result[at] = evaluate();
  }
  return result;
}

/** c [count, m, n] of a canonical matrix product. */
export function interpretProduct(problem: MatrixProduct, a: Float32Array, b: Float32Array): Float32Array {
  const { count, m, k, n, transposeA, transposeB, sharedLeft, sharedRight } = problem;
  const [aRow, aStep] = transposeA ? [1, m] : [k, 1];
  const [bStep, bColumn] = transposeB ? [1, k] : [n, 1];
  const result = new Float32Array(count * m * n);
  for (let batch = 0; batch < count; batch++) {
    const [aBase, bBase] = [sharedLeft ? 0 : batch * m * k, sharedRight ? 0 : batch * k * n];
    for (let row = 0; row < m; row++)
      for (let column = 0; column < n; column++) {
        const term = (step: number): number =>
          fround(a[aBase + row * aRow + step * aStep]! * b[bBase + step * bStep + column * bColumn]!);
        result[(batch * m + row) * n + column] = flushValue(blockedSum(k, term));
      }
  }
  return result;
}

function blockedSum(k: number, term: (step: number) => number): number {
  let total = 0;
  for (let block = 0; block < k; block += PRODUCT_BLOCK) {
    let partial = 0;
    for (let step = block; step < Math.min(block + PRODUCT_BLOCK, k); step++) partial = fround(partial + term(step));
    total = fround(total + partial);
  }
  return total;
}

type Evaluate = () => number;

const words = new DataView(new ArrayBuffer(4));
const bitsOf = (x: number): number => {
  words.setFloat32(0, x);
  return words.getInt32(0);
};
const floatOf = (x: number): number => {
  words.setInt32(0, x);
  return words.getFloat32(0);
};
const saturate = (x: number): number => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x))) | 0;

const unaries: Readonly<Record<Extract<Expr, { kind: 'unary' }>['op'], (x: number) => number>> = {
  negate: (x) => -x,
  absolute: Math.abs,
  flush: flushValue,
  toFloat: fround,
  truncate: saturate,
  bits: bitsOf,
  fromBits: floatOf,
  not: (x) => 1 - x,
};

type Pair = (a: number, b: number) => number;
const shared: Readonly<Record<'less' | 'lessOrEqual' | 'equal', Pair>> = {
  less: (a, b) => Number(a < b),
  lessOrEqual: (a, b) => Number(a <= b),
  equal: (a, b) => Number(a === b),
};
const floats: Readonly<Record<string, Pair>> = {
  ...shared,
  add: (a, b) => fround(a + b),
  subtract: (a, b) => fround(a - b),
  multiply: (a, b) => fround(a * b),
};
const integers: Readonly<Record<string, Pair>> = {
  ...shared,
  add: (a, b) => (a + b) | 0,
  subtract: (a, b) => (a - b) | 0,
  multiply: Math.imul,
  divide: (a, b) => Math.trunc(a / b) | 0,
  remainder: (a, b) => (a % b) | 0,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shiftLeft: (a, b) => a << b,
  shiftRight: (a, b) => a >> b,
  shiftRightLogical: (a, b) => (a >>> b) | 0,
  lessUnsigned: (a, b) => Number(a >>> 0 < b >>> 0),
};

/**
 * Turns expressions into closures. A node's value is kept until a variable that it depends on, or the element, changes; without that, shared
 * nodes would be computed once a path to them.
 */
class ScalarMachine {
  readonly #operands: readonly CanonicalArray[];
  readonly #compiled = new Map<Expr, Evaluate>();
  readonly #loops = new Map<Loop, () => readonly number[]>();
  readonly #dependencies = dependencyReader();
  readonly #values = new Map<Variable, { value: number; changed: number }>();
  #coordinates: number[] = [];
  #clock = 0;
  #elementChanged = 0;

  constructor(operands: readonly CanonicalArray[]) {
    this.#operands = operands;
  }

  /** Moves on to the element at linear index `at`. */
  begin(at: number, shape: readonly number[]): void {
    this.#elementChanged = ++this.#clock;
    this.#coordinates = shape.map(() => 0);
    let rest = at;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      this.#coordinates[axis] = rest % (shape[axis] ?? 1);
      rest = Math.floor(rest / (shape[axis] ?? 1));
    }
  }

  compile(node: Expr): Evaluate {
    let evaluate = this.#compiled.get(node);
    if (evaluate === undefined) {
      evaluate = this.#kept(this.#dependencies(node).variables, this.#evaluator(node));
      this.#compiled.set(node, evaluate);
    }
    return evaluate;
  }

  #kept<T>(variables: ReadonlySet<Variable>, compute: () => T): () => T {
    const slots = [...variables].map((variable) => this.#slot(variable));
    let [value, from]: [T | undefined, number] = [undefined, -1];
    return () => {
      const now = slots.reduce((latest, { changed }) => Math.max(latest, changed), this.#elementChanged);
      if (now !== from) [value, from] = [compute(), now];
      return value as T;
    };
  }

  #slot(variable: Variable): { value: number; changed: number } {
    let slot = this.#values.get(variable);
    if (slot === undefined) {
      slot = { value: 0, changed: 0 };
      this.#values.set(variable, slot);
    }
    return slot;
  }

  #set(variable: Variable, value: number): void {
    const slot = this.#slot(variable);
    slot.value = value;
    slot.changed = ++this.#clock;
  }

  #evaluator(node: Expr): Evaluate {
    switch (node.kind) {
      case 'constant':
      case 'size':
        return () => node.value;
      case 'axis':
        return () => this.#coordinates[node.axis] ?? 0;
      case 'variable':
        return () => this.#slot(node).value;
      case 'bounded':
        return this.compile(node.x);
      case 'load':
        return this.#load(node);
      case 'unary': {
        const [x, apply] = [this.compile(node.x), unaries[node.op]];
        return () => apply(x());
      }
      case 'binary': {
        const [a, b] = [this.compile(node.a), this.compile(node.b)];
        const apply = (node.a.type === 'f32' ? floats : integers)[node.op];
        if (apply === undefined) throw new RangeError(`${node.op} of ${node.a.type}. Build expressions with build.ts.`);
        return () => apply(a(), b());
      }
      case 'select': {
        const [condition, yes, no] = [this.compile(node.condition), this.compile(node.yes), this.compile(node.no)];
        return () => (condition() ? yes() : no());
      }
      case 'sum':
        return this.#sum(node);
      default: {
        const states = this.#loop(node.loop, this.#dependencies(node).variables);
        return () => states()[node.state] ?? Number.NaN;
      }
    }
  }

  #load({ operand, index }: Extract<Expr, { kind: 'load' }>): Evaluate {
    const at = this.compile(index);
    return () => {
      const value = this.#operands[operand]?.[at()];
      if (value === undefined)
        throw new RangeError(`Operand ${operand} has no element ${at()}. Mend the exact lowering.`);
      return value;
    };
  }

  #sum({ count, variable, body }: Extract<Expr, { kind: 'sum' }>): Evaluate {
    const [times, term] = [this.compile(count), this.compile(body)];
    return () => {
      const p = new Float32Array(8);
      const turns = times();
      for (let i = 0; i < turns; i++) {
        this.#set(variable, i);
        p[i % 8]! += term();
      }
      const pair = (at: number): number => fround(p[at]! + p[at + 1]!);
      return fround(fround(pair(0) + pair(2)) + fround(pair(4) + pair(6)));
    };
  }

  #loop(loop: Loop, variables: ReadonlySet<Variable>): () => readonly number[] {
    let run = this.#loops.get(loop);
    if (run === undefined) {
      run = this.#kept(variables, this.#turns(loop));
      this.#loops.set(loop, run);
    }
    return run;
  }

  #turns({ count, variable, states }: Loop): () => readonly number[] {
    const times = this.compile(count);
    const initial = states.map((state) => this.compile(state.initial));
    const next = states.map((state) => this.compile(state.next));
    return () => {
      let values = initial.map((evaluate) => evaluate());
      const turns = times();
      for (let i = 0; i < turns; i++) {
        this.#set(variable, i);
        states.forEach((state, index) => this.#set(state.variable, values[index] ?? Number.NaN));
        values = next.map((evaluate) => evaluate());
      }
      return values;
    };
  }
}
