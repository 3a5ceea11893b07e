/** One device, one piece of work at a time: calls of an `Executable` must not overlap. */

/** Work that is asked whether it may stop, between two of its steps. */
export type DeviceWork<T> = (signal: AbortSignal) => Promise<T>;

export class ComputeQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Pieces of work that are running or wait. */
  get length(): number {
    return this.#waiting;
  }

  /**
   * Runs `work` when everything queued before it is over. An aborted `signal` keeps waiting work from starting; running
   * work looks at it itself.
   */
  run<T>(work: DeviceWork<T>, signal: AbortSignal = new AbortController().signal): Promise<T> {
    this.#waiting += 1;
    const result = this.#tail.then(async () => {
      signal.throwIfAborted();
      return await work(signal);
    });
    this.#tail = result.catch(() => undefined).then(() => (this.#waiting -= 1));
    return result;
  }

  /** Resolves when nothing runs or waits any more. */
  async idle(): Promise<void> {
    while (this.#waiting > 0) await this.#tail;
  }
}
