/**
 * Where each node of a kernel is computed: at the outermost place where all that it depends on is known. Places nest:
 * the kernel, its rows (all axes but the innermost), its columns, and the body of each loop.
 */
import { childrenOf, dependencyReader, type Expr, type Loop, type Variable } from '../../canonical/expression.ts';

/** Partial sums of the canonical tree. */
export const PARTIALS = 8;

export interface Scope {
  readonly parent: Scope | null;
  readonly depth: number;
  /** In an order in which operands come first. */
  readonly nodes: Expr[];
}

export interface ScopedKernel {
  readonly value: Expr;
  readonly kernel: Scope;
  readonly rows: Scope;
  readonly columns: Scope;
  /** The body of the loop that binds a variable. */
  bodyOf(variable: Variable): Scope;
  scopeOf(node: Expr): Scope;
  /** The nodes of a scope and of all loops in it. */
  within(scope: Scope): readonly Expr[];
}

/** The variable by which a sum or a loop counts. */
export const counterOf = (node: Extract<Expr, { kind: 'sum' | 'result' }>): Variable =>
  node.kind === 'sum' ? node.variable : node.loop.variable;

/** @param column the axis that columns run along, −1 if there is none */
export function scopeKernel(value: Expr, column: number): ScopedKernel {
  const scoper = new Scoper(column);
  scoper.visit(value);
  return scoper.finish(value);
}

const inside = (parent: Scope | null): Scope => ({ parent, depth: parent ? parent.depth + 1 : 0, nodes: [] });

class Scoper {
  readonly #column: number;
  readonly #dependencies = dependencyReader();
  readonly #kernel = inside(null);
  readonly #rows = inside(this.#kernel);
  readonly #columns = inside(this.#rows);
  readonly #bodies = new Map<Variable, Scope>();
  readonly #loops = new Set<Loop>();
  readonly #placed = new Map<Expr, Scope>();

  constructor(column: number) {
    this.#column = column;
  }

  visit(node: Expr): void {
    if (this.#placed.has(node)) return;
    const scope = this.#scopeOf(node);
    this.#placed.set(node, scope);
    this.#openBody(node, scope);
    for (const child of childrenOf(node)) this.visit(child);
    scope.nodes.push(node);
  }

  finish(value: Expr): ScopedKernel {
    return {
      value,
      kernel: this.#kernel,
      rows: this.#rows,
      columns: this.#columns,
      bodyOf: (variable) => this.#bodies.get(variable)!,
      scopeOf: (node) => this.#placed.get(node)!,
      within: (scope) => this.#within(scope),
    };
  }

  #within(scope: Scope): readonly Expr[] {
    return scope.nodes.flatMap((node) => {
      if (node.kind !== 'sum' && node.kind !== 'result') return [node];
      return [node, ...this.#within(this.#bodies.get(counterOf(node))!)];
    });
  }

  #scopeOf(node: Expr): Scope {
    const { axes, variables } = this.#dependencies(node);
    let deepest = axes.has(this.#column) ? this.#columns : axes.size > 0 ? this.#rows : this.#kernel;
    for (const variable of variables) {
      const body = this.#bodies.get(variable)!;
      if (body.depth > deepest.depth) deepest = body;
    }
    return deepest;
  }

  #openBody(node: Expr, scope: Scope): void {
    if (node.kind === 'sum') this.#bodies.set(node.variable, inside(scope));
    if (node.kind !== 'result' || this.#loops.has(node.loop)) return;
    this.#loops.add(node.loop);
    const body = inside(scope);
    for (const variable of [node.loop.variable, ...node.loop.states.map((state) => state.variable)])
      this.#bodies.set(variable, body);
  }
}
