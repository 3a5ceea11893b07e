/**
 * Learning-rate schedules, evaluated with f64 `+ − × ÷` only (never `Math.cos`, whose last bits differ between
 * engines), so that every member applies the same rate.
 */

interface Warmup {
  /** Rounds over which the rate rises in a line: round r of them has (r + 1) / warmup of the peak. */
  readonly warmup: number;
}

export type ScheduleConfig =
  | (Warmup & { readonly type: 'constant' })
  /** `final` is the last round's rate as a fraction of the peak. */
  | (Warmup & { readonly type: 'linear' | 'cosine'; readonly final: number });

/** Fraction of the peak rate when `progress` in [0, 1] of the rounds after the warm-up is done. */
const decays: Record<ScheduleConfig['type'], (progress: number, final: number) => number> = {
  constant: () => 1,
  linear: (progress, final) => 1 - (1 - final) * progress,
  cosine: (progress, final) => final + (1 - final) * 0.5 * (1 + cosineOfPi(progress)),
};

/**
 * The learning rate of `round` (0-based) in a run of `rounds`, rounded to f32. The round after the warm-up has the peak
 * rate, round `rounds − 1` has `final` of it, and later ones keep that.
 */
export function learningRateAt(schedule: ScheduleConfig, peak: number, rounds: number, round: number): number {
  const { type, warmup } = schedule;
  if (round < warmup) return Math.fround((peak * (round + 1)) / warmup);
  const progress = Math.min(1, (round - warmup) / Math.max(1, rounds - 1 - warmup));
  return Math.fround(peak * decays[type](progress, schedule.type === 'constant' ? 1 : schedule.final));
}

/** (−1)ᵏ ÷ (2k)!, highest power first: the series is exact to 1e-16 on [0, π/2]. */
const cosineTerms = [
  -1 / 1124000727777607680000,
  1 / 2432902008176640000,
  -1 / 6402373705728000,
  1 / 20922789888000,
  -1 / 87178291200,
  1 / 479001600,
  -1 / 3628800,
  1 / 40320,
  -1 / 720,
  1 / 24,
  -1 / 2,
  1,
];

/** cos(π·x) for x in [0, 1], by the Taylor series on the half where it converges fast and symmetry on the other. */
export function cosineOfPi(x: number): number {
  if (x > 0.5) return -cosineOfPi(1 - x);
  const square = Math.PI * x * (Math.PI * x);
  return cosineTerms.reduce((sum, term) => sum * square + term, 0);
}
