/** Emits canonical sums: eight partial sums, in eight locals of one value or of four lanes. */
import type { Expr } from '../../canonical/expression.ts';
import type { Local } from '../wasm/function.ts';
import type { Emitter } from './emitter.ts';
import { PARTIALS } from './scopes.ts';
import type { Form } from './forms.ts';
import { lanesFit } from './lanes.ts';
import { emitSumAlong } from './sum-along.ts';

type Sum = Extract<Expr, { kind: 'sum' }>;

/** Largest body, in nodes, that is repeated for each partial sum. */
const UNROLLED_NODES = 24;

/** Leaves the sum on the stack. A sum that is not among lanes already takes its own turns four at a time where its operands allow it. */
export function emitSum(emitter: Emitter, sum: Sum): void {
  const body = emitter.kernel.bodyOf(sum.variable);
  if (!emitter.vectors && lanesFit(emitter.kernel, body, sum.variable)) emitSumAlong(emitter, sum);
  else emitter.nested(() => new PartialSums(emitter, sum).emit());
}

class PartialSums {
  readonly #emitter: Emitter;
  readonly #sum: Sum;
  readonly #form: Form;
  readonly #partials: readonly Local[];
  readonly #at: Local;

  constructor(emitter: Emitter, sum: Sum) {
    this.#emitter = emitter;
    this.#sum = sum;
    this.#form = emitter.formOf(sum);
    const own = emitter.environment;
    this.#partials = Array.from({ length: PARTIALS }, () => own.local(emitter.valueType(sum, this.#form)));
    this.#at = own.local('i32');
  }

  emit(): void {
    const { f } = this.#emitter;
    for (const partial of this.#partials) (this.#form === 'vector' ? f.f32x4(0) : f.f32(0)).set(partial);
    f.i32(0).set(this.#at);
    if (this.#isSmall()) this.#eightAtATime();
    f.while(
      this.#at,
      () => this.#emitter.scalar(this.#sum.count),
      1,
      () => {
        this.#addTerm(this.#at, this.#partials[0]!);
        this.#turn();
      },
    );
    // The partial sums have turned once a term; turned on to a multiple of eight they stand where they belong.
    f.while(
      this.#at,
      () =>
        f
          .get(this.#at)
          .i32(PARTIALS - 1)
          .op('i32.add')
          .i32(-PARTIALS)
          .op('i32.and'),
      1,
      () => this.#turn(),
    );
    this.#pushTree(0, PARTIALS);
  }

  #isSmall(): boolean {
    const { kernel } = this.#emitter;
    const nodes = kernel.within(kernel.bodyOf(this.#sum.variable));
    return nodes.length <= UNROLLED_NODES && nodes.every(({ kind }) => kind !== 'sum' && kind !== 'result');
  }

  #eightAtATime(): void {
    const { f, environment } = this.#emitter;
    const [whole, term] = [environment.local('i32'), environment.local('i32')];
    this.#emitter.scalar(this.#sum.count).f.i32(-PARTIALS).op('i32.and').set(whole);
    f.while(this.#at, whole, PARTIALS, () => {
      this.#partials.forEach((partial, j) => {
        f.get(this.#at).i32(j).op('i32.add').set(term);
        this.#addTerm(term, partial);
      });
    });
  }

  #addTerm(counter: Local, partial: Local): void {
    const { f, kernel } = this.#emitter;
    const { variable, body } = this.#sum;
    this.#emitter.nested(() => {
      this.#emitter.environment.bind(variable, { local: counter, form: 0 });
      this.#emitter.scope(kernel.bodyOf(variable));
      f.get(partial);
      if (this.#form === 'vector') this.#emitter.vector(body);
      else this.#emitter.scalar(body);
      f.op(this.#addition()).set(partial);
    });
  }

  #addition(): 'f32x4.add' | 'f32.add' {
    return this.#form === 'vector' ? 'f32x4.add' : 'f32.add';
  }

  /** Each partial sum takes the place of the one before it, the first that of the last. */
  #turn(): void {
    const { f } = this.#emitter;
    for (const partial of this.#partials) f.get(partial);
    const targets = this.#partials.map((_, j) => this.#partials[(j + PARTIALS - 1) % PARTIALS]!);
    for (const target of targets.toReversed()) f.set(target);
  }

  #pushTree(first: number, count: number): void {
    const { f } = this.#emitter;
    if (count === 1) {
      f.get(this.#partials[first]!);
      return;
    }
    this.#pushTree(first, count / 2);
    this.#pushTree(first + count / 2, count / 2);
    f.op(this.#addition());
  }
}
