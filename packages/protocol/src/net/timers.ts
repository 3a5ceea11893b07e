/** The named timers that a machine's effects ask for, for the shells of both sides. */
import type { Milliseconds } from '../core/units.ts';

/** Setting a name again replaces it, and one that was replaced or cancelled never fires. */
export class Timers<Name extends string> {
  readonly #fire: (name: Name) => void;
  readonly #running = new Map<Name, NodeJS.Timeout>();

  constructor(fire: (name: Name) => void) {
    this.#fire = fire;
  }

  set(name: Name, delay: Milliseconds): void {
    this.cancel(name);
    const timer = setTimeout(() => {
      this.#running.delete(name);
      this.#fire(name);
    }, delay);
    this.#running.set(name, timer);
  }

  cancel(name: Name): void {
    clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }

  cancelAll(): void {
    for (const timer of this.#running.values()) clearTimeout(timer);
    this.#running.clear();
  }
}
