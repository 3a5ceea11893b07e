/**
 * Rotary angles as fractions of a turn in integers, so that a large position costs no accuracy: position p turns pair i by
 * p · frequencyᵢ / 2π, of which only the fraction matters, and integer multiplication keeps just that. Kernels read two words
 * a frequency, 48 bits of its fraction: p · (high + low · 2⁻¹⁶) mod 2³² is the phase to 2⁻³² of a turn for p < 2¹⁶.
 */

/** Positions that the words of a phase serve. */
export const MAX_POSITIONS = 2 ** 16;

export interface PhaseWords {
  /** 32 bits after the point, as an unsigned number. */
  readonly high: number;
  /** The 16 bits after those. */
  readonly low: number;
}

/** theta^(−2i/size), the angle in radians of pair `i` a position. */
export const frequencyOf = (pair: number, size: number, theta: number): number => theta ** ((-2 * pair) / size);

/** The words of each of the size / 2 pairs. */
export function phaseWords(size: number, theta: number): readonly PhaseWords[] {
  return Array.from({ length: size / 2 }, (_, pair) => {
    const turns = frequencyOf(pair, size, theta) / (2 * Math.PI);
    const fixed = Math.round((turns % 1) * 2 ** 48) % 2 ** 48;
    const high = Math.floor(fixed / 2 ** 16);
    return { high, low: fixed - high * 2 ** 16 };
  });
}

/** Taylor coefficients of sin x / x and cos x in x²: to |x| ≤ π/4 they are exact to 2⁻²⁸. */
export const SINE = [1, -1 / 6, 1 / 120, -1 / 5040, 1 / 362_880] as const;
export const COSINE = [1, -1 / 2, 1 / 24, -1 / 720, 1 / 40_320, -1 / 3_628_800] as const;
