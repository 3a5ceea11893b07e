/**
 * Equal subexpressions become one node, and the whole becomes a text: kernels of equal text share a module. Coordinates of axes
 * with one element become 0.
 */
import { childrenOf, type Expr, type Loop, type Variable } from '../../canonical/expression.ts';

export interface Interned {
  readonly value: Expr;
  /** Equal for equal computations: a line a node, in order of first use. */
  readonly text: string;
}

/** @param shape of the kernel's result */
export function intern(value: Expr, shape: readonly number[]): Interned {
  const interner = new Interner(shape);
  const root = interner.node(value);
  return { value: root, text: interner.text() };
}

class Interner {
  readonly #shape: readonly number[];
  readonly #lines: string[] = [];
  readonly #byLine = new Map<string, Expr>();
  readonly #numbers = new Map<Expr, number>();
  readonly #known = new Map<Expr, Expr>();
  readonly #loops = new Map<Loop, { loop: Loop; number: number }>();
  readonly #variables = new Map<Variable, string>();

  constructor(shape: readonly number[]) {
    this.#shape = shape;
  }

  text(): string {
    return this.#lines.join('\n');
  }

  node(node: Expr): Expr {
    const known = this.#known.get(node);
    if (known) return known;
    const made = this.#made(node);
    this.#known.set(node, made);
    return made;
  }

  #made(node: Expr): Expr {
    if (node.kind === 'bounded') return this.node(node.x);
    if (node.kind === 'axis' && (this.#shape[node.axis] ?? 1) === 1)
      return this.node({ kind: 'constant', type: 'i32', value: 0 });
    if (node.kind === 'size') return this.node({ kind: 'constant', type: 'i32', value: node.value });
    if (node.kind === 'variable') return this.#unique(node, this.#variableName(node));
    if (node.kind === 'result') return this.#result(node);
    if (node.kind === 'sum') this.#variableName(node.variable);
    const copy = this.#withChildren(node);
    return this.#unique(copy, this.#describe(copy));
  }

  #withChildren<T extends Expr>(node: T): T {
    const copy: Record<string, unknown> = { ...node };
    for (const [field, child] of Object.entries(node)) {
      if (childrenOf(node).includes(child as Expr)) copy[field] = this.node(child as Expr);
    }
    return copy as unknown as T;
  }

  #result(node: Extract<Expr, { kind: 'result' }>): Expr {
    const { loop, number } = this.#loop(node.loop);
    return this.#unique({ ...node, loop }, `result ${node.state} of loop ${number}`);
  }

  #loop(loop: Loop): { loop: Loop; number: number } {
    let known = this.#loops.get(loop);
    if (known === undefined) {
      const names = [loop.variable, ...loop.states.map(({ variable }) => variable)].map((each) =>
        this.#variableName(each),
      );
      const copy: Loop = {
        variable: loop.variable,
        count: this.node(loop.count),
        states: loop.states.map(({ variable, initial, next }) => ({
          variable,
          initial: this.node(initial),
          next: this.node(next),
        })),
      };
      const numbers = [copy.count, ...copy.states.flatMap(({ initial, next }) => [initial, next])].map((each) =>
        this.#numbers.get(each),
      );
      known = { loop: copy, number: this.#lines.push(`loop ${names.join(' ')}: ${numbers.join(' ')}`) };
      this.#loops.set(loop, known);
    }
    return known;
  }

  #variableName(variable: Variable): string {
    let name = this.#variables.get(variable);
    if (name === undefined) {
      name = `${variable.type} v${this.#variables.size}`;
      this.#variables.set(variable, name);
    }
    return name;
  }

  #describe(node: Expr): string {
    const children = childrenOf(node).map((child) => this.#numbers.get(child));
    const own = Object.entries(node).flatMap(([field, value]) =>
      typeof value === 'number' ? [`${field}=${Object.is(value, -0) ? '-0' : value}`] : [],
    );
    const op = node.kind === 'unary' || node.kind === 'binary' ? node.op : '';
    const binds = node.kind === 'sum' ? this.#variableName(node.variable) : '';
    return [node.kind, op, node.type, binds, ...own, ...children].filter((part) => part !== '').join(' ');
  }

  #unique(node: Expr, line: string): Expr {
    const known = this.#byLine.get(line);
    if (known) return known;
    this.#byLine.set(line, node);
    this.#numbers.set(node, this.#lines.push(line));
    return node;
  }
}
