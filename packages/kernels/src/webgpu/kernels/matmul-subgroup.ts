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
    // What never changes in the loop over k stands before it: not every driver moves it there.
    'let sizeK = dims.k;',
    ...(['a', 'b'] as const).flatMap((side) => operandStart(variant, side)),
    ...(variant.transposeA ? columnsOfA(tile, variant) : rowsOfA(tile, variant)),
    ...(variant.transposeB ? rowsOfB(variant) : []),
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

/** What all loads of an operand begin with. */
function operandStart({ strips }: MatmulVariant, side: 'a' | 'b'): string[] {
  if (!strips) return [`let ${side}Base = dims.${side}Start + batch * dims.${side}Batch;`];
  return [
    `let ${side}First = batch * dims.${side}BatchRows;`,
    ...['Strip', 'Pitch', 'Below', 'Step'].map((name) => `let ${side}${name} = dims.${side}${name};`),
    `let ${side}Mask = (1u << ${side}Strip) - 1u;`,
  ];
}

/** Declares where a stored row of an operand begins, under a name that {@link four} takes. */
function declareRow({ strips }: MatmulVariant, side: 'a' | 'b', name: string, row: string): string[] {
  if (!strips) return [`let ${name} = ${side}Base + ${row} * dims.${side}Row;`];
  return [
    `let ${name}Row = ${side}First + ${row};`,
    `let ${name} = ${name}Row * ${side}Pitch;`,
    `let ${name}Down = ${name}Row * ${side}Step;`,
  ];
}

/** The vec4 of a declared row at a column, a multiple of 4. */
function four({ strips }: MatmulVariant, side: 'a' | 'b', row: string, column: string): string {
  const at = `(${row} + ${column})`;
  if (!strips) return `${side}[${at} / 4u]`;
  return `textureLoad(${side}, vec2u((${at} & ${side}Mask) >> 2u, (${at} >> ${side}Strip) * ${side}Below + ${row}Down))`;
}

/** Slot `i` of lane l holds four k of row l + i · lanes. */
const rowsOfA = ({ lanes, rows }: SubgroupTile, variant: MatmulVariant): string[] =>
  range(rows / lanes).flatMap((slot) =>
    declareRow(variant, 'a', `aAt${slot}`, `min(row0 + subgroupLane + ${slot * lanes}u, dims.m - 1u)`),
  );

function loadA({ lanes, rows }: SubgroupTile, variant: MatmulVariant): string[] {
  const slots = range(rows / lanes);
  if (variant.wideA) return slots.map((slot) => `let a${slot} = ${four(variant, 'a', `aAt${slot}`, 'k0')};`);
  const part = (slot: number, step: number) =>
    `select(0.0f, a[aAt${slot} + k0 + min(${step}u, last)], ${step}u <= last)`;
  return [
    'let last = sizeK - 1u - k0;',
    ...slots.map((slot) => {
      const parts = range(4).map((step) => part(slot, step));
      return `let a${slot} = vec4f(${parts.join(', ')});`;
    }),
  ];
}

/**
 * Element e = slot · lanes + lane is four rows at one step of k: the rows of the tile in order, step by step, so that the
 * lanes of a slot load what lies next to each other.
 */
const columnsOfA = ({ lanes, rows }: SubgroupTile, { wideA }: MatmulVariant): string[] =>
  range(rows / lanes).flatMap((slot) => {
    const element = `(subgroupLane + ${slot * lanes}u)`;
    const row = `row0 + ${element} % ${rows / 4}u * 4u`;
    return [
      `let aStep${slot} = ${element} / ${rows / 4}u;`,
      `let aColumn${slot} = ${wideA ? `min(${row}, dims.m - 4u)` : row};`,
    ];
  });

function loadTransposedA({ lanes, rows }: SubgroupTile, variant: MatmulVariant): string[] {
  return range(rows / lanes).flatMap((slot) => {
    const [step, row, column] = [`step${slot}`, `aAt${slot}`, `aColumn${slot}`];
    const part = (offset: number) => `a[${row} + min(${column} + ${offset}u, dims.m - 1u)]`;
    const loaded = variant.wideA ? four(variant, 'a', row, column) : `vec4f(${range(4).map(part).join(', ')})`;
    return [
      `let ${step} = k0 + aStep${slot};`,
      ...declareRow(variant, 'a', row, `min(${step}, sizeK - 1u)`),
      `let a${slot} = select(vec4f(), ${loaded}, ${step} < sizeK);`,
    ];
  });
}

/** `b0`…`b3`: this lane's four columns at four steps of k. Past the end of k any finite value does: a is 0 there. */
function loadB(variant: MatmulVariant): string[] {
  return range(4).flatMap((step) => {
    const row = `bAt${step}`;
    const part = (offset: number) => `b[${row} + min(column + ${offset}u, dims.n - 1u)]`;
    const loaded = variant.wideB
      ? four(variant, 'b', row, 'min(column, dims.n - 4u)')
      : `vec4f(${range(4).map(part).join(', ')})`;
    return [...declareRow(variant, 'b', row, `min(k0 + ${step}u, sizeK - 1u)`), `let b${step} = ${loaded};`];
  });
}

const rowsOfB = (variant: MatmulVariant): string[] =>
  range(4).flatMap((offset) => declareRow(variant, 'b', `bAt${offset}`, `min(column + ${offset}u, dims.n - 1u)`));

function loadTransposedB(variant: MatmulVariant): string[] {
  const columns = range(4).map((offset) => {
    const row = `bAt${offset}`;
    const part = (step: number) => `b[${row} + min(k0 + ${step}u, sizeK - 1u)]`;
    const loaded = variant.wideB ? four(variant, 'b', row, 'k0') : `vec4f(${range(4).map(part).join(', ')})`;
    return `let q${offset} = ${loaded};`;
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

/** A row's four steps of k lie in one component, `rows` / 4 elements apart. */
function multiplyTransposedA({ lanes, rows }: SubgroupTile, variant: MatmulVariant): string[] {
  return range(rows).flatMap((row) => {
    const shuffled = (step: number) => {
      const element = (step * rows) / 4 + Math.floor(row / 4);
      return `subgroupShuffle(a${Math.floor(element / lanes)}[${row % 4}], ${element % lanes}u)`;
    };
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
