/** How much of a device its owner gives: after each micro-batch it rests in proportion, and the time counts as the micro-batch's. */
import type { Clock } from '@murmuration/protocol/net-core';
import { pause } from '../shell/pause.ts';

/** Below this a micro-batch would take longer than a run can wait for anybody. */
export const LEAST_SHARE = 0.05;
/** Rests shorter than this, in milliseconds, are saved up: waking up costs as much. */
const SHORTEST_REST = 4;

export class Pacer {
  readonly #clock: Clock;
  #share: number;
  #owed = 0;
  /** Ends the rest that is being taken. */
  #wake = new AbortController();

  /** @throws RangeError unless {@link LEAST_SHARE} ≤ share ≤ 1 */
  constructor(clock: Clock, share: number) {
    this.#clock = clock;
    this.#share = checkedShare(share);
  }

  get share(): number {
    return this.#share;
  }

  /** Takes effect at once: a rest that is being taken ends. @throws RangeError unless {@link LEAST_SHARE} ≤ share ≤ 1 */
  set share(share: number) {
    this.#share = checkedShare(share);
    this.#owed = 0;
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** Rests for work of `workedMs` milliseconds. @throws the signal's reason when it is aborted meanwhile */
  async rest(workedMs: number, signal: AbortSignal): Promise<void> {
    this.#owed += (workedMs * (1 - this.#share)) / this.#share;
    if (this.#owed < SHORTEST_REST) return;
    const delay = this.#owed;
    this.#owed = 0;
    const { signal: woken } = this.#wake;
    await pause(this.#clock, delay, AbortSignal.any([signal, woken])).catch(() => signal.throwIfAborted());
  }
}

/** @throws RangeError unless {@link LEAST_SHARE} ≤ share ≤ 1 */
export function checkedShare(share: number): number {
  if (share >= LEAST_SHARE && share <= 1) return share;
  throw new RangeError(`The share of a device is a number from ${LEAST_SHARE} to 1, not ${share}. Choose one.`);
}
