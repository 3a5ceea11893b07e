/** How fast something arrives and how long the rest will take, from the amounts seen in the last seconds. */

export interface Pace {
  /** Units a second. */
  readonly rate: number;
  readonly secondsLeft: number;
}

interface Seen {
  readonly at: number;
  readonly amount: number;
}

/** Long enough that one stalled second does not read as a stop. */
const WINDOW_MS = 5_000;
/** Before this there is nothing to tell. */
const SHORTEST_MS = 250;

/** Watches an amount grow towards a known end. */
export class PaceMeter {
  #seen: readonly Seen[] = [];

  /** Takes in that `amount` was there at `at` (milliseconds). An amount that falls begins anew. */
  see(amount: number, at: number): void {
    const last = this.#seen.at(-1);
    if (last !== undefined && amount < last.amount) this.#seen = [];
    const recent = this.#seen.filter((seen) => seen.at >= at - WINDOW_MS);
    // One older observation bounds the window, or a slow sender would never show a rate.
    const bound = this.#seen.filter((seen) => seen.at < at - WINDOW_MS).slice(-1);
    this.#seen = [...bound, ...recent.filter((seen) => seen.at !== at), { at, amount }];
  }

  /** The pace at which `total` is neared; null while it cannot be told. */
  pace(total: number): Pace | null {
    const first = this.#seen[0];
    const last = this.#seen.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < SHORTEST_MS) return null;
    const rate = ((last.amount - first.amount) / (last.at - first.at)) * 1000;
    return rate > 0 ? { rate, secondsLeft: Math.max(0, total - last.amount) / rate } : null;
  }
}
