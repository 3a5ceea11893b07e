/** A block of WGSL under construction: its statements and the names of what has been computed in it. */
import type { Expr, Loop, Variable } from '../../canonical/expression.ts';
import type { Width } from './operations.ts';

/** A name or literal in WGSL and how many values it stands for. */
export interface Rendered {
  readonly text: string;
  readonly width: Width;
}

export class Scope {
  readonly lines: string[] = [];
  /** What the variables that this block binds are called here. */
  readonly variables: ReadonlyMap<Variable, string>;
  /** The variable of which this block takes four values at once, from the one that it is called on. */
  readonly vector: Variable | undefined;
  /** The states of loops that have been run in this block, by name. */
  readonly loops = new Map<Loop, readonly string[]>();
  readonly #known = new Map<Expr, Rendered>();
  readonly #texts = new Map<string, Rendered>();

  constructor(variables: ReadonlyMap<Variable, string> = new Map(), vector?: Variable) {
    this.variables = variables;
    this.vector = vector;
  }

  /** The node's name, computed by `make` at first. */
  memo(node: Expr, make: () => Rendered): Rendered {
    let rendered = this.#known.get(node);
    if (rendered === undefined) {
      rendered = make();
      this.#known.set(node, rendered);
    }
    return rendered;
  }

  /** A `let` of an expression; equal expressions share one. */
  define(name: () => string, text: string, width: Width): Rendered {
    let rendered = this.#texts.get(text);
    if (rendered === undefined) {
      rendered = { text: name(), width };
      this.lines.push(`let ${rendered.text} = ${text};`);
      this.#texts.set(text, rendered);
    }
    return rendered;
  }
}
