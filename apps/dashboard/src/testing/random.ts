/** Numbers that depend on their seeds alone, so that any part of a made-up run can be made without the parts before it. */

/** A number of 32 bits from any of them: the finaliser of murmur3 over a running mix. */
function mix(seeds: readonly number[]): number {
  let hash = 0x9e3779b9;
  for (const seed of seeds) {
    hash = Math.imul(hash ^ (seed | 0), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

/** Uniform in [0, 1). */
export const chance = (...seeds: readonly number[]): number => mix(seeds) / 2 ** 32;

/** Uniform in [low, high). */
export const between = (low: number, high: number, ...seeds: readonly number[]): number =>
  low + (high - low) * chance(...seeds);

/** One of them. */
export const pick = <T>(from: readonly T[], ...seeds: readonly number[]): T =>
  from[Math.floor(chance(...seeds) * from.length)]!;

/** `length` characters of an alphabet. */
export const text = (alphabet: string, length: number, ...seeds: readonly number[]): string =>
  Array.from({ length }, (_, place) => alphabet[Math.floor(chance(place, ...seeds) * alphabet.length)]).join('');
