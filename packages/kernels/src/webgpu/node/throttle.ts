/**
 * Dawn waits for the GPU by asking again and again through `setImmediate`, which keeps a core busy: on a CPU that plays a
 * GPU, the very core that the work needs. Here each question is followed by a short sleep at first, so that short work
 * is not delayed, and by a timer once the work proves long.
 */

const NAP_MILLIS = 0.15;
/** About 6 ms of naps; a timer's own millisecond is small from then on. */
const NAPS = 40;

export interface Throttle {
  /** New work begins: naps again. */
  restart(): void;
}

/** Replaces this thread's `setImmediate` for good. Only for a thread that does nothing beside the GPU: a nap blocks it. */
export function throttleSetImmediate(): Throttle {
  const immediately = globalThis.setImmediate;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  let questions = 0;
  const throttled = (callback: () => void): unknown => {
    questions++;
    if (questions > NAPS) return setTimeout(callback, 1);
    Atomics.wait(cell, 0, 0, NAP_MILLIS);
    return immediately(callback);
  };
  globalThis.setImmediate = throttled as typeof setImmediate;
  return {
    restart: () => {
      questions = 0;
    },
  };
}
