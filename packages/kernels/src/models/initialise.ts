/**
 * Initial parameters: a pure function of (seed, parameter name, element index), the same bits on every machine. Random
 * words come from integer hashing of that triple, so any slice can be made on its own; floats come from the words by
 * exact steps and one final rounding. No Math.log or Math.cos, whose last bits differ between engines: near-normal
 * values are sums of twelve uniforms.
 */

export type Initialiser =
  | { readonly kind: 'constant'; readonly value: number }
  /** Uniform in [−bound, bound). */
  | { readonly kind: 'uniform'; readonly bound: number }
  /** Near-normal with mean 0, cut off at six deviations. */
  | { readonly kind: 'normal'; readonly deviation: number };

/**
 * A bijection of 32-bit words whose every output bit depends on every input bit (two multiply-xorshift rounds). Words are
 * i32s: engines keep those in registers, and make objects of u32s.
 */
function mix(word: number): number {
  let x = word | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}

/** A 64-bit key as two words from the seed and a name (FNV-1a over its code units, twice with different bases). */
function keyOf(seed: number, name: string): readonly [number, number] {
  const fold = (basis: number): number => {
    let hash = basis;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return hash;
  };
  const [low, high] = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
  return [mix(fold(0x811c9dc5) ^ mix(low)), mix(fold(0x9e3779b9) ^ mix(high ^ 0x5bd1e995))];
}

/** Words 0, 1, 2, … of the stream of the key (a, b); `counter` below 2³². */
const wordAt = (a: number, b: number, counter: number): number => mix(mix(counter ^ a) ^ b);

const WORDS_PER_NORMAL = 6;
/** The mean of the sum of twelve 16-bit integers; its deviation is 2¹⁶ to within 2⁻³³. */
const NORMAL_CENTRE = 12 * 32767.5;

/** Exact in f32: k·2⁻²³ − 1 with k < 2²⁴. */
const uniformAt = (a: number, b: number, index: number): number => (wordAt(a, b, index) >>> 8) * 2 ** -23 - 1;

/** Exact in f32: a half-integer below 2²⁰, over 2¹⁶. */
function normalAt(a: number, b: number, index: number): number {
  let sum = 0;
  for (let word = 0; word < WORDS_PER_NORMAL; word++) {
    const bits = wordAt(a, b, Math.imul(index, WORDS_PER_NORMAL) + word);
    sum += (bits & 0xffff) + (bits >>> 16);
  }
  return (sum - NORMAL_CENTRE) * 2 ** -16;
}

/** Fills `into` with the initial values of the parameter `name`. */
export function initialise(into: Float32Array, initialiser: Initialiser, seed: number, name: string): void {
  if (initialiser.kind === 'constant') {
    into.fill(initialiser.value);
    return;
  }
  const [a, b] = keyOf(seed, name);
  const [sample, spread] =
    initialiser.kind === 'uniform' ? [uniformAt, initialiser.bound] : [normalAt, initialiser.deviation];
  // A product of two f32 values is exact in float64, so the store's rounding is the only one.
  const factor = Math.fround(spread);
  for (let index = 0; index < into.length; index++) into[index] = sample(a, b, index) * factor;
}
