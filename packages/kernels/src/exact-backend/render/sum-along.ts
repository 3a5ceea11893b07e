/** Emits canonical sums whose terms are taken four at a time: i … i + 3 go to partial sums 0–3, i + 4 … i + 7 to 4–7. */
import type { Expr } from '../../canonical/expression.ts';
import type { Local } from '../wasm/function.ts';
import type { Emitter } from './emitter.ts';
import { PARTIALS } from './scopes.ts';

type Sum = Extract<Expr, { kind: 'sum' }>;

/** The counter and the two vectors of partial sums. */
interface SumLocals {
  readonly at: Local;
  readonly low: Local;
  readonly high: Local;
}

/** Leaves the sum on the stack. */
export function emitSumAlong(emitter: Emitter, sum: Sum): void {
  const { f } = emitter;
  emitter.nested(() => {
    const own = emitter.environment;
    const locals = { at: own.local('i32'), low: own.local('v128'), high: own.local('v128') };
    f.i32(0).set(locals.at).f32x4(0).tee(locals.low).set(locals.high);
    emitter.inLanes(sum.variable, () => emitWhole(emitter, sum, locals));
    emitTail(emitter, sum, locals);
    pushTree(emitter, locals);
  });
}

/** The terms up to a multiple of eight. */
function emitWhole(emitter: Emitter, { variable, count, body }: Sum, { at, low, high }: SumLocals): void {
  const { f, kernel, environment } = emitter;
  const scope = kernel.bodyOf(variable);
  const [upper, whole] = [environment.local('i32'), environment.local('i32')];
  const add = (counter: Local, partial: Local) =>
    emitter.nested(() => {
      emitter.environment.bind(variable, { local: counter, form: 1 });
      emitter.scope(scope);
      f.get(partial);
      emitter.vector(body).f.op('f32x4.add').set(partial);
    });
  emitter.scalar(count).f.i32(-PARTIALS).op('i32.and').set(whole);
  emitter.spreadInto(scope);
  f.while(at, whole, PARTIALS, () => {
    add(at, low);
    f.get(at).i32(4).op('i32.add').set(upper);
    add(upper, high);
  });
}

/**
 * The fewer than eight terms that are left, one at a time, each added to its lane. The other lanes add +0, which changes
 * nothing: a partial sum starts at +0 and so never is −0.
 */
function emitTail(emitter: Emitter, { variable, count, body }: Sum, { at, low, high }: SumLocals): void {
  const { f, kernel } = emitter;
  const turn = () => {
    const term = emitter.environment.local('v128');
    emitter.environment.bind(variable, { local: at, form: 0 });
    emitter.scope(kernel.bodyOf(variable));
    emitter.scalar(body).f.op('f32x4.splat').set(term);
    const add = (partial: Local, first: number) => {
      f.get(partial)
        .get(term)
        .get(at)
        .i32(PARTIALS - 1)
        .op('i32.and', 'i32x4.splat');
      f.i32x4([first, first + 1, first + 2, first + 3])
        .op('i32x4.eq', 'v128.and', 'f32x4.add')
        .set(partial);
    };
    add(low, 0);
    add(high, 4);
  };
  const end = () => emitter.scalar(count);
  f.while(at, end, 1, () => emitter.nested(turn));
}

/** ((p₀+p₁)+(p₂+p₃)) + ((p₄+p₅)+(p₆+p₇)). */
function pushTree({ f }: Emitter, { low, high }: SumLocals): void {
  const pushPair = (of: Local, first: number) => {
    f.get(of).lane('f32x4.extract_lane', first);
    f.get(of)
      .lane('f32x4.extract_lane', first + 1)
      .op('f32.add');
  };
  for (const half of [low, high]) {
    pushPair(half, 0);
    pushPair(half, 2);
    f.op('f32.add');
  }
  f.op('f32.add');
}
