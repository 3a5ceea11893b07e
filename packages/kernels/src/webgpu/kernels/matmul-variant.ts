/** What tells one matrix product kernel from another, the sizes that all of them take, and how they store. */
import { epilogueBindings, type Finish, finishKey } from '../epilogue.ts';
import { PRELUDE, type Rounding } from '../exact/operations.ts';
import type { KernelBinding } from '../lowering.ts';
import type { MatrixProduct } from '../../canonical/kernel.ts';
import { type Rows, stripsOf } from '../strips.ts';
import { writes } from '../wgsl.ts';

export interface MatmulVariant {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Whether rows of a, b and c, as stored, are whole vec4s. */
  readonly wideA: boolean;
  readonly wideB: boolean;
  readonly wideC: boolean;
  readonly finish: Finish;
  /** Whether a and b, whose rows are whole vec4s then, are read in strips. */
  readonly strips?: boolean;
  /** Given: sums in canonical order, every product and sum rounded; else whatever is fastest. */
  readonly rounding?: Rounding | undefined;
}

/**
 * `aBatch`, `bBatch`: elements from one batch to the next, 0 if shared. `aRow`, `bRow`, `cRow`: elements from one stored
 * row to the next, and `aStart`, `bStart`, `cStart`: the first element of a row, for products of parts of matrices.
 * `count`: tiles of all batches.
 */
export const MATMUL_UNIFORMS = 'm k n aBatch bBatch tilesM tilesN count aRow bRow cRow aStart bStart cStart'.split(' ');

/** Of operands in strips: the exponent of a strip's floats, stored rows in all, and those of one batch. */
const STRIP_UNIFORMS = 'aStrip bStrip aRows bRows aBatchRows bBatchRows'.split(' ');

/** The sizes of operands in strips that serve a problem. */
export function stripUniforms([a, b]: readonly Rows[], { count, sharedLeft, sharedRight }: MatrixProduct) {
  const [aRows, bRows] = [a!.rows, b!.rows];
  return {
    aStrip: Math.log2(stripsOf(a!)!.strip),
    bStrip: Math.log2(stripsOf(b!)!.strip),
    aRows,
    bRows,
    aBatchRows: sharedLeft ? 0 : aRows / count,
    bBatchRows: sharedRight ? 0 : bRows / count,
  };
}

export function variantKey(variant: MatmulVariant): string {
  const { transposeA, transposeB, wideA, wideB, wideC, finish, rounding, strips } = variant;
  const side = (name: string, transposed: boolean, wide: boolean) =>
    `${name}${transposed ? 'T' : ''}${wide ? '4' : ''}`;
  const sides = [side('a', transposeA, wideA), side('b', transposeB, wideB), side('c', false, wideC)].join(' ');
  return (strips ? 'strips ' : '') + sides + finishKey(finish) + (rounding ? ` exact ${rounding}` : '');
}

/** The sizes of a variant. */
export const uniformsOf = ({ rounding, strips }: MatmulVariant): readonly string[] => [
  ...MATMUL_UNIFORMS,
  ...(strips ? STRIP_UNIFORMS : []),
  ...(rounding ? ['zero'] : []),
];

/** The functions that a variant's statements call. */
export const preludeOf = ({ rounding, finish }: MatmulVariant): string =>
  [rounding ? PRELUDE : '', finish.epilogue?.source ?? ''].join('\n');

/** The bindings of the result and of what its epilogue reads. */
export const resultBindings = ({ wideC, finish }: MatmulVariant): KernelBinding[] => [
  writes('c', wideC ? 'vec4<f32>' : 'f32'),
  ...epilogueBindings(finish, wideC),
];

/** Statements, once a lane before it stores, that load what all rows share; `column` is its first of four columns. */
export function loadShared({ wideC, finish }: MatmulVariant): string[] {
  return (finish.epilogue?.layouts ?? []).flatMap((layout, index) => {
    if (layout === 'scalar') return [`let x${index} = vec4f(e${index}[0]);`];
    if (layout === 'full') return [];
    if (wideC) return [`let x${index} = e${index}[(dims.cStart + min(column, dims.n - 4u)) / 4u];`];
    const parts = [0, 1, 2, 3].map((offset) => `e${index}[dims.cStart + min(column + ${offset}u, dims.n - 1u)]`);
    return [`let x${index} = vec4f(${parts.join(', ')});`];
  });
}

/** Statements that store the four elements `value` of row `row` (an expression) of the result, so far as they exist. */
export function storeFour(value: string, row: string, { wideC, finish }: MatmulVariant): string {
  const layouts = finish.epilogue?.layouts ?? [];
  const operator = finish.accumulate ? '+=' : '=';
  const finished = (name: string, load: (index: number) => string, whole: string): string =>
    finish.epilogue ? `${name}(${[whole, ...layouts.map((_, index) => load(index))].join(', ')})` : whole;
  const start = `let at = (batch * dims.m + ${row}) * dims.cRow + dims.cStart + column;`;
  if (wideC) {
    const load = (index: number) => (layouts[index] === 'full' ? `e${index}[at / 4u]` : `x${index}`);
    return `if (${row} < dims.m && column < dims.n) { ${start} c[at / 4u] ${operator} ${finished('finish4', load, value)}; }`;
  }
  const each = [0, 1, 2, 3].map((offset) => {
    const load = (index: number) => (layouts[index] === 'full' ? `e${index}[at + ${offset}u]` : `x${index}[${offset}]`);
    const stored = finished('finish', load, `${value}[${offset}]`);
    return `if (column + ${offset}u < dims.n) { c[at + ${offset}u] ${operator} ${stored}; }`;
  });
  return `if (${row} < dims.m) { ${start} ${each.join(' ')} }`;
}
