/** What dropout's attributes mean, and which elements they drop. */
import { natural, number } from '../graph/attributes.ts';
import type { Attributes } from '../graph/graph.ts';
import { threefry } from './threefry.ts';

/** An element's chance is 16 random bits, so rates are whole multiples of 2⁻¹⁶. */
export const CHANCES = 2 ** 16;
/** Elements that one draw of 64 bits serves. */
const PER_DRAW = 4;

/** What a dropout's attributes mean: elements whose 16 bits are below `threshold` are dropped, the others times `scale`. */
export interface DropoutRule {
  readonly stream: number;
  readonly threshold: number;
  /** An f32. */
  readonly scale: number;
}

export function dropoutRule(attributes: Attributes): DropoutRule {
  const threshold = Math.round(number(attributes, 'rate') * CHANCES);
  return {
    stream: natural(attributes, 'stream'),
    threshold,
    scale: Math.fround(CHANCES / (CHANCES - threshold)),
  };
}

/** Writes the factor of each element, 0 or the rule's scale. `seed` is i32 [2]. */
export function dropoutFactors(
  into: Float32Array | Float64Array,
  { stream, threshold, scale }: DropoutRule,
  seed: ArrayLike<number>,
): void {
  const bits = new Int32Array(2);
  const [k0, k1] = [seed[0] ?? 0, seed[1] ?? 0];
  for (let start = 0, draw = 0; start < into.length; start += PER_DRAW, draw++) {
    threefry(bits, k0, k1, draw, stream);
    const [first, second] = [bits[0] ?? 0, bits[1] ?? 0];
    // Past the end of the array these writes do nothing.
    into[start] = (first & 0xffff) < threshold ? 0 : scale;
    into[start + 1] = first >>> 16 < threshold ? 0 : scale;
    into[start + 2] = (second & 0xffff) < threshold ? 0 : scale;
    into[start + 3] = second >>> 16 < threshold ? 0 : scale;
  }
}
