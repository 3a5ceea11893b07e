/**
 * Keeps denormals out of exact arithmetic, because adapters differ in what they do with them: some keep them, some make them 0.
 *
 * The proof. Call a value *normal* if it is 0 or |x| ≥ 2⁻¹²⁶. Every tensor element is flushed, so it is 0 or |x| ≥ 2⁻⁵⁰; with 24
 * significant bits it is a multiple of 2⁻⁷³. The product of two such is 0 or ≥ 2⁻¹⁰⁰, so a multiple of 2⁻¹²³. A sum of
 * multiples of 2^u is a multiple of 2^u, so 0 or ≥ 2^u: with u ≥ −126 it is normal, and so is every partial sum. For any
 * expression the pass works out such bounds (`least`: 0 or |x| ≥ 2^least; `unit`: a multiple of 2^unit) and puts a flush wherever a
 * result could be below 2⁻¹²⁶. There an adapter may have made 0 of a denormal already, and the flush makes the same +0 of
 * both. So no operation ever reads a denormal, and none that an adapter could have changed reaches a result.
 */
import type { Expr, Loop, LoopState } from './expression.ts';

/** Magnitudes below 2^this become +0 whenever a tensor element is made. */
export const FLUSH_EXPONENT = -50;
/** The smallest magnitude that is not flushed. */
export const FLUSH_LIMIT = 2 ** FLUSH_EXPONENT;

/** Exponent of the smallest normal f32. */
const NORMAL = -126;
/** Bits of the significand after the first. */
const FRACTION = 23;
/** What is assumed of a loop's f32 states, and enforced on what they become. */
const STATE: Bound = { least: -123, unit: -123 };
const FLUSHED: Bound = { least: FLUSH_EXPONENT, unit: FLUSH_EXPONENT - FRACTION };
/** Of zero: no constraint on anything that it meets. */
const ZERO: Bound = { least: 1000, unit: 1000 };

interface Bound {
  readonly least: number;
  readonly unit: number;
}

const both = (a: Bound, b: Bound): Bound => ({ least: Math.min(a.least, b.least), unit: Math.min(a.unit, b.unit) });
const ofUnit = (unit: number): Bound => ({ least: unit, unit });

/** What a nonzero finite literal is a multiple of. */
function ofLiteral(value: number): Bound {
  if (value === 0 || !Number.isFinite(value)) return ZERO;
  const least = Math.floor(Math.log2(Math.abs(value)));
  let unit = least - FRACTION;
  while ((value / 2 ** (unit + 1)) % 1 === 0) unit++;
  return { least, unit };
}

/** `value` with flushes put in; an f32 result is itself flushed, as the element of a tensor. */
export function withFlushes(value: Expr): Expr {
  const pass = new FlushPass();
  const safe = pass.rewrite(value);
  return safe.type === 'f32' ? flushed(safe) : safe;
}

const flushed = (x: Expr): Expr =>
  x.kind === 'unary' && x.op === 'flush' ? x : { kind: 'unary', op: 'flush', type: 'f32', x };

class FlushPass {
  readonly #rewritten = new Map<Expr, Expr>();
  readonly #bare = new Map<Expr, Expr>();
  readonly #loops = new Map<Loop, Loop>();
  readonly #bounds = new Map<Expr, Bound>();

  rewrite(node: Expr): Expr {
    let safe = this.#rewritten.get(node);
    if (safe === undefined) {
      safe = this.#normal(this.#unflushed(node));
      this.#rewritten.set(node, safe);
    }
    return safe;
  }

  /** The node over rewritten children: one object, whether its own flush is needed or promised away. */
  #unflushed(node: Expr): Expr {
    let rewritten = this.#bare.get(node);
    if (rewritten === undefined) {
      rewritten = this.#withChildren(node);
      this.#bare.set(node, rewritten);
    }
    return rewritten;
  }

  /** A flush around an operation whose result may be denormal. */
  #normal(node: Expr): Expr {
    return node.type === 'f32' && this.#bound(node).least < NORMAL ? flushed(node) : node;
  }

  #withChildren(node: Expr): Expr {
    switch (node.kind) {
      case 'load':
        return { ...node, index: this.rewrite(node.index) };
      case 'bounded':
        return { ...node, x: this.#unflushed(node.x) };
      case 'unary':
        return { ...node, x: this.rewrite(node.x) };
      case 'binary':
        return { ...node, a: this.rewrite(node.a), b: this.rewrite(node.b) };
      case 'select':
        return {
          ...node,
          condition: this.rewrite(node.condition),
          yes: this.rewrite(node.yes),
          no: this.rewrite(node.no),
        };
      case 'sum':
        return { ...node, count: this.rewrite(node.count), body: this.rewrite(node.body) };
      case 'result':
        return { ...node, loop: this.#loop(node.loop) };
      default:
        return node;
    }
  }

  #loop(loop: Loop): Loop {
    let safe = this.#loops.get(loop);
    if (safe === undefined) {
      safe = { ...loop, count: this.rewrite(loop.count), states: loop.states.map((state) => this.#state(state)) };
      this.#loops.set(loop, safe);
    }
    return safe;
  }

  #state({ variable, initial, next }: LoopState): LoopState {
    return { variable, initial: this.#asState(this.rewrite(initial)), next: this.#asState(this.rewrite(next)) };
  }

  #asState(node: Expr): Expr {
    if (node.type !== 'f32') return node;
    const { least, unit } = this.#bound(node);
    return least < STATE.least || unit < STATE.unit ? flushed(node) : node;
  }

  #bound(node: Expr): Bound {
    let bound = this.#bounds.get(node);
    if (bound === undefined) {
      bound = this.#workOut(node);
      this.#bounds.set(node, bound);
    }
    return bound;
  }

  #workOut(node: Expr): Bound {
    switch (node.kind) {
      case 'constant':
        return ofLiteral(node.value);
      case 'load':
        return FLUSHED;
      case 'bounded':
        return { least: node.least, unit: node.unit };
      case 'unary':
        return this.#ofUnary(node);
      case 'binary':
        return this.#ofBinary(node);
      case 'select':
        return both(this.#bound(node.yes), this.#bound(node.no));
      case 'sum':
        return ofUnit(this.#bound(node.body).unit);
      default:
        return STATE;
    }
  }

  #ofUnary({ op, x }: Extract<Expr, { kind: 'unary' }>): Bound {
    if (op === 'flush') return FLUSHED;
    if (op === 'toFloat') return { least: 0, unit: 0 };
    if (op === 'fromBits') return { least: NORMAL, unit: NORMAL - FRACTION };
    return this.#bound(x);
  }

  #ofBinary({ op, a, b }: Extract<Expr, { kind: 'binary' }>): Bound {
    const [left, right] = [this.#bound(a), this.#bound(b)];
    if (op !== 'multiply') return ofUnit(Math.min(left.unit, right.unit));
    const least = left.least + right.least;
    return { least, unit: Math.max(least - FRACTION, left.unit + right.unit) };
  }
}
