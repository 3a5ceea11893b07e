/** Which local holds each node's value while code is emitted: environments nest as scopes do, and free their locals. */
import type { Expr, Loop } from '../../canonical/expression.ts';
import type { FunctionBuilder, Local, ValueType } from '../wasm/function.ts';
import type { Form } from './forms.ts';

/** A value in a local: one scalar, or a vector of four lanes. */
export interface Held {
  readonly local: Local;
  readonly form: Form;
}

export class Environment {
  readonly #f: FunctionBuilder;
  readonly #parent: Environment | null;
  readonly #values = new Map<Expr, Held>();
  readonly #splats = new Map<Expr, Local>();
  readonly #loops = new Map<Loop, readonly Held[]>();
  readonly #locals: Local[] = [];

  constructor(f: FunctionBuilder, parent: Environment | null = null) {
    this.#f = f;
    this.#parent = parent;
  }

  /** Runs `use` in an environment inside this one. */
  nested(use: (inner: Environment) => void): void {
    const inner = new Environment(this.#f, this);
    use(inner);
    inner.end();
  }

  /** Frees the locals. */
  end(): void {
    this.#f.give(...this.#locals.splice(0));
  }

  /** A local that is this environment's until it ends. */
  local(type: ValueType): Local {
    const local = this.#f.take(type);
    this.#locals.push(local);
    return local;
  }

  bind(node: Expr, held: Held): void {
    this.#values.set(node, held);
  }

  find(node: Expr): Held | undefined {
    return this.#values.get(node) ?? this.#parent?.find(node);
  }

  bindSplat(node: Expr, local: Local): void {
    this.#splats.set(node, local);
  }

  /** Four copies of a scalar node, if they were made before. */
  splatOf(node: Expr): Local | undefined {
    return this.#splats.get(node) ?? this.#parent?.splatOf(node);
  }

  bindLoop(loop: Loop, states: readonly Held[]): void {
    this.#loops.set(loop, states);
  }

  statesOf(loop: Loop): readonly Held[] | undefined {
    return this.#loops.get(loop) ?? this.#parent?.statesOf(loop);
  }
}
