/**
 * How a node's values for four neighbouring lanes are held: lanes are consecutive values of one counter, an axis or a
 * loop's variable.
 */
import { childrenOf, dependencyReader, type Expr, type Variable } from '../../canonical/expression.ts';

/** What lanes count: an axis of the kernel, or the variable of a sum. */
export type Lane = Variable | number;

/**
 * A number: the i32 in lane j is the first lane's plus j times this; 0 means that all lanes are equal (of any type), and
 * one scalar is kept. `vector`: four values are kept.
 */
export type Form = number | 'vector';

export type FormReader = (node: Expr) => Form;

export function formReader(lane: Lane): FormReader {
  const reader = new Reader(lane);
  return (node) => reader.read(node);
}

class Reader {
  readonly #lane: Lane;
  readonly #dependencies = dependencyReader();
  readonly #known = new Map<Expr, Form>();
  /** Forms of the states of loops. */
  readonly #states = new Map<Variable, Form>();

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  read(node: Expr): Form {
    let form = this.#known.get(node);
    if (form === undefined) {
      form = this.#workOut(node);
      this.#known.set(node, form);
    }
    return form;
  }

  #workOut(node: Expr): Form {
    switch (node.kind) {
      case 'axis':
        return node.axis === this.#lane ? 1 : 0;
      case 'variable':
        return node === this.#lane ? 1 : (this.#states.get(node) ?? 0);
      case 'binary':
        return ofBinary(node, this.read(node.a), this.read(node.b));
      case 'sum':
        return this.#joined([node.body]);
      case 'result':
        return this.#ofLoop(node);
      default:
        return this.#joined(childrenOf(node));
    }
  }

  #joined(nodes: readonly Expr[]): Form {
    return nodes.every((node) => this.read(node) === 0) ? 0 : 'vector';
  }

  /** A state that meets the lane on its way may differ between lanes from then on; which of them does is not traced. */
  #ofLoop(node: Extract<Expr, { kind: 'result' }>): Form {
    const { axes, variables } = this.#dependencies(node);
    const meets = typeof this.#lane === 'number' ? axes.has(this.#lane) : variables.has(this.#lane);
    const form = meets || [...variables].some((variable) => this.#states.get(variable) === 'vector') ? 'vector' : 0;
    for (const { variable } of node.loop.states) this.#states.set(variable, form);
    return form;
  }
}

function ofBinary({ op, type, a, b }: Extract<Expr, { kind: 'binary' }>, left: Form, right: Form): Form {
  if (left === 0 && right === 0) return 0;
  if (type !== 'i32' || left === 'vector' || right === 'vector') return 'vector';
  if (op === 'add') return left + right;
  if (op === 'subtract') return left - right;
  if (op !== 'multiply') return 'vector';
  if (isNumber(b)) return left * b.value;
  return isNumber(a) ? right * a.value : 'vector';
}

const isNumber = (node: Expr): node is Extract<Expr, { kind: 'constant' | 'size' }> =>
  node.kind === 'constant' || node.kind === 'size';
