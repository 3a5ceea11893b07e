/**
 * Dawn polls its device through `globalThis.setImmediate` for as long as a GPU promise is pending, which spins a whole
 * core; on a CPU adapter that core is the one that should compute. In the device thread nothing else needs immediates, so
 * they are handed out at most once in `interval`.
 */

/** Milliseconds between two polls of the device; short against a step, long against a poll. */
const POLL_INTERVAL = 1;

export function throttleImmediates(interval: number = POLL_INTERVAL): void {
  const throttled = (callback: (...args: unknown[]) => void, ...args: unknown[]): NodeJS.Timeout => setTimeout(callback, interval, ...args);
  globalThis.setImmediate = throttled as unknown as typeof setImmediate;
}
