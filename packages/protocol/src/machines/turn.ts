/**
 * One transition on its way: the state so far and the effects so far. A machine's rules write to a turn; nothing of it
 * outlives the transition, so from outside the transition is a pure function.
 */
import type { Decision } from './decision.ts';

export class Turn<State extends object, Effect> {
  #state: State;
  readonly #effects: Effect[] = [];
  readonly #reasons: string[] = [];

  constructor(state: State) {
    this.#state = state;
  }

  get state(): State {
    return this.#state;
  }

  /** Replaces fields of the state. Fields equal to what stands there leave the state the same object. */
  set(fields: Partial<State>): void {
    const keys = Object.keys(fields) as (keyof State)[];
    if (keys.some((key) => fields[key] !== this.#state[key])) this.#state = { ...this.#state, ...fields };
  }

  do(...effects: readonly Effect[]): void {
    this.#effects.push(...effects);
  }

  /** A sentence for a person, without its full stop. */
  because(reason: string): void {
    this.#reasons.push(reason);
  }

  decision(): Decision<State, Effect> {
    return {
      state: this.#state,
      effects: this.#effects,
      reason: this.#reasons.length > 0 ? this.#reasons.join('; ') : 'nothing to decide',
    };
  }
}
