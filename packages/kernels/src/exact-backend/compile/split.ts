/** How one step is cut into calls that several threads take. Pure; the cut never changes a bit, since a call computes whole elements. */
import type { MatrixProduct } from '../../canonical/kernel.ts';

/** Rows and columns [first, end). */
export interface Block {
  readonly row: number;
  readonly rowEnd: number;
  readonly column: number;
  readonly columnEnd: number;
}

/** Work, in instructions, that is not worth a call of its own: some microseconds. */
const LEAST_WORK = 20_000;
/** Calls a thread: more even out threads that other programs disturb. */
const CALLS_A_THREAD = 3;
/** Columns are cut at cache lines. */
const LINE = 16;

const callsFor = (work: number, threads: number): number =>
  threads === 1 ? 1 : Math.max(1, Math.min(Math.floor(work / LEAST_WORK), threads * CALLS_A_THREAD));

/** [0, size) in at most `parts` ranges of multiples of `unit`. */
function ranges(size: number, parts: number, unit: number): readonly (readonly [number, number])[] {
  const length = Math.max(unit, Math.ceil(size / parts / unit) * unit);
  return Array.from({ length: Math.ceil(size / length) }, (_, at) => [at * length, Math.min(size, (at + 1) * length)]);
}

/** Blocks of a map's elements; rows are cut first. */
export function splitMap(
  { rows, columns, work }: { readonly rows: number; readonly columns: number; readonly work: number },
  threads: number,
): readonly Block[] {
  const calls = callsFor((rows * columns * work) / 4, threads);
  const byRow = ranges(rows, Math.min(calls, rows), 1);
  const byColumn = ranges(columns, Math.max(1, Math.floor(calls / byRow.length)), LINE);
  return blocks(byRow, byColumn);
}

const blocks = (
  rows: readonly (readonly [number, number])[],
  columns: readonly (readonly [number, number])[],
): readonly Block[] =>
  rows.flatMap(([row, rowEnd]) => columns.map(([column, columnEnd]) => ({ row, rowEnd, column, columnEnd })));

export interface ProductPart {
  readonly firstBatch: number;
  readonly batches: number;
  readonly block: Block;
}

/** Parts of a product: whole batches where there are enough of them, else blocks of each as near to squares as can be. */
export function splitProduct({ count, m, n, k }: MatrixProduct, threads: number): readonly ProductPart[] {
  const calls = callsFor((count * m * n * k) / 8, threads);
  const whole: Block = { row: 0, rowEnd: m, column: 0, columnEnd: n };
  if (count >= calls)
    return ranges(count, calls, 1).map(([first, end]) => ({ firstBatch: first, batches: end - first, block: whole }));
  const each = Math.ceil(calls / count);
  const parts = splitPlane(m, n, each);
  return Array.from({ length: count }, (_, firstBatch) =>
    parts.map((block) => ({ firstBatch, batches: 1, block })),
  ).flat();
}

/** Packing reads rows + columns of a block for each step of k, so the shape with the least of them is taken. */
function splitPlane(m: number, n: number, parts: number): readonly Block[] {
  const choices = Array.from({ length: parts }, (_, index) => {
    const [down, across] = [index + 1, Math.ceil(parts / (index + 1))];
    return blocks(ranges(m, down, 8), ranges(n, across, LINE));
  });
  const full = choices.filter((choice) => choice.length >= parts);
  const read = (choice: readonly Block[]): number =>
    choice.reduce((sum, { row, rowEnd, column, columnEnd }) => sum + rowEnd - row + columnEnd - column, 0);
  const best = (list: readonly (readonly Block[])[], better: (choice: readonly Block[]) => number) =>
    list.reduce((one, other) => (better(other) < better(one) ? other : one));
  return full.length > 0 ? best(full, read) : best(choices, (choice) => -choice.length);
}
