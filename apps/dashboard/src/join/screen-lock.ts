/** Keeps the screen on while a tab works and is looked at, where the browser offers it. */

/** The part of `navigator.wakeLock` that is used. */
interface WakeLocks {
  request(type: 'screen'): Promise<{ release(): Promise<void> }>;
}

export class ScreenLock {
  readonly #locks: WakeLocks | null;
  #wanted = false;
  #held: Promise<{ release(): Promise<void> } | null> | null = null;

  constructor(locks: WakeLocks | undefined) {
    this.#locks = locks ?? null;
  }

  get offered(): boolean {
    return this.#locks !== null;
  }

  /** Asks for the lock or gives it back. Browsers drop it when a tab is hidden: call again when it is shown. */
  want(wanted: boolean): void {
    if (this.#locks === null || wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) {
      // A browser that saves battery says no; the tab works all the same.
      this.#held = this.#locks.request('screen').catch(() => null);
      return;
    }
    const held = this.#held;
    this.#held = null;
    void held?.then((lock) => lock?.release()).catch(() => undefined);
  }
}
