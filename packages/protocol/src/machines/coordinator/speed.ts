/** How fast members are: their own word for it, so it is brought within what machines can do before anything is planned on it. */

/** Samples a second; outside of these, sums of speeds and deadlines would leave what numbers and timers can hold. */
const SLOWEST = 1e-3;
const FASTEST = 1e9;

/** 0 stays 0: it is not known. */
export const credibleSpeed = (samplesPerSecond: number): number =>
  samplesPerSecond > 0 ? Math.min(FASTEST, Math.max(SLOWEST, samplesPerSecond)) : 0;
