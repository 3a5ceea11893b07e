/**
 * Tensors larger than one binding: a launch becomes several over pieces of its operands, each a run of whole rows. Pieces
 * begin at multiples of 64 rows, so that every offset suits every device (64 · 4 bytes, whatever a row's length).
 */
import type { ByteRange, KernelCall, Piece } from './lowering.ts';

const ROW_STEP = 64;

/** Runs [start, end) of at most `most` of `count` rows. */
export function runs(count: number, most: number): { readonly start: number; readonly end: number }[] {
  return Array.from({ length: Math.ceil(count / most) }, (_, index) => ({
    start: index * most,
    end: Math.min((index + 1) * most, count),
  }));
}

/** Rows of `length` elements that `limit` bytes hold, a multiple of 64; all of `count` where they fit. */
export function rowsWithin(limit: number, length: number, count: number): number {
  if (count * length * 4 <= limit) return count;
  return Math.floor(limit / (4 * length) / ROW_STEP) * ROW_STEP;
}

/** The bytes of rows [start, end) of `length` elements; null, the whole, where a length is 0. */
export const rowRange = (length: number, { start, end }: { start: number; end: number }): ByteRange | null =>
  length === 0 ? null : { start: start * length * 4, size: (end - start) * length * 4 };

/** How a launch that goes through rows depends on them. */
export interface RowSplit {
  readonly rows: number;
  /** Elements a row of each operand; 0 for one that all rows share, which is bound whole. */
  readonly perRow: readonly number[];
  /** What a piece of rows [start, end) changes in the launch. */
  piece(start: number, end: number): Pick<KernelCall, 'uniforms' | 'workgroups'>;
}

/** The pieces of `call` of which no operand takes more than `limit` bytes; null where 64 rows do. */
export function splitRows(call: KernelCall, { rows, perRow, piece }: RowSplit, limit: number): readonly Piece[] | null {
  const most = Math.min(...perRow.map((length) => (length === 0 ? rows : rowsWithin(limit, length, rows))));
  if (most === 0) return null;
  return runs(rows, most).map((run) => ({
    ...piece(run.start, run.end),
    kernel: call.kernel,
    operands: call.operands,
    ranges: perRow.map((length) => rowRange(length, run)),
  }));
}
