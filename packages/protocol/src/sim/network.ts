/** Delays: messages of one link keep their order; different links overtake each other. A closed link delivers nothing more. */
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** One direction of a stream. */
export class Link {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #delay: readonly [number, number];
  #last = 0;
  #open = true;

  constructor(scheduler: Scheduler, random: Random, delay: readonly [number, number]) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#delay = delay;
  }

  deliver(receive: () => void): void {
    if (!this.#open) return;
    const at = Math.max(this.#last, this.#scheduler.now + this.#random.between(...this.#delay));
    this.#last = at;
    this.#scheduler.after(at - this.#scheduler.now, () => {
      if (this.#open) receive();
    });
  }

  close(): void {
    this.#open = false;
  }
}

/** A control stream between one worker and the coordinator. */
export interface ControlConnection {
  readonly up: Link;
  readonly down: Link;
}
