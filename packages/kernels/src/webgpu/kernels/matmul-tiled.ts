/**
 * Matrix product through workgroup memory, the usual way on a GPU: a workgroup copies a strip of a and of b, each value
 * once, waits, and multiplies from there; each lane keeps `laneRows` × 4 elements of the result.
 */
import type { Kernel } from '../lowering.ts';
import { reads } from '../wgsl.ts';
import { addProducts, type LaneSums, overK, resultOf } from './matmul-sums.ts';
import {
  loadShared,
  type MatmulVariant,
  preludeOf,
  resultBindings,
  storeFour,
  uniformsOf,
  variantKey,
} from './matmul-variant.ts';

export interface WorkgroupTile {
  /** Lanes across and down: the tile is 4 · `across` columns by `laneRows` · `down` rows. */
  readonly across: number;
  readonly down: number;
  readonly laneRows: number;
  /** Steps of k a strip. */
  readonly depth: number;
}

export const workgroupTileColumns = ({ across }: WorkgroupTile): number => across * 4;
export const workgroupTileRows = ({ down, laneRows }: WorkgroupTile): number => down * laneRows;

/** Loads are scalar, so `wide` flags of the variant are ignored. */
export function tiledMatmul(tile: WorkgroupTile, variant: MatmulVariant): Kernel {
  const { across, down, laneRows, depth } = tile;
  const sums = sumsOf(tile);
  const [rows, columns, lanes] = [workgroupTileRows(tile), workgroupTileColumns(tile), across * down];
  const scalar = { ...variant, wideA: false, wideB: false, wideC: false };
  return {
    key: `matmul tiled ${rows}x${columns}x${depth} of ${lanes} ${variantKey(scalar)}`,
    uniforms: uniformsOf(variant),
    bindings: [reads('a'), reads('b'), ...resultBindings(scalar)],
    workgroupSize: lanes,
    prelude: [
      `var<workgroup> stripA: array<f32, ${rows * depth}>;`,
      `var<workgroup> stripB: array<vec4f, ${(columns * depth) / 4}>;`,
      preludeOf(variant),
    ].join('\n'),
    body: [
      'if (group >= dims.count) { return; }',
      'let tiles = dims.tilesM * dims.tilesN;',
      'let batch = group / tiles;',
      'let tile = group % tiles;',
      `let row0 = tile / dims.tilesN * ${rows}u;`,
      `let column0 = tile % dims.tilesN * ${columns}u;`,
      'let aBase = dims.aStart + batch * dims.aBatch;',
      'let bBase = dims.bStart + batch * dims.bBatch;',
      `let x = lane % ${across}u;`,
      `let y = lane / ${across}u * ${laneRows}u;`,
      ...overK(variant, sums, depth, [
        fillA(tile, variant.transposeA),
        fillB(tile, variant.transposeB),
        'workgroupBarrier();',
        `for (var step = 0u; step < ${depth}u; step++) {`,
        `let bs = stripB[step * ${across}u + x];`,
        ...range(laneRows).map((row) =>
          addProducts(variant, sums.at('sums', row), [[`stripA[step * ${rows}u + y + ${row}u]`, 'bs']]),
        ),
        '}',
        'workgroupBarrier();',
      ]),
      'let column = column0 + x * 4u;',
      ...loadShared(scalar),
      ...range(laneRows).map((row) => storeFour(resultOf(variant, sums, row), `row0 + y + ${row}u`, scalar)),
    ].join('\n'),
  };
}

const sumsOf = ({ laneRows }: WorkgroupTile): LaneSums => ({
  count: laneRows,
  declare: (name) => range(laneRows).map((row) => `var ${name}${row} = vec4f();`),
  at: (name, row) => `${name}${row}`,
});

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Lanes next to each other copy values that lie next to each other in a. */
function fillA(tile: WorkgroupTile, transposed: boolean): string {
  const rows = workgroupTileRows(tile);
  const place = transposed
    ? `let r = e % ${rows}u; let s = e / ${rows}u;`
    : `let s = e % ${tile.depth}u; let r = e / ${tile.depth}u;`;
  const at = transposed ? '(k0 + s) * dims.aRow + row0 + r' : '(row0 + r) * dims.aRow + k0 + s';
  return fill(tile, rows, [
    place,
    'var value = 0.0f;',
    `if (row0 + r < dims.m && k0 + s < dims.k) { value = a[aBase + ${at}]; }`,
    `stripA[s * ${rows}u + r] = value;`,
  ]);
}

function fillB(tile: WorkgroupTile, transposed: boolean): string {
  const columns = workgroupTileColumns(tile);
  const place = transposed
    ? `let s = e % ${tile.depth}u; let n = e / ${tile.depth}u;`
    : `let n = e % ${columns}u; let s = e / ${columns}u;`;
  const at = transposed ? '(column0 + n) * dims.bRow + k0 + s' : '(k0 + s) * dims.bRow + column0 + n';
  return fill(tile, columns, [
    place,
    'var value = 0.0f;',
    `if (column0 + n < dims.n && k0 + s < dims.k) { value = b[bBase + ${at}]; }`,
    `stripB[s * ${columns / 4}u + n / 4u][n % 4u] = value;`,
  ]);
}

function fill({ across, down, depth }: WorkgroupTile, width: number, statements: readonly string[]): string {
  return `for (var e = lane; e < ${width * depth}u; e += ${across * down}u) {\n${statements.join('\n')}\n}`;
}
