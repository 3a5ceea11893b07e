/**
 * Matrix product without workgroup memory. One subgroup is one workgroup; it computes `rows` × (4 · lanes) elements of
 * the result, each lane four columns. For every four steps of k a lane loads other elements of a than its neighbours, as
 * vec4, and the lanes pass them around by shuffles; so no value is loaded twice and there is no barrier. Best where
 * loads and barriers are dear, which is on CPUs that play a GPU. (A shuffle from a constant lane is one instruction on
 * lavapipe, `subgroupBroadcast` several: the whole product takes nearly twice the time with it.)
 */
import type { Kernel, KernelBinding } from '../lowering.ts';
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

export interface SubgroupTile {
  /** Lanes of a subgroup, a multiple of 4. */
  readonly lanes: number;
  /** Rows of the result a workgroup, a multiple of `lanes`. */
  readonly rows: number;
}

/**
 * Tiles next to each other whose columns go down together, row by row of tiles: their part of b stays in the cache, and each
 * row of a is read once for all of them.
 */
const GROUP = 4;

/** Columns of the result a workgroup. */
export const subgroupTileColumns = ({ lanes }: SubgroupTile): number => lanes * 4;

export function subgroupMatmul(tile: SubgroupTile, variant: MatmulVariant): Kernel {
  const { lanes, rows } = tile;
  const operand = (name: string, wide: boolean): KernelBinding =>
    variant.strips ? { name, element: 'vec4<f32>', access: 'strips' } : reads(name, wide ? 'vec4<f32>' : 'f32');
  return {
    key: `matmul subgroup ${lanes}x${rows} ${variantKey(variant)}`,
    uniforms: uniformsOf(variant),
    bindings: [operand('a', variant.wideA), operand('b', variant.wideB), ...resultBindings(variant)],
    workgroupSize: lanes,
    prelude: preludeOf(variant),
    usesSubgroups: true,
    // Written when it is compiled: a plan has many products, and few kernels.
    get body() {
      return bodyOf(tile, variant);
    },
  };
}

function bodyOf(tile: SubgroupTile, variant: MatmulVariant): string {
  const { lanes, rows } = tile;
  const sums = sumsOf(tile);
  return [
    'if (group >= dims.count) { return; }',
    'let tiles = dims.tilesM * dims.tilesN;',
    'let batch = group / tiles;',
    'let tile = group % tiles;',
    `let first = tile / (dims.tilesM * ${GROUP}u) * ${GROUP}u;`,
    `let across = min(${GROUP}u, dims.tilesN - first);`,
    'let within = tile - first * dims.tilesM;',
    `let row0 = within / across * ${rows}u;`,
    `let column = (first + within % across) * ${lanes * 4}u + subgroupLane * 4u;`,
    ...(variant.strips ? ['a', 'b'].flatMap(stripBase) : ['a', 'b'].map(bufferBase)),
    ...overK(variant, sums, 4, [
      ...(variant.transposeA ? loadTransposedA(tile, variant) : loadA(tile, variant)),
      ...(variant.transposeB ? loadTransposedB(variant) : loadB(variant)),
      ...(variant.transposeA ? multiplyTransposedA(tile, variant) : multiplyA(tile, variant)),
    ]),
    ...loadShared(variant),
    // A loop of unknown length: unrolled, these stores would take drivers several times longer to compile.
    `for (var row = 0u; row < min(${rows}u, dims.m - row0); row++) {`,
    storeFour(resultOf(variant, sums, 'row'), '(row0 + row)', variant),
    '}',
  ].join('\n');
}

const sumsOf = ({ rows }: SubgroupTile): LaneSums => ({
  count: rows,
  // With its zeros written out: without them drivers keep the values of a loop's turn before.
  declare: (name) => [`var ${name} = array<vec4f, ${rows}>();`],
  at: (name, row) => `${name}[${row}]`,
});

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const bufferBase = (side: string): string => `let ${side}Base = dims.${side}Start + batch * dims.${side}Batch;`;
const stripBase = (side: string): string[] => [
  `let ${side}First = batch * dims.${side}BatchRows;`,
  `let ${side}Mask = (1u << dims.${side}Strip) - 1u;`,
];

/** The vec4 at a stored row and a column of it, a multiple of 4. */
function four({ strips }: MatmulVariant, side: 'a' | 'b', row: string, column: string): string {
  if (!strips) return `${side}[(${side}Base + ${row} * dims.${side}Row + ${column}) / 4u]`;
  const at = `((${side}First + ${row}) * dims.${side}Pitch + ${column})`;
  const down = `(${at} >> dims.${side}Strip) * dims.${side}Below + (${side}First + ${row}) * dims.${side}Step`;
  return `textureLoad(${side}, vec2u((${at} & ${side}Mask) >> 2u, ${down}))`;
}

/** Slot `i` of lane l holds four k of row l + i · lanes. */
function loadA({ lanes, rows }: SubgroupTile, variant: MatmulVariant): string[] {
  return range(rows / lanes).flatMap((slot) => {
    const row = `min(row0 + subgroupLane + ${slot * lanes}u, dims.m - 1u)`;
    if (variant.wideA) return [`let a${slot} = ${four(variant, 'a', row, 'k0')};`];
    const at = `aBase + ${row} * dims.aRow + k0`;
    const part = (step: number) => `select(0.0f, a[at${slot} + min(${step}u, last)], ${step}u <= last)`;
    return [
      ...(slot === 0 ? ['let last = dims.k - 1u - k0;'] : []),
      `let at${slot} = ${at};`,
      `let a${slot} = vec4f(${range(4).map(part).join(', ')});`,
    ];
  });
}

/** Element e = slot · lanes + lane is four rows, from row 4 · ⌊e / 4⌋ on, at step e mod 4 of k. */
function loadTransposedA({ lanes, rows }: SubgroupTile, variant: MatmulVariant): string[] {
  return range(rows / lanes).flatMap((slot) => {
    const [step, row] = [`step${slot}`, `rowOf${slot}`];
    const stored = `min(${step}, dims.k - 1u)`;
    const part = (offset: number) => `a[aBase + ${stored} * dims.aRow + min(${row} + ${offset}u, dims.m - 1u)]`;
    const loaded = variant.wideA
      ? four(variant, 'a', stored, `min(${row}, dims.m - 4u)`)
      : `vec4f(${range(4).map(part).join(', ')})`;
    return [
      `let ${step} = k0 + subgroupLane % 4u;`,
      `let ${row} = row0 + (subgroupLane + ${slot * lanes}u) / 4u * 4u;`,
      `let a${slot} = select(vec4f(), ${loaded}, ${step} < dims.k);`,
    ];
  });
}

/** `b0`…`b3`: this lane's four columns at four steps of k. Past the end of k any finite value does: a is 0 there. */
function loadB(variant: MatmulVariant): string[] {
  return range(4).flatMap((step) => {
    const row = `min(k0 + ${step}u, dims.k - 1u)`;
    if (variant.wideB) return [`let b${step} = ${four(variant, 'b', row, 'min(column, dims.n - 4u)')};`];
    const at = `bBase + ${row} * dims.bRow`;
    const part = (offset: number) => `b[bAt${step} + min(column + ${offset}u, dims.n - 1u)]`;
    return [`let bAt${step} = ${at};`, `let b${step} = vec4f(${range(4).map(part).join(', ')});`];
  });
}

function loadTransposedB(variant: MatmulVariant): string[] {
  const columns = range(4).flatMap((offset) => {
    const row = `min(column + ${offset}u, dims.n - 1u)`;
    if (variant.wideB) return [`let q${offset} = ${four(variant, 'b', row, 'k0')};`];
    const at = `bBase + ${row} * dims.bRow`;
    const part = (step: number) => `b[qAt${offset} + min(k0 + ${step}u, dims.k - 1u)]`;
    return [`let qAt${offset} = ${at};`, `let q${offset} = vec4f(${range(4).map(part).join(', ')});`];
  });
  return [
    ...columns,
    ...range(4).map((step) => `let b${step} = vec4f(q0[${step}], q1[${step}], q2[${step}], q3[${step}]);`),
  ];
}

function multiplyA({ lanes, rows }: SubgroupTile, variant: MatmulVariant): string[] {
  return range(rows).flatMap((row) => {
    const shuffled = (step: number) => `subgroupShuffle(a${Math.floor(row / lanes)}[${step}], ${row % lanes}u)`;
    return [
      ...range(4).map((step) => `let r${row}s${step} = ${shuffled(step)};`),
      addProducts(
        variant,
        `sums[${row}]`,
        range(4).map((step) => [`r${row}s${step}`, `b${step}`]),
      ),
    ];
  });
}

/** A row's four steps of k lie in one component of the vectors of four lanes. */
function multiplyTransposedA({ lanes, rows }: SubgroupTile, variant: MatmulVariant): string[] {
  return range(rows).flatMap((row) => {
    const first = row - (row % 4);
    const shuffled = (step: number) =>
      `subgroupShuffle(a${Math.floor((first + step) / lanes)}[${row % 4}], ${(first + step) % lanes}u)`;
    return [
      ...range(4).map((step) => `let r${row}s${step} = ${shuffled(step)};`),
      addProducts(
        variant,
        `sums[${row}]`,
        range(4).map((step) => [`r${row}s${step}`, `b${step}`]),
      ),
    ];
  });
}
