/** Named timers: setting one again replaces it, and one that was replaced or cancelled never fires. */
import type { Milliseconds, TimerName } from '@murmuration/protocol';

export class Timers {
  readonly #running = new Map<TimerName, NodeJS.Timeout>();
  readonly #fire: (name: TimerName) => void;

  constructor(fire: (name: TimerName) => void) {
    this.#fire = fire;
  }

  set(name: TimerName, delay: Milliseconds): void {
    this.cancel(name);
    const timer = setTimeout(() => {
      this.#running.delete(name);
      this.#fire(name);
    }, delay);
    this.#running.set(name, timer);
  }

  cancel(name: TimerName): void {
    clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }

  cancelAll(): void {
    for (const timer of this.#running.values()) clearTimeout(timer);
    this.#running.clear();
  }
}
