/**
 * Learning-rate schedules, evaluated with f64 `+ − × ÷` only (never `Math.cos`, whose last bits differ between
 * engines), so that every member applies the same rate.
 */

export interface ScheduleConfig {
  readonly type: 'constant' | 'linear' | 'cosine';
  /** The peak rate, reached at the end of the warm-up. */
  readonly learningRate: number;
  /** Rounds over which the rate rises in a line: round r of them has (r + 1) / warmupRounds of the peak. */
  readonly warmupRounds: number;
  /** The last round's rate as a fraction of the peak; without meaning for `constant`. */
  readonly finalFraction: number;
}

/** Fraction of the peak rate when `progress` in [0, 1] of the rounds after the warm-up is done. */
const decays: Record<ScheduleConfig['type'], (progress: number, finalFraction: number) => number> = {
  constant: () => 1,
  linear: (progress, finalFraction) => 1 - (1 - finalFraction) * progress,
  cosine: (progress, finalFraction) => finalFraction + (1 - finalFraction) * 0.5 * (1 + cosineOfPi(progress)),
};

/**
 * The learning rate of `round` (0-based) in a run of `rounds`, rounded to f32. The round after the warm-up has the peak
 * rate, round `rounds − 1` has `finalFraction` of it, and later ones keep that.
 */
export function learningRateAt(schedule: ScheduleConfig, rounds: number, round: number): number {
  const { type, learningRate, warmupRounds, finalFraction } = schedule;
  if (round < warmupRounds) return Math.fround((learningRate * (round + 1)) / warmupRounds);
  const progress = Math.min(1, (round - warmupRounds) / Math.max(1, rounds - 1 - warmupRounds));
  return Math.fround(learningRate * decays[type](progress, finalFraction));
}

/** (−1)ᵏ ÷ (2k)!, highest power first: the series is exact to 1e-16 on [0, π/2]. */
const cosineTerms = [
  -1 / 1124000727777607680000, 1 / 2432902008176640000, -1 / 6402373705728000, 1 / 20922789888000, -1 / 87178291200,
  1 / 479001600, -1 / 3628800, 1 / 40320, -1 / 720, 1 / 24, -1 / 2, 1,
];

/** cos(π·x) for x in [0, 1], by the Taylor series on the half where it converges fast and symmetry on the other. */
export function cosineOfPi(x: number): number {
  if (x > 0.5) return -cosineOfPi(1 - x);
  const square = Math.PI * x * (Math.PI * x);
  return cosineTerms.reduce((sum, term) => sum * square + term, 0);
}
