/** How fast members are: their own word for it, so it is brought within what machines can do before anything is planned on it. */

/** Samples a second; outside of these, sums of speeds and deadlines would leave what numbers and timers can hold. */
const SLOWEST = 1e-3;
const FASTEST = 1e9;

/** 0 stays 0: it is not known. */
export const credibleSpeed = (samplesPerSecond: number): number =>
  samplesPerSecond > 0 ? Math.min(FASTEST, Math.max(SLOWEST, samplesPerSecond)) : 0;

/** The speed after a contribution of so many samples; 0 before means that it was not known. */
export function smoothedSpeed(before: number, samples: number, computeMs: number): number {
  const speed = computeMs > 0 ? credibleSpeed((samples / computeMs) * 1000) : 0;
  if (speed === 0) return before;
  return before > 0 ? 0.7 * before + 0.3 * speed : speed;
}
