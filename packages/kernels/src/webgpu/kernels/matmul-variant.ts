/** What tells one matrix product kernel from another, the sizes that all of them take, and how they store. */
import { epilogueBindings, type Finish, finishKey } from '../epilogue.ts';
import { addFour, FIXED_FOURS } from '../exact/accumulate-fixed.ts';
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

/** Of operands in strips: the exponent of a strip's floats, where its rows lie (`Strips`), and the rows of one batch. */
const STRIP_UNIFORMS = ['a', 'b'].flatMap((side) =>
  ['Strip', 'Pitch', 'Below', 'Step', 'BatchRows'].map((name) => side + name),
);

/** The sizes of operands in strips that serve a problem. */
export function stripUniforms(
  [a, b]: readonly Rows[],
  { count, sharedLeft = false, sharedRight = false }: MatrixProduct,
): Record<string, number> {
  const of = (side: string, stored: Rows, shared: boolean): Record<string, number> => {
    const { strip, pitch, below, step } = stripsOf(stored)!;
    const values = [Math.log2(strip), pitch, below, step, shared ? 0 : stored.rows / count];
    return Object.fromEntries(
      STRIP_UNIFORMS.filter((name) => name.startsWith(side)).map((name, index) => [name, values[index]!]),
    );
  };
  return { ...of('a', a!, sharedLeft), ...of('b', b!, sharedRight) };
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
  [rounding ? PRELUDE : '', finish.epilogue?.source ?? '', finish.accumulate === 'fixed' ? FIXED_FOURS : ''].join('\n');

/** The bindings of the result and of what its epilogue reads. */
export const resultBindings = ({ wideC, finish }: MatmulVariant): KernelBinding[] => [
  writes('c', finish.accumulate === 'fixed' ? 'vec4<u32>' : wideC ? 'vec4<f32>' : 'f32'),
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
    if (finish.accumulate === 'fixed')
      return `if (${row} < dims.m && column < dims.n) { ${start} ${addFour('c', 'at / 2u', finished('finish4', load, value))} }`;
    return `if (${row} < dims.m && column < dims.n) { ${start} c[at / 4u] ${operator} ${finished('finish4', load, value)}; }`;
  }
  const each = [0, 1, 2, 3].map((offset) => {
    const load = (index: number) => (layouts[index] === 'full' ? `e${index}[at + ${offset}u]` : `x${index}[${offset}]`);
    const stored = finished('finish', load, `${value}[${offset}]`);
    return `if (column + ${offset}u < dims.n) { c[at + ${offset}u] ${operator} ${stored}; }`;
  });
  return `if (${row} < dims.m) { ${start} ${each.join(' ')} }`;
}
