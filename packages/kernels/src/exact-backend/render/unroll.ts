/**
 * Short loops of known length are written out: what they work out from their counter then becomes constants, and what is left can
 * be computed in lanes. The sequence of f32 operations stays the same.
 */
import { add, float } from '../../canonical/build.ts';
import { formReader } from './forms.ts';
import { PARTIALS } from './scopes.ts';
import {
  boundBy,
  childrenOf,
  dependencyReader,
  type Expr,
  type Loop,
  type Variable,
} from '../../canonical/expression.ts';

/** Most turns that are written out, and most nodes that come of it. */
const MOST_TURNS = 32;
const MOST_NODES = 400;

type Sum = Extract<Expr, { kind: 'sum' }>;
type Result = Extract<Expr, { kind: 'result' }>;
type Values = ReadonlyMap<Expr, Expr>;

/** `value` with its short innermost loops written out, then those around them. */
export function unrolled(value: Expr): Expr {
  const pass = new UnrollPass();
  return pass.rewrite(value);
}

/** Whether a sum's own turns can be taken four at a time, and are enough to make that worth while. */
function suitsLanes({ count, variable, body }: Sum): boolean {
  if ((count as Extract<Expr, { kind: 'size' }>).value < PARTIALS) return false;
  const form = formReader(variable);
  const forms = [...loadsIn(body)].map(({ index }) => form(index));
  return forms.includes(1) && forms.every((each) => each === 0 || each === 1);
}

function loadsIn(node: Expr, seen = new Set<Expr>()): ReadonlySet<Extract<Expr, { kind: 'load' }>> {
  if (!seen.has(node)) {
    seen.add(node);
    for (const child of childrenOf(node)) loadsIn(child, seen);
  }
  return new Set([...seen].filter((each) => each.kind === 'load'));
}

const constant = (value: number): Expr => ({ kind: 'constant', type: 'i32', value });

class UnrollPass {
  readonly #known = new Map<Expr, Expr>();
  readonly #loops = new Map<Loop, Loop>();
  readonly #written = new Map<Loop, readonly Expr[] | null>();
  readonly #dependencies = dependencyReader();

  rewrite(node: Expr): Expr {
    let result = this.#known.get(node);
    if (result === undefined) {
      result = this.#loopFree(this.#withChildren(node));
      this.#known.set(node, result);
    }
    return result;
  }

  #withChildren(node: Expr): Expr {
    if (node.kind === 'result') return { ...node, loop: this.#loop(node.loop) };
    return mapChildren(node, (child) => this.rewrite(child));
  }

  #loop(loop: Loop): Loop {
    let copy = this.#loops.get(loop);
    if (copy === undefined) {
      copy = mapLoop(loop, (child) => this.rewrite(child));
      this.#loops.set(loop, copy);
    }
    return copy;
  }

  #loopFree(node: Expr): Expr {
    if (node.kind === 'sum')
      return this.#turnsOf(node.count, [node.body]) && !suitsLanes(node) ? this.#sum(node) : node;
    if (node.kind !== 'result') return node;
    return this.#states(node)?.[node.state] ?? node;
  }

  #turnsOf(count: Expr, bodies: readonly Expr[]): boolean {
    if (count.kind !== 'constant' && count.kind !== 'size') return false;
    if (count.value > MOST_TURNS) return false;
    const nodes = new Set<Expr>();
    const visit = (node: Expr): boolean => {
      if (nodes.has(node)) return true;
      nodes.add(node);
      return boundBy(node).length === 0 && nodes.size * count.value <= MOST_NODES && childrenOf(node).every(visit);
    };
    return bodies.every(visit);
  }

  /** The canonical tree. Partial sums without terms are +0, and adding +0 to one that has terms, which is never −0, is nothing. */
  #sum({ count, variable, body }: Sum): Expr {
    const turns = (count as Extract<Expr, { kind: 'size' }>).value;
    const partials: (Expr | null)[] = Array.from({ length: PARTIALS }, () => null);
    for (let turn = 0; turn < turns; turn++) {
      const term = this.#substituted(body, new Map([[variable, constant(turn)]]));
      partials[turn % PARTIALS] = add(partials[turn % PARTIALS] ?? float(0), term);
    }
    const join = (a: Expr | null, b: Expr | null): Expr | null => (a && b ? add(a, b) : (a ?? b));
    const half = (first: number) =>
      join(join(partials[first]!, partials[first + 1]!), join(partials[first + 2]!, partials[first + 3]!));
    return join(half(0), half(4)) ?? float(0);
  }

  #states({ loop }: Result): readonly Expr[] | null {
    let written = this.#written.get(loop);
    if (written === undefined) {
      written = this.#turnsOf(
        loop.count,
        loop.states.map(({ next }) => next),
      )
        ? this.#turns(loop)
        : null;
      this.#written.set(loop, written);
    }
    return written;
  }

  #turns({ count, variable, states }: Loop): readonly Expr[] {
    let values = states.map(({ initial }) => initial);
    for (let turn = 0; turn < (count as Extract<Expr, { kind: 'size' }>).value; turn++) {
      const now = new Map<Expr, Expr>([[variable, constant(turn)]]);
      states.forEach((state, index) => now.set(state.variable, values[index]!));
      values = states.map(({ next }) => this.#substituted(next, now));
    }
    return values;
  }

  /** `node`, in which no loop is, with variables replaced by values. */
  #substituted(node: Expr, values: Values): Expr {
    const known = new Map<Expr, Expr>(values);
    const bound = [...values.keys()] as readonly Variable[];
    const substitute = (each: Expr): Expr => {
      let result = known.get(each);
      if (result === undefined) {
        const { variables } = this.#dependencies(each);
        result = bound.some((variable) => variables.has(variable)) ? mapChildren(each, substitute) : each;
        known.set(each, result);
      }
      return result;
    };
    return substitute(node);
  }
}

/** A copy of a node with other children; of a loop's result, which has a loop between, use {@link mapLoop}. */
export function mapChildren(node: Expr, map: (child: Expr) => Expr): Expr {
  switch (node.kind) {
    case 'load':
      return { ...node, index: map(node.index) };
    case 'unary':
    case 'bounded':
      return { ...node, x: map(node.x) };
    case 'binary':
      return { ...node, a: map(node.a), b: map(node.b) };
    case 'select':
      return { ...node, condition: map(node.condition), yes: map(node.yes), no: map(node.no) };
    case 'sum':
      return { ...node, count: map(node.count), body: map(node.body) };
    default:
      return node;
  }
}

export const mapLoop = ({ count, variable, states }: Loop, map: (child: Expr) => Expr): Loop => ({
  variable,
  count: map(count),
  states: states.map((state) => ({ variable: state.variable, initial: map(state.initial), next: map(state.next) })),
});
