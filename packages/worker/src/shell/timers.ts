/** Named timers of a machine: setting a name again replaces it. */
export class Timers<Name extends string> {
  readonly #fire: (name: Name) => void;
  readonly #running = new Map<Name, NodeJS.Timeout>();

  constructor(fire: (name: Name) => void) {
    this.#fire = fire;
  }

  set(name: Name, delay: number): void {
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
