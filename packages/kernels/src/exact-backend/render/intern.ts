/**
 * Equal subexpressions become one node, what is known beforehand is worked out, and the whole becomes a text: kernels of equal text
 * share code. Coordinates of axes with one element become 0.
 */
import { childrenOf, type Expr, type Loop, type Variable } from '../../canonical/expression.ts';
import { Folder } from './fold.ts';
import { speculated } from './speculate.ts';
import { mapChildren, mapLoop } from './unroll.ts';

export interface Interned {
  readonly value: Expr;
  /** Equal for equal computations: a line a node, in order of first use. */
  readonly text: string;
}

/**
 * @param shape of the kernel's result
 * @param sizes elements of the operands
 */
export function intern(value: Expr, shape: readonly number[], sizes: readonly number[]): Interned {
  const interner = new Interner(shape, sizes);
  const root = interner.node(value);
  return { value: root, text: interner.text(root) };
}

class Interner {
  readonly #shape: readonly number[];
  readonly #sizes: readonly number[];
  readonly #folder: Folder;
  readonly #lines: string[] = [];
  readonly #byLine = new Map<string, Expr>();
  readonly #numbers = new Map<Expr, number>();
  readonly #known = new Map<Expr, Expr>();
  readonly #loops = new Map<Loop, { loop: Loop; number: number }>();
  readonly #variables = new Map<Variable, string>();
  /** Selects as they are without guards that they need not have. */
  readonly #selects = new Map<Expr, Expr>();

  constructor(shape: readonly number[], sizes: readonly number[]) {
    this.#shape = shape;
    this.#sizes = sizes;
    this.#folder = new Folder(shape);
  }

  text(root: Expr): string {
    return [...this.#lines, `is ${this.#numbers.get(root)}`].join('\n');
  }

  node(node: Expr): Expr {
    const known = this.#known.get(node);
    if (known) return known;
    const made = this.#made(node);
    this.#known.set(node, made);
    // What was made stands for itself.
    this.#known.set(made, made);
    return made;
  }

  #made(node: Expr): Expr {
    if (node.kind === 'bounded') return this.node(node.x);
    if (node.kind === 'axis' && (this.#shape[node.axis] ?? 1) === 1) return this.#constant(0);
    if (node.kind === 'size') return this.#constant(node.value);
    if (node.kind === 'variable') return this.#unique(node, this.#variableName(node));
    if (node.kind === 'result') return this.#result(node);
    if (node.kind === 'sum') this.#count(node.variable, node.count);
    return this.#folded(mapChildren(node, (child) => this.node(child)));
  }

  #constant(value: number): Expr {
    return this.node({ kind: 'constant', type: 'i32', value });
  }

  /** A node with children of this kernel: something simpler, or itself. */
  #folded(node: Expr): Expr {
    const simpler = this.#folder.fold(node);
    if (simpler !== node) return this.node(simpler);
    const unique = this.#unique(node, this.#describe(node));
    return unique.kind === 'select' ? this.#speculated(unique) : unique;
  }

  #speculated(node: Extract<Expr, { kind: 'select' }>): Expr {
    let result = this.#selects.get(node);
    if (result === undefined) {
      this.#selects.set(node, node);
      result = speculated(node, {
        sizes: this.#sizes,
        range: (each) => this.#folder.range(each),
        own: (each) => this.node(each),
      });
      this.#selects.set(node, result);
    }
    return result;
  }

  #count(variable: Variable, count: Expr): void {
    this.#variableName(variable);
    this.#folder.counts(variable, this.node(count));
  }

  #result(node: Extract<Expr, { kind: 'result' }>): Expr {
    const { loop, number } = this.#loop(node.loop);
    return this.#unique({ ...node, loop }, `result ${node.state} of loop ${number}`);
  }

  #loop(loop: Loop): { loop: Loop; number: number } {
    let known = this.#loops.get(loop);
    if (known === undefined) {
      this.#count(loop.variable, loop.count);
      const names = [loop.variable, ...loop.states.map(({ variable }) => variable)].map((each) =>
        this.#variableName(each),
      );
      const copy = mapLoop(loop, (child) => this.node(child));
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
