/** How many of something are open, in all and by address. */
export class OpenCounter {
  readonly #limit: number;
  readonly #perKey: number;
  readonly #byKey = new Map<string, number>();
  #total = 0;

  constructor({ limit, perKey }: { readonly limit: number; readonly perKey: number }) {
    this.#limit = limit;
    this.#perKey = perKey;
  }

  get total(): number {
    return this.#total;
  }

  /** Takes a place; the returned function gives it back, once. Null when there is none left. */
  take(key: string): (() => void) | null {
    const open = this.#byKey.get(key) ?? 0;
    if (this.#total >= this.#limit || open >= this.#perKey) return null;
    this.#byKey.set(key, open + 1);
    this.#total += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#total -= 1;
      const left = (this.#byKey.get(key) ?? 1) - 1;
      if (left === 0) this.#byKey.delete(key);
      else this.#byKey.set(key, left);
    };
  }
}
