/** Emits loops with states. */
import type { Expr, Loop } from '../../canonical/expression.ts';
import type { Emitter } from './emitter.ts';
import type { Held } from './environment.ts';

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
