/** gather and scatterAdd. */
import type { KernelCall, Operand, Piece, WgslLowering } from '../lowering.ts';
import { rowRange, rowsWithin, runs, splitRows } from '../split.ts';
import { elements, product, reads, writes } from '../wgsl.ts';
import { input, laneCall, type LaneKernel, output, scratch } from './lanes.ts';

/** A lane copies one element, or four where rows are whole vec4s. */
export const gatherLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs: [table], output: result }) => {
    const row = product(table!.shape.slice(1));
    const [width, element] = row % 4 === 0 ? ([4, 'vec4<f32>'] as const) : ([1, 'f32'] as const);
    const call = laneCall(
      {
        name: `gather ${element}`,
        bindings: [reads('table', element), reads('ids', 'i32'), writes('y', element)],
        body: 'y[index] = table[u32(ids[index / dims.row]) * dims.row + index % dims.row];',
      },
      {
        count: elements(result) / width,
        uniforms: { row: row / width },
        operands: [input(0), input(1), output],
      },
    );
    const split = (limit: number) => splitGather({ rows: table!.shape[0]!, row, width, element }, call, limit);
    return { calls: [{ ...call, split }] };
  },
};

interface Table {
  readonly rows: number;
  /** Elements a row. */
  readonly row: number;
  /** Elements that a lane copies. */
  readonly width: number;
  readonly element: 'f32' | 'vec4<f32>';
}

/** A launch for each run of the table's rows, which copies the ids that lie in it: each id lies in one. */
function splitGather({ rows, row, width, element }: Table, whole: KernelCall, limit: number): readonly Piece[] | null {
  const most = rowsWithin(limit, row, rows);
  if (most === 0) return null;
  const kernel: LaneKernel = {
    name: `gather part ${element}`,
    bindings: whole.kernel.bindings,
    body: `
let id = u32(ids[index / dims.row]) - dims.first;
if (id < dims.rows) { y[index] = table[id * dims.row + index % dims.row]; }`,
  };
  return runs(rows, most).map((run) => {
    const uniforms = { row: row / width, first: run.start, rows: run.end - run.start };
    const call = laneCall(kernel, { count: whole.uniforms['count']!, uniforms, operands: whole.operands });
    return { ...call, ranges: [rowRange(row, run), null, null] };
  });
}

/**
 * Without atomic additions, and always in the order of the ids: equal ids are chained, each to the next one, and every
 * element of the table walks down its row's chain. `chains` holds for each row the first update of its chain, then for
 * each update the one before it (−1: none); `next` holds the one after it.
 */
export const scatterAddLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs: [ids], output: result }) => {
    const [rows, row, count] = [result.shape[0]!, product(result.shape.slice(1)), elements(ids!)];
    const [chains, next] = [scratch(0), scratch(1)];
    const four = row % 4 === 0;
    const calls = [
      laneCall(clear, { count: rows + count, uniforms: {}, operands: [chains] }),
      laneCall(link, { count, uniforms: { rows }, operands: [input(0), chains, next] }),
      laneCall(start, { count, uniforms: { rows }, operands: [input(0), chains] }),
      sumCall({ rows, row, width: four ? 4 : 1, element: four ? 'vec4<f32>' : 'f32' }, [
        input(1),
        chains,
        next,
        output,
      ]),
    ];
    return { calls, scratch: [rows + count, count] };
  },
};

const clear: LaneKernel = {
  name: 'scatterAdd clear',
  bindings: [writes('chains', 'i32')],
  body: 'chains[index] = -1;',
};

const link: LaneKernel = {
  name: 'scatterAdd link',
  bindings: [reads('ids', 'i32'), writes('chains', 'i32'), writes('next', 'i32')],
  body: `
let id = ids[index];
next[index] = -1;
for (var later = index + 1u; later < dims.count; later++) {
  if (ids[later] == id) {
    next[index] = i32(later);
    chains[dims.rows + later] = i32(index);
    break;
  }
}`,
};

const start: LaneKernel = {
  name: 'scatterAdd start',
  bindings: [reads('ids', 'i32'), writes('chains', 'i32')],
  body: 'if (chains[dims.rows + index] < 0) { chains[ids[index]] = i32(index); }',
};

function sumCall({ rows, row, width, element }: Table, operands: readonly Operand[]): KernelCall {
  const kernelWith = (assign: '=' | '+='): LaneKernel => ({
    name: `scatterAdd ${element} ${assign}`,
    bindings: [reads('updates', element), reads('chains', 'i32'), reads('next', 'i32'), writes('table', element)],
    body: `
let column = index % dims.row;
var sum = ${element}();
for (var at = chains[dims.first + index / dims.row]; at >= 0; at = next[at]) { sum += updates[u32(at) * dims.row + column]; }
table[index] ${assign} sum;`,
  });
  /** The launch for rows [start, end) of the table. */
  const over = (start: number, end: number, assign: '=' | '+=' = '=') => {
    const count = ((end - start) * row) / width;
    return laneCall(kernelWith(assign), { count, uniforms: { row: row / width, first: start }, operands });
  };
  const call = over(0, rows);
  return {
    ...call,
    finishing: ({ accumulate }) => (accumulate ? over(0, rows, '+=').kernel : call.kernel),
    split: (limit) => splitRows(call, { rows, perRow: [0, 0, 0, row], piece: over }, limit),
  };
}
