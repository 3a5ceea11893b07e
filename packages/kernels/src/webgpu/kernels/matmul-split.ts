/** Products of matrices that are too large to be bound whole: one for each block of rows, columns and steps of k. */
import type { ByteRange } from '../lowering.ts';
import { rowRange, rowsWithin, runs } from '../split.ts';
import type { MatrixProduct } from '../../canonical/kernel.ts';

interface Run {
  readonly start: number;
  readonly end: number;
}

/** A block of a product. Blocks with equal `m` and `n` are sums over k: all but the first are added. */
export interface MatmulBlock {
  readonly m: Run;
  readonly k: Run;
  readonly n: Run;
}

/** The whole product as one block. */
export const wholeBlock = ({ m, k, n }: MatrixProduct): MatmulBlock => ({
  m: { start: 0, end: m },
  k: { start: 0, end: k },
  n: { start: 0, end: n },
});

/** Which dimension runs down the stored rows of each operand, and how long these rows are. */
function storedRows({ m, k, n, transposeA, transposeB }: MatrixProduct) {
  return {
    a: transposeA ? ({ down: 'k', length: m } as const) : ({ down: 'm', length: k } as const),
    b: transposeB ? ({ down: 'n', length: k } as const) : ({ down: 'k', length: n } as const),
    c: { down: 'm', length: n } as const,
  };
}

/** Blocks none of whose operands takes more than `limit` bytes; null for batches, and where 64 rows do. */
export function matmulBlocks(problem: MatrixProduct, limit: number): readonly MatmulBlock[] | null {
  if (problem.count !== 1) return null;
  const most = { m: problem.m, k: problem.k, n: problem.n };
  for (const { down, length } of Object.values(storedRows(problem))) {
    most[down] = Math.min(most[down], rowsWithin(limit, length, problem[down]));
  }
  if (Math.min(most.m, most.k, most.n) === 0) return null;
  const along = (axis: 'm' | 'k' | 'n') => runs(problem[axis], most[axis]);
  return along('m').flatMap((m) => along('n').flatMap((n) => along('k').map((k) => ({ m, k, n }))));
}

/** The bytes of a, b and c that a block reads and writes. */
export function blockRanges(problem: MatrixProduct, block: MatmulBlock): readonly (ByteRange | null)[] {
  const { a, b, c } = storedRows(problem);
  return [a, b, c].map(({ down, length }) => rowRange(length, block[down]));
}

/** Where a block's elements lie in the bound rows. */
export function blockUniforms(problem: MatrixProduct, { m, k, n }: MatmulBlock): Record<string, number> {
  const { a, b, c } = storedRows(problem);
  return {
    m: m.end - m.start,
    k: k.end - k.start,
    n: n.end - n.start,
    aRow: a.length,
    bRow: b.length,
    cRow: c.length,
    aStart: a.down === 'm' ? k.start : m.start,
    bStart: b.down === 'k' ? n.start : k.start,
    cStart: n.start,
  };
}
