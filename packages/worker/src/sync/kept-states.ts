/** Copies that outlive their round: parameters for audits, whole states for joiners and checkpoints. */
import type { Round } from '@murmuration/protocol';
import { type StateCopy } from './replica.ts';

export class KeptStates {
  readonly #parameters = new Map<Round, Float32Array>();
  readonly #states = new Map<Round, StateCopy>();

  keepParameters(round: Round, parameters: Float32Array): void {
    this.#parameters.set(round, parameters);
  }

  keepState(state: StateCopy): void {
    this.#states.set(state.round, state);
  }

  /** Parameters at `round` `[n] f32`; must not be written to. */
  parametersAt(round: Round): Float32Array | null {
    return this.#parameters.get(round) ?? null;
  }

  stateAt(round: Round): StateCopy | null {
    return this.#states.get(round) ?? null;
  }

  releaseParameters(before: Round, pinned: readonly Round[]): void {
    for (const round of this.#parameters.keys())
      if (round < before && !pinned.includes(round)) this.#parameters.delete(round);
  }

  releaseStates(before: Round): void {
    for (const round of this.#states.keys()) if (round < before) this.#states.delete(round);
  }

  /** Another state has taken the present one's place at `round`: what was kept from there on may be of another course of the run. */
  forgetFrom(round: Round): void {
    for (const kept of [this.#parameters, this.#states]) for (const at of kept.keys()) if (at >= round) kept.delete(at);
  }

  clear(): void {
    this.#parameters.clear();
    this.#states.clear();
  }
}
