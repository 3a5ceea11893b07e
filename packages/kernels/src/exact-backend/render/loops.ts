/** Emits sums and loops. A sum that is not among lanes already takes its own turns four at a time where its operands allow it. */
import type { Expr, Loop } from '../../canonical/expression.ts';
import type { Local } from '../wasm/function.ts';
import type { Emitter } from './emitter.ts';
import type { Held } from './environment.ts';
import { lanesFit } from './lanes.ts';

type Sum = Extract<Expr, { kind: 'sum' }>;

/** Partial sums of the canonical tree. */
const PARTIALS = 8;
/** Largest body, in nodes, that is repeated for each partial sum. */
const UNROLLED_NODES = 24;

/** Leaves the sum on the stack. */
export function emitSum(emitter: Emitter, sum: Sum): void {
  const body = emitter.kernel.bodyOf(sum.variable);
  if (!emitter.vectors && lanesFit(emitter.kernel, body, sum.variable)) emitAlong(emitter, sum);
  else emitPartials(emitter, sum);
}

/** Terms i … i + 3 and i + 4 … i + 7 are vectors: partial sums 0–3 and 4–7. */
function emitAlong(emitter: Emitter, sum: Sum): void {
  const { f, kernel } = emitter;
  const body = kernel.bodyOf(sum.variable);
  emitter.nested(() => {
    const own = emitter.environment;
    const [low, high] = [own.local('v128'), own.local('v128')];
    const [at, upper, whole] = [own.local('i32'), own.local('i32'), own.local('i32')];
    f.f32x4(0).tee(low).set(high);
    emitter.scalar(sum.count).f.i32(-PARTIALS).op('i32.and').set(whole);
    emitter.inLanes(sum.variable, () => {
      emitter.spreadInto(body);
      const add = (counter: Local, partial: Local) =>
        emitter.nested(() => {
          emitter.environment.bind(sum.variable, { local: counter, form: 1 });
          emitter.scope(body);
          f.get(partial);
          emitter.vector(sum.body).f.op('f32x4.add').set(partial);
        });
      f.i32(0).set(at);
      f.while(
        at,
        () => f.get(whole),
        PARTIALS,
        () => {
          add(at, low);
          f.get(at).i32(4).op('i32.add').set(upper);
          add(upper, high);
        },
      );
    });
    emitTail(emitter, sum, [at, low, high]);
    const lane = (of: Local, which: number) => f.get(of).lane('f32x4.extract_lane', which);
    const quarter = (of: Local, which: number) => {
      lane(of, which);
      lane(of, which + 1);
      f.op('f32.add');
    };
    for (const half of [low, high]) {
      quarter(half, 0);
      quarter(half, 2);
      f.op('f32.add');
    }
    f.op('f32.add');
  });
}

/**
 * The fewer than eight terms that are left, one at a time, each added to its lane. The other lanes add +0, which changes
 * nothing: a partial sum starts at +0 and so never is −0.
 */
function emitTail(emitter: Emitter, sum: Sum, [at, low, high]: readonly [Local, Local, Local]): void {
  const { f, kernel } = emitter;
  f.while(
    at,
    () => emitter.scalar(sum.count),
    1,
    () => {
      emitter.nested(() => {
        const term = emitter.environment.local('v128');
        emitter.environment.bind(sum.variable, { local: at, form: 0 });
        emitter.scope(kernel.bodyOf(sum.variable));
        emitter.scalar(sum.body).f.op('f32x4.splat').set(term);
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
      });
    },
  );
}

/** Eight partial sums in eight locals, of one value or of four lanes. */
function emitPartials(emitter: Emitter, sum: Sum): void {
  const { f, kernel } = emitter;
  const form = emitter.formOf(sum);
  const body = kernel.bodyOf(sum.variable);
  const add = form === 'vector' ? 'f32x4.add' : 'f32.add';
  const push = (node: Expr) => (form === 'vector' ? emitter.vector(node) : emitter.scalar(node));
  emitter.nested(() => {
    const own = emitter.environment;
    const partials = Array.from({ length: PARTIALS }, () => own.local(emitter.valueType(sum, form)));
    const [at, turn] = [own.local('i32'), own.local('i32')];
    for (const partial of partials) (form === 'vector' ? f.f32x4(0) : f.f32(0)).set(partial);
    const term = (counter: Local, partial: Local) =>
      emitter.nested(() => {
        emitter.environment.bind(sum.variable, { local: counter, form: 0 });
        emitter.scope(body);
        f.get(partial);
        push(sum.body).f.op(add).set(partial);
      });
    f.i32(0).set(at);
    if (isSmall(emitter, sum)) {
      const whole = own.local('i32');
      emitter.scalar(sum.count).f.i32(-PARTIALS).op('i32.and').set(whole);
      f.while(
        at,
        () => f.get(whole),
        PARTIALS,
        () => {
          partials.forEach((partial, j) => {
            f.get(at).i32(j).op('i32.add').set(turn);
            term(turn, partial);
          });
        },
      );
    }
    const rotate = () => {
      for (const partial of partials) f.get(partial);
      for (const partial of partials.map((_, j) => partials[(j + PARTIALS - 1) % PARTIALS]!).toReversed())
        f.set(partial);
    };
    f.while(
      at,
      () => emitter.scalar(sum.count),
      1,
      () => {
        term(at, partials[0]!);
        rotate();
      },
    );
    // The partial sums have turned once a term; turned on to a multiple of eight they stand where they belong.
    f.while(
      at,
      () =>
        f
          .get(at)
          .i32(PARTIALS - 1)
          .op('i32.add')
          .i32(-PARTIALS)
          .op('i32.and'),
      1,
      rotate,
    );
    const pair = (first: number, count: number) => {
      if (count === 1) {
        f.get(partials[first]!);
        return;
      }
      pair(first, count / 2);
      pair(first + count / 2, count / 2);
      f.op(add);
    };
    pair(0, PARTIALS);
  });
}

function isSmall({ kernel }: Emitter, { variable }: Sum): boolean {
  const nodes = kernel.within(kernel.bodyOf(variable));
  return nodes.length <= UNROLLED_NODES && nodes.every(({ kind }) => kind !== 'sum' && kind !== 'result');
}

/** The states of the loop that `node` belongs to, computed where they were not yet. */
export function emitLoop(emitter: Emitter, node: Extract<Expr, { kind: 'result' }>): readonly Held[] {
  const known = emitter.environment.statesOf(node.loop);
  if (known) return known;
  const form = emitter.formOf(node);
  const states = node.loop.states.map(({ variable }) => ({
    local: emitter.environment.local(emitter.valueType(variable, form)),
    form,
  }));
  emitter.environment.bindLoop(node.loop, states);
  runLoop(emitter, node.loop, states);
  return states;
}

function runLoop(emitter: Emitter, { count, variable, states }: Loop, held: readonly Held[]): void {
  const { f, kernel } = emitter;
  const body = kernel.bodyOf(variable);
  const push = (node: Expr, { form }: Held) => (form === 'vector' ? emitter.vector(node) : emitter.scalar(node));
  states.forEach(({ initial }, index) => {
    push(initial, held[index]!).f.set(held[index]!.local);
  });
  emitter.nested(() => {
    const at = emitter.environment.local('i32');
    emitter.environment.bind(variable, { local: at, form: 0 });
    states.forEach((state, index) => emitter.environment.bind(state.variable, held[index]!));
    f.i32(0).set(at);
    f.while(
      at,
      () => emitter.scalar(count),
      1,
      () => {
        emitter.nested(() => {
          emitter.scope(body);
          states.forEach(({ next }, index) => push(next, held[index]!));
          for (const { local } of held.toReversed()) f.set(local);
        });
      },
    );
  });
}
