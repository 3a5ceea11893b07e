/** Runs a member machine: events in, one at a time; effects out, in order; the answers of long ones come back as events. */
import type {
  MemberEffect,
  MemberEffectOf,
  MemberEffectType,
  MemberEvent,
  MemberEventOf,
  MemberState,
} from '@murmuration/protocol';
import { timestamp } from '@murmuration/protocol';
import type { MemberDecision } from '@murmuration/protocol';

/** An event as a shell makes it; the loop adds the time. */
export type Happening = MemberEvent extends infer E ? (E extends MemberEvent ? Omit<E, 'at'> : never) : never;

/** What performs an effect: done at once, or answering later with an event (or null, when nothing is to be said). */
export type Performers = { readonly [T in MemberEffectType]: (effect: MemberEffectOf<T>) => Outcome };
export type Outcome = void | Promise<Happening | null | void>;

export interface MemberLoopParts {
  readonly initial: MemberState;
  readonly transition: (state: MemberState, event: MemberEvent) => MemberDecision;
  readonly performers: Performers;
  /** An effect failed that the machine has no event for, or one that it has is about to be told. */
  readonly onFailure: (effect: MemberEffectType, error: unknown) => void;
}

/** Effects whose failure the machine wants to know. */
const told: ReadonlySet<MemberEffectType> = new Set<MemberEventOf<'failed'>['effect']>([
  'prepare',
  'initialise',
  'fetchState',
  'compute',
  'reduce',
  'fetchReduced',
  'apply',
]);

export class MemberLoop {
  readonly #parts: MemberLoopParts;
  readonly #queue: MemberEvent[] = [];
  #state: MemberState;
  #running = false;
  #stopped = false;

  constructor(parts: MemberLoopParts) {
    this.#parts = parts;
    this.#state = parts.initial;
  }

  get state(): MemberState {
    return this.#state;
  }

  /** Takes an event; it is worked on before this returns, unless another one is being worked on. */
  tell(happening: Happening): void {
    if (this.#stopped) return;
    this.#queue.push({ ...happening, at: timestamp(Date.now()) });
    if (this.#running) return;
    this.#running = true;
    try {
      for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) this.#step(event);
    } finally {
      this.#running = false;
    }
  }

  /** No event is taken and no effect performed any more. */
  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
  }

  /** Performs effects that no event caused: a machine's first ones. */
  perform(effects: readonly MemberEffect[]): void {
    for (const effect of effects) this.#perform(effect);
  }

  #step(event: MemberEvent): void {
    const { state, effects } = this.#parts.transition(this.#state, event);
    this.#state = state;
    this.perform(effects);
  }

  #perform(effect: MemberEffect): void {
    if (this.#stopped) return;
    try {
      const outcome = (this.#parts.performers[effect.type] as (effect: MemberEffect) => Outcome)(effect);
      if (outcome instanceof Promise)
        outcome.then(
          (happening) => happening && this.tell(happening),
          (error: unknown) => this.#fail(effect.type, error),
        );
    } catch (error) {
      this.#fail(effect.type, error);
    }
  }

  #fail(effect: MemberEffectType, error: unknown): void {
    if (this.#stopped) return;
    this.#parts.onFailure(effect, error);
    if (!told.has(effect)) return;
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, 1024);
    this.tell({ type: 'failed', effect: effect as MemberEventOf<'failed'>['effect'], reason });
  }
}
