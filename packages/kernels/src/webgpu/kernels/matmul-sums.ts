/** How a matrix product kernel adds up: the loop over k and what one of its steps does. */
import { PRODUCT_BLOCK } from '../../canonical/kernel.ts';
import type { MatmulVariant } from './matmul-variant.ts';

/** A lane's sums, each a vec4f: what declares them under a name, and one of them. */
export interface LaneSums {
  readonly count: number;
  declare(name: string): readonly string[];
  at(name: string, index: number | string): string;
}

/** sum += Σ scalar · vector, in order. */
export function addProducts(
  { rounding }: MatmulVariant,
  sum: string,
  products: readonly (readonly [scalar: string, vector: string])[],
): string {
  const steps = products.map(([scalar, vector]) => {
    if (rounding === undefined) return `t = fma(vec4f(${scalar}), ${vector}, t);`;
    return rounding === 'plain' ? `t = t + ${scalar} * ${vector};` : `t = t + apart4(${scalar} * ${vector});`;
  });
  return `{ var t = ${sum}; ${steps.join(' ')} ${sum} = t; }`;
}

/**
 * The loop over k in steps of `depth`, which divides a canonical block; `turn` adds one step at k0 to the sums of the
 * name `sums`. In canonical order each block of k has sums of its own, which are added up when the block is done.
 */
export function overK({ rounding }: MatmulVariant, sums: LaneSums, depth: number, turn: readonly string[]): string[] {
  if (rounding === undefined)
    return [...sums.declare('sums'), `for (var k0 = 0u; k0 < dims.k; k0 += ${depth}u) {`, ...turn, '}'];
  const each = Array.from({ length: sums.count }, (_, index) => [sums.at('totals', index), sums.at('sums', index)]);
  return [
    ...sums.declare('totals'),
    `for (var block = 0u; block < dims.k; block += ${PRODUCT_BLOCK}u) {`,
    `let end = min(block + ${PRODUCT_BLOCK}u, dims.k);`,
    ...sums.declare('sums'),
    `for (var k0 = block; k0 < end; k0 += ${depth}u) {`,
    ...turn,
    '}',
    ...each.map(([total, sum]) => `${total} = ${total} + ${sum};`),
    '}',
  ];
}

/** A lane's result after the loop. */
export const resultOf = ({ rounding }: MatmulVariant, sums: LaneSums, index: number | string): string =>
  rounding === undefined ? sums.at('sums', index) : `flushed4(${sums.at('totals', index)})`;
