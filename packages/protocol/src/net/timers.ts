/** The named timers that a machine's effects ask for, for the shells of both sides. */
import type { Milliseconds } from '../core/units.ts';

/** Where time passes. A page hands in one that ticks in a Web Worker: in a hidden tab its own timers sleep. */
export interface Clock {
  /** Calls `work` once, `delay` milliseconds from now. Returns what prevents that. */
  after(delay: number, work: () => void): () => void;
}

export const systemClock: Clock = {
  after(delay, work) {
    const timer = setTimeout(work, delay);
    return () => clearTimeout(timer);
  },
};

/** Setting a name again replaces it, and one that was replaced or cancelled never fires. */
export class Timers<Name extends string> {
  readonly #fire: (name: Name) => void;
  readonly #clock: Clock;
  /** What cancels each timer that runs. */
  readonly #running = new Map<Name, () => void>();

  constructor(fire: (name: Name) => void, clock: Clock = systemClock) {
    this.#fire = fire;
    this.#clock = clock;
  }

  set(name: Name, delay: Milliseconds): void {
    this.cancel(name);
    const cancel = this.#clock.after(delay, () => {
      // A clock in another thread may have sent its call before it heard of the cancellation.
      if (this.#running.get(name) !== cancel) return;
      this.#running.delete(name);
      this.#fire(name);
    });
    this.#running.set(name, cancel);
  }

  cancel(name: Name): void {
    this.#running.get(name)?.();
    this.#running.delete(name);
  }

  cancelAll(): void {
    for (const cancel of this.#running.values()) cancel();
    this.#running.clear();
  }
}
