/** What every machine returns: the next state, what the shell must do, and why, in words for a person. */

/** The outcome of one transition. `state` is the same object when nothing changed: such an event needs no journal entry. */
export interface Decision<State, Effect> {
  readonly state: State;
  readonly effects: readonly Effect[];
  readonly reason: string;
}
