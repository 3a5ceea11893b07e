/** Problems that a tuner treats alike, the tiles that it may choose for them, and the choice where nobody measured. */
import type { DeviceTraits } from '../lowering.ts';
import type { MatrixProduct } from '../../canonical/kernel.ts';
import type { MatmulTile } from '../kernels/matmul.ts';

/** Problems of one class have one tile: `NT m7 n9 k9 of 1` has rows of the result between 2⁶ and 2⁷, and so on. */
export type ProblemClass = string;

/** 7 for 65 to 128. */
const magnitude = (size: number): number => Math.ceil(Math.log2(size));

export function classOf({ count, m, k, n, transposeA, transposeB }: MatrixProduct): ProblemClass {
  const sides = [transposeA, transposeB].map((transposed) => (transposed ? 'T' : 'N')).join('');
  return `${sides} m${magnitude(m)} n${magnitude(n)} k${magnitude(k)} of ${2 ** magnitude(count)}`;
}

/** Largest sizes at which a class is measured: its tile is as good beyond, and the measurement short. */
const MOST = { count: 64, side: 2048 };

/** The problem at which a class is measured. */
export const measuredAt = (problem: MatrixProduct): MatrixProduct => ({
  ...problem,
  count: Math.min(problem.count, MOST.count),
  m: Math.min(problem.m, MOST.side),
  k: Math.min(problem.k, MOST.side),
  n: Math.min(problem.n, MOST.side),
});

const tiled = (across: number, down: number, laneRows: number, depth = 16): MatmulTile => ({
  family: 'tiled',
  across,
  down,
  laneRows,
  depth,
});

const SMALL = tiled(8, 8, 4);
const LARGE = tiled(16, 16, 4);
/** All within 256 lanes and 16 KiB of workgroup memory, which every device has. */
const TILED: readonly MatmulTile[] = [SMALL, LARGE, tiled(16, 8, 8), tiled(16, 16, 8), tiled(8, 16, 4, 32)];

/**
 * The tile for a problem by rule, the same on every machine. A tile of 64 × 64 halves the traffic of one of 32 × 32, and
 * pays where it still leaves enough workgroups to fill a GPU.
 */
export function defaultTile(traits: DeviceTraits, problem: MatrixProduct): MatmulTile {
  const { subgroups, subgroupSize, software } = traits;
  const { count, m, n } = problem;
  if (software && subgroups) {
    const rows = Math.max(subgroupSize, m > 16 && subgroupSize === 8 ? 32 : 16);
    const strips = traits.prefersTextures && isWorthCopying(problem);
    return { family: 'subgroup', lanes: subgroupSize, rows, ...(strips && { strips }) };
  }
  const largeTiles = count * Math.ceil(m / 64) * Math.ceil(n / 64);
  return !software && largeTiles >= 128 ? LARGE : SMALL;
}

/** Floats of both operands that stay in the cache from their copy to their use. */
const CACHED = 2 ** 19;

/**
 * Tiles read an operand once for every 32 rows or columns of the other. From four times on its copy pays; where it is still
 * in the cache, at once.
 */
function isWorthCopying({ count, m, k, n }: MatrixProduct): boolean {
  const least = Math.min(m, n);
  return least >= 128 || (least >= 32 && count * k * (m + n) <= CACHED);
}

/** The tiles that are worth measuring on a device, the default of a problem first. */
export function candidateTiles(traits: DeviceTraits, problem: MatrixProduct): readonly MatmulTile[] {
  const first = defaultTile(traits, problem);
  const lanes = traits.subgroupSize;
  const subgroup = [16, 32, 64].flatMap((rows): MatmulTile[] => [
    { family: 'subgroup', lanes, rows },
    ...(traits.prefersTextures ? [{ family: 'subgroup', lanes, rows, strips: true } as const] : []),
  ]);
  const others = first.family === 'subgroup' ? subgroup : TILED;
  return [first, ...others.filter((tile) => tileText(tile) !== tileText(first))];
}

/** A tile as text: `subgroup 8x32`, `subgroup 8x32 strips`, `tiled 16x16x4x16`. */
export const tileText = (tile: MatmulTile): string =>
  tile.family === 'subgroup'
    ? `subgroup ${tile.lanes}x${tile.rows}${tile.strips ? ' strips' : ''}`
    : `tiled ${tile.across}x${tile.down}x${tile.laneRows}x${tile.depth}`;
