/** What tells one matrix product kernel from another, and the sizes that all of them take. */

export interface MatmulVariant {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Whether rows of a, b and c, as stored, are whole vec4s. */
  readonly wideA: boolean;
  readonly wideB: boolean;
  readonly wideC: boolean;
}

/** `aBatch`, `bBatch`: elements from one batch to the next, 0 if shared. `count`: tiles of all batches. */
export const MATMUL_UNIFORMS = ['m', 'k', 'n', 'aBatch', 'bBatch', 'tilesM', 'tilesN', 'count'] as const;

export function variantKey({ transposeA, transposeB, wideA, wideB, wideC }: MatmulVariant): string {
  const side = (name: string, transposed: boolean, wide: boolean) =>
    `${name}${transposed ? 'T' : ''}${wide ? '4' : ''}`;
  return [side('a', transposeA, wideA), side('b', transposeB, wideB), side('c', false, wideC)].join(' ');
}
