/**
 * Writes an expression as WGSL statements. Every node becomes one `let` in the outermost block in which it can stand, so
 * that loops hold only what changes in them; the order of the f32 operations is the expression's own.
 */
import { dependencyReader, type Expr, type Loop, type Variable } from '../../canonical/expression.ts';
import { affineOf, type Affine, valueOf } from './affine.ts';
import { isFlatSum } from './loads.ts';
import { apart, renderBinary, renderLiteral, renderUnary, type Width, wgslType } from './operations.ts';
import { mayMerge } from './rewrites.ts';
import { type Rendered, Scope } from './scope.ts';
import type { Sizes } from './sizes.ts';

export interface EmitterOptions {
  /** Axes of the kernel's shape. */
  readonly rank: number;
  /** 4: the element and its three successors at once; then `at` is the first one's index. */
  readonly width: Width;
  readonly sizes: Sizes;
  /** Operands that are bound as vec4. */
  readonly wide: ReadonlySet<number>;
  /** In place of loads: what the element of each operand is called, one value or four as `width` says. */
  readonly names?: ReadonlyMap<number, string>;
}

type Node<Kind extends Expr['kind']> = Extract<Expr, { kind: Kind }>;
const scalar = (text: string): Rendered => ({ text, width: 1 });
const FOUR = [0, 1, 2, 3] as const;

export class Emitter {
  readonly #options: EmitterOptions;
  readonly #dependencies = dependencyReader();
  /** From the outermost block to the one that is being written. */
  #scopes: readonly Scope[];
  #names = 0;

  constructor(options: EmitterOptions) {
    this.#options = options;
    this.#scopes = [new Scope()];
  }

  /** The statements that compute `value`, and its name. */
  emit(value: Expr): { readonly lines: readonly string[]; readonly result: string } {
    const rendered = this.#render(value);
    return { lines: this.#scopes[0]!.lines, result: widened(rendered, value, this.#options.width) };
  }

  readonly #name = (): string => `t${this.#names++}`;

  #render(node: Expr): Rendered {
    if (node.kind === 'bounded') return this.#render(node.x);
    const { variables } = this.#dependencies(node);
    const binds = (scope: Scope): boolean => [...scope.variables.keys()].some((variable) => variables.has(variable));
    const level = Math.max(0, this.#scopes.findLastIndex(binds));
    const scope = this.#scopes[level]!;
    return scope.memo(node, () => this.#within(this.#scopes.slice(0, level + 1), () => this.#make(node, scope)));
  }

  #within<T>(scopes: readonly Scope[], work: () => T): T {
    const before = this.#scopes;
    this.#scopes = scopes;
    const result = work();
    this.#scopes = before;
    return result;
  }

  #make(node: Exclude<Expr, { kind: 'bounded' }>, scope: Scope): Rendered {
    switch (node.kind) {
      case 'constant':
        return scalar(renderLiteral(node.type, node.value));
      case 'variable':
        return this.#variable(node, scope);
      case 'size':
      case 'axis':
        return this.#integer(node, scope);
      case 'load':
        return this.#load(node, scope);
      case 'sum':
        return this.#sum(node, scope);
      case 'result':
        return scalar(this.#loop(node.loop, scope)[node.state]!);
      case 'binary':
        return node.type === 'i32' && this.#namesAxes(node) ? this.#integer(node, scope) : this.#operation(node, scope);
      default:
        return this.#operation(node, scope);
    }
  }

  #variable(node: Variable, scope: Scope): Rendered {
    const text = scope.variables.get(node)!;
    return scope.vector === node ? scope.define(this.#name, `vec4i(${text}) + vec4i(0, 1, 2, 3)`, 4) : scalar(text);
  }

  #operation(node: Node<'unary' | 'binary' | 'select'>, scope: Scope): Rendered {
    const operands = operandsOf(node);
    const rendered = operands.map((operand) => this.#render(operand));
    const width: Width = rendered.some((each) => each.width === 4) ? 4 : 1;
    const texts = rendered.map((each, index) => widened(each, operands[index]!, width));
    const sides = ['a', 'b'] as const;
    const [a = '', b = '', c = ''] = texts.map((text, index) =>
      sides[index] && mayMerge(node, sides[index]) ? apart(text, width) : text,
    );
    return scope.define(this.#name, this.#text(node, [a, b, c], width), width);
  }

  #text(node: Node<'unary' | 'binary' | 'select'>, [a, b, c]: readonly [string, string, string], width: Width): string {
    if (node.kind === 'unary') return renderUnary(node.op, a, width);
    if (node.kind === 'select') return `select(${c}, ${b}, ${a})`;
    return renderBinary(node.op, node.a.type, a, b, width);
  }

  #affine(node: Expr): Affine {
    return affineOf(node, this.#options.rank);
  }

  /** Whether writing the sum out saves divisions. */
  #namesAxes(node: Expr): boolean {
    return this.#affine(node).strides.some((stride) => stride !== 0);
  }

  /** An i32 from its sum over axes and terms. */
  #integer(node: Expr, scope: Scope): Rendered {
    const affine = this.#affine(node);
    const width: Width = [...affine.terms.keys()].some((term) => this.#render(term).width === 4) ? 4 : 1;
    const text = this.#sumText(affine, (term) => this.#render(term).text, width);
    return scope.define(this.#name, text, width);
  }

  #sumText({ strides, offset, terms }: Affine, name: (term: Expr) => string, width: Width = 1): string {
    const { sizes } = this.#options;
    const scaled = (text: string, factor: number): string =>
      factor === 1 ? text : `${text} * ${sizes.integer(factor)}`;
    const backward = strides.flatMap((stride, at) => (stride < 0 ? [{ stride, at }] : []));
    const parts = [
      ...this.#axes(strides.map((stride) => Math.max(stride, 0))),
      ...backward.flatMap(({ stride, at }) =>
        this.#axes(strides.map((_, other) => (other === at ? 1 : 0))).map((axis) => scaled(axis, stride)),
      ),
      ...[...terms].map(([term, factor]) => scaled(name(term), factor)),
      ...(offset === 0 ? [] : [sizes.integer(offset)]),
    ];
    const text = parts.join(' + ') || '0i';
    return width === 4 ? `vec4i() + ${text}` : text;
  }

  /** What the axes add to an index, computed once in the outermost block; nothing where no stride is left. */
  #axes(strides: readonly number[]): string[] {
    if (strides.every((stride) => stride === 0)) return [];
    const { expression } = this.#options.sizes.view(strides);
    return expression === '0u' ? [] : [this.#scopes[0]!.define(this.#name, `i32(${expression})`, 1).text];
  }

  #load({ operand, index, type }: Node<'load'>, scope: Scope): Rendered {
    const name = this.#options.names?.get(operand);
    if (name !== undefined) return { text: name, width: this.#options.width };
    const affine = this.#affine(index);
    const step = scope.vector && affine.terms.get(scope.vector);
    if (
      step !== undefined &&
      [...affine.terms.keys()].every((term) => term === scope.vector || this.#render(term).width === 1)
    ) {
      const first = this.#sumText(affine, (term) =>
        term === scope.vector ? scope.variables.get(scope.vector)! : this.#render(term).text,
      );
      return this.#fours(scope, { operand, type, first, step });
    }
    const place = this.#render(index);
    if (place.width === 4)
      return scope.define(
        this.#name,
        gathered(
          operand,
          type,
          FOUR.map((at) => `${place.text}[${at}]`),
        ),
        4,
      );
    if (this.#options.width === 4 && this.#options.sizes.view(affine.strides).fours !== 'one element')
      return this.#fours(scope, { operand, type, first: place.text, step: 1 });
    return scope.define(this.#name, `in${operand}[u32(${place.text})]`, 1);
  }

  /** Four elements from the index `first` on, `step` apart. */
  #fours(
    scope: Scope,
    { operand, type, first, step }: { operand: number; type: 'f32' | 'i32'; first: string; step: number },
  ): Rendered {
    const from = scope.define(this.#name, first, 1).text;
    if (this.#options.wide.has(operand)) return scope.define(this.#name, `in${operand}[u32(${from}) / 4u]`, 4);
    const apart = step === 1 ? '' : ` * ${this.#options.sizes.integer(step)}`;
    const places = FOUR.map((at) => `${from} + ${at}i${apart}`);
    return scope.define(this.#name, gathered(operand, type, places), 4);
  }

  /** The canonical sum: eight partial sums in two vectors. Whole eights first, as two fours; then one term at a time. */
  #sum(node: Node<'sum'>, scope: Scope): Rendered {
    const [low, high, i] = [this.#name(), this.#name(), this.#name()];
    const total = this.#render(node.count).text;
    const known = valueOf(node.count);
    const eights = isFlatSum(node, this.#dependencies) && (known === undefined || known >= 8);
    const ones = !eights || known === undefined || known % 8 !== 0;
    const lines = [`var ${low} = vec4f();`, `var ${high} = vec4f();`, `var ${i} = 0i;`];
    if (eights) {
      const four = (sum: string, first: string): string[] =>
        this.#term(node, first, node.variable, (term) => `${sum} = ${sum} + ${term};`);
      lines.push(`for (; ${i} + 8i <= ${total}; ${i} += 8i) {`, ...four(low, i), ...four(high, `(${i} + 4i)`), '}');
    }
    if (ones) {
      const put = (sum: string, places: string, term: string): string =>
        `${sum} = select(${sum}, ${sum} + ${term}, ${places} == vec4i(${i} & 7i));`;
      const one = this.#term(node, i, undefined, (term) =>
        [put(low, 'vec4i(0, 1, 2, 3)', term), put(high, 'vec4i(4, 5, 6, 7)', term)].join('\n'),
      );
      lines.push(`for (; ${i} < ${total}; ${i}++) {`, ...one, '}');
    }
    scope.lines.push(...lines);
    const pairs = [low, high].map((part) => `((${part}.x + ${part}.y) + (${part}.z + ${part}.w))`);
    return scope.define(this.#name, pairs.join(' + '), 1);
  }

  /** A block that adds the term at `counter`, or the four from there on where the variable is the block's vector. */
  #term(
    { variable, body }: Node<'sum'>,
    counter: string,
    vector: Variable | undefined,
    put: (term: string) => string,
  ): string[] {
    const block = new Scope(new Map([[variable, counter]]), vector);
    const term = this.#within([...this.#scopes, block], () => widened(this.#render(body), body, 4));
    return ['{', ...block.lines, put(term), '}'];
  }

  /** The names of a loop's states after its last turn. */
  #loop(loop: Loop, scope: Scope): readonly string[] {
    const known = scope.loops.get(loop);
    if (known) return known;
    const names = loop.states.map(this.#name);
    const i = this.#name();
    const count = this.#render(loop.count).text;
    const initial = loop.states.map((state) => this.#render(state.initial).text);
    const states = loop.states.map(({ variable }, state) => [variable, names[state]!] as const);
    const block = new Scope(new Map([[loop.variable, i], ...states]));
    const next = this.#within([...this.#scopes, block], () =>
      loop.states.map((state) => this.#render(state.next).text),
    );
    scope.lines.push(
      ...names.map((name, state) => `var ${name} = ${initial[state]};`),
      `for (var ${i} = 0i; ${i} < ${count}; ${i}++) {`,
      ...block.lines,
      // All states step at once.
      ...next.map((text, state) => `let ${names[state]}n = ${text};`),
      ...names.map((name) => `${name} = ${name}n;`),
      '}',
    );
    scope.loops.set(loop, names);
    return names;
  }
}

/** A node's operands in the order of its text. */
function operandsOf(node: Node<'unary' | 'binary' | 'select'>): readonly Expr[] {
  if (node.kind === 'unary') return [node.x];
  return node.kind === 'binary' ? [node.a, node.b] : [node.condition, node.yes, node.no];
}

const widened = ({ text, width }: Rendered, { type }: Expr, to: Width): string =>
  width === to ? text : `${wgslType(type, to)}(${text})`;

const gathered = (operand: number, type: 'f32' | 'i32', places: readonly string[]): string =>
  `${wgslType(type, 4)}(${places.map((place) => `in${operand}[u32(${place})]`).join(', ')})`;
