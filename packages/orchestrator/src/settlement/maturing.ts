/**
 * Epochs that stand on chain and can still be disputed, with what a claim on them needs. Leaves are cumulative, so a later
 * epoch covers those before it: of a long challenge window only some are kept, evenly spread, and the memory is bounded.
 */
import type { LastEpoch } from './settlement.ts';

interface Posted extends LastEpoch {
  /** First Unix second of the chain's clock at which it pays. */
  readonly maturesAt: number;
}

/** So many are kept of one challenge window. */
const PER_WINDOW = 16;

export class MaturingEpochs {
  readonly #spacing: number;
  #posted: readonly Posted[] = [];

  constructor(windowSeconds: number) {
    this.#spacing = windowSeconds / PER_WINDOW;
  }

  /** Notes an epoch that was just posted. */
  add(posted: Posted): void {
    const last = this.#posted.at(-1);
    if (last === undefined || posted.maturesAt - last.maturesAt >= this.#spacing)
      this.#posted = [...this.#posted, posted];
  }

  /** The newest one that pays at this time of the chain's clock; it and those before it are forgotten. Null when none does. */
  take(now: number): LastEpoch | null {
    const matured = this.#posted.findLast(({ maturesAt }) => maturesAt <= now);
    if (matured === undefined) return null;
    this.#posted = this.#posted.filter(({ epoch }) => epoch > matured.epoch);
    return matured;
  }
}
