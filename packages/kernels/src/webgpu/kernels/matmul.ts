/** matmul's lowering: which of the two families, which variant, how many tiles. */
import type { Finish } from '../epilogue.ts';
import type { DeviceTraits, KernelCall, Operand, Piece } from '../lowering.ts';
import { blockRanges, blockUniforms, type MatmulBlock, matmulBlocks, wholeBlock } from './matmul-split.ts';
import { subgroupMatmul, subgroupTileColumns } from './matmul-subgroup.ts';
import { tiledMatmul, type WorkgroupTile, workgroupTileColumns, workgroupTileRows } from './matmul-tiled.ts';
import type { Rounding } from '../exact/operations.ts';
import type { MatrixProduct } from '../../canonical/kernel.ts';
import { type Rows, stripsOf } from '../strips.ts';
import { defaultTile } from '../tuning/problem-class.ts';
import { type MatmulVariant, stripUniforms } from './matmul-variant.ts';

/**
 * A family and its tile. `subgroup` is for adapters that run on a CPU, where it is 3–5 times faster (measured on lavapipe);
 * `tiled` is for GPUs and for adapters without subgroups. With `strips` operands are read through textures where they can
 * lie in them.
 */
export type MatmulTile =
  | { readonly family: 'subgroup'; readonly lanes: number; readonly rows: number; readonly strips?: boolean }
  | ({ readonly family: 'tiled' } & WorkgroupTile);

/** What a caller decides about a product: its tile, which never changes what is computed in canonical order. */
export interface MatmulChoice {
  readonly tile?: MatmulTile | undefined;
  /** Canonical order and rounding (see `MatmulVariant`). */
  readonly rounding?: Rounding | undefined;
}

/** The launch of one product of operands `a` and `b` into `c`. */
export function matmulCall(
  traits: DeviceTraits,
  problem: MatrixProduct,
  [a, b, c]: readonly [Operand, Operand, Operand],
  { tile = traits.matmulTile?.(problem) ?? defaultTile(traits, problem), rounding }: MatmulChoice = {},
): KernelCall {
  const strips = tile.family === 'subgroup' && tile.strips ? operandStrips(problem) : null;
  const kernelOf = (finish: Finish, inStrips: boolean) => {
    const variant = { ...variantOf(problem, finish), rounding, strips: inStrips };
    return tile.family === 'subgroup' ? subgroupMatmul(tile, variant) : tiledMatmul(tile, variant);
  };
  const finishing = (finish: Finish) => kernelOf(finish, strips !== null);
  const launch = launchOf(problem, tile, wholeBlock(problem));
  const uniforms = { ...launch.uniforms, ...(strips && stripUniforms(strips, problem)) };
  const call = { kernel: finishing({}), operands: [a, b, c], ...launch, uniforms, strips: strips ?? undefined };
  // Pieces of k would change the canonical order of sums.
  if (rounding !== undefined) return { ...call, finishing };
  const split = (limit: number) =>
    matmulBlocks(problem, limit)?.map((block): Piece => {
      const kernel = kernelOf({ accumulate: block.k.start > 0 }, false);
      return { kernel, operands: [a, b, c], ...launchOf(problem, tile, block), ranges: blockRanges(problem, block) };
    }) ?? null;
  return { ...call, finishing, split };
}

/** a and b as they are stored, if each can lie in strips. */
function operandStrips({ count, m, k, n, transposeA, transposeB, sharedLeft, sharedRight }: MatrixProduct) {
  const stored = (shared: boolean, rows: number, columns: number): Rows => ({
    rows: (shared ? 1 : count) * rows,
    columns,
  });
  const a = stored(sharedLeft ?? false, ...(transposeA ? ([k, m] as const) : ([m, k] as const)));
  const b = stored(sharedRight ?? false, ...(transposeB ? ([n, k] as const) : ([k, n] as const)));
  return stripsOf(a) && stripsOf(b) ? [a, b] : null;
}

function launchOf(
  problem: MatrixProduct,
  tile: MatmulTile,
  block: MatmulBlock,
): Pick<KernelCall, 'uniforms' | 'workgroups'> {
  const { count, m, k, n, sharedLeft = false, sharedRight = false } = problem;
  const [rows, columns] = extent(tile);
  const tilesM = Math.ceil((block.m.end - block.m.start) / rows);
  const tilesN = Math.ceil((block.n.end - block.n.start) / columns);
  const workgroups = count * tilesM * tilesN;
  const batches = { aBatch: sharedLeft ? 0 : m * k, bBatch: sharedRight ? 0 : k * n };
  return { uniforms: { ...blockUniforms(problem, block), ...batches, tilesM, tilesN, count: workgroups }, workgroups };
}

/** Rows and columns of the result a workgroup. */
function extent(tile: MatmulTile): readonly [number, number] {
  if (tile.family === 'subgroup') return [tile.rows, subgroupTileColumns(tile)];
  return [workgroupTileRows(tile), workgroupTileColumns(tile)];
}

function variantOf({ m, k, n, transposeA, transposeB }: MatrixProduct, finish: Finish): MatmulVariant {
  const wide = (rowLength: number) => rowLength % 4 === 0;
  return {
    transposeA,
    transposeB,
    wideA: wide(transposeA ? m : k),
    wideB: wide(transposeB ? k : n),
    wideC: wide(n),
    finish,
  };
}
