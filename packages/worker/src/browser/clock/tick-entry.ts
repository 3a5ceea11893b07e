/** Entry of the worker that ticks. */

/** Sets a timer, or cancels it where `delay` is null. */
export interface TickRequest {
  readonly id: number;
  /** Milliseconds. */
  readonly delay: number | null;
}

/** The `id` of a timer that has fired. */
export type TickAnswer = number;

const timers = new Map<number, ReturnType<typeof setTimeout>>();

addEventListener('message', ({ data: { id, delay } }: MessageEvent<TickRequest>) => {
  clearTimeout(timers.get(id));
  timers.delete(id);
  if (delay === null) return;
  const fire = (): void => {
    timers.delete(id);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
    postMessage(id);
  };
  timers.set(id, setTimeout(fire, delay));
});
