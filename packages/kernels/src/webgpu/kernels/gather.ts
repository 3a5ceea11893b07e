/** gather and scatterAdd. */
import type { KernelCall, WgslLowering } from '../lowering.ts';
import { elements, product, reads, writes } from '../wgsl.ts';
import { input, laneCall, type LaneKernel, type LaneLaunch, output, scratch } from './lanes.ts';

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
    return { calls: [call] };
  },
};

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
      sumCall(four ? 'vec4<f32>' : 'f32', {
        count: (rows * row) / (four ? 4 : 1),
        uniforms: { row: four ? row / 4 : row },
        operands: [input(1), chains, next, output],
      }),
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

function sumCall(element: 'f32' | 'vec4<f32>', launch: LaneLaunch): KernelCall {
  const kernelWith = (assign: '=' | '+='): LaneKernel => ({
    name: `scatterAdd ${element} ${assign}`,
    bindings: [reads('updates', element), reads('chains', 'i32'), reads('next', 'i32'), writes('table', element)],
    body: `
let column = index % dims.row;
var sum = ${element}();
for (var at = chains[index / dims.row]; at >= 0; at = next[at]) { sum += updates[u32(at) * dims.row + column]; }
table[index] ${assign} sum;`,
  });
  const call = laneCall(kernelWith('='), launch);
  return {
    ...call,
    finishing: ({ accumulate }) => (accumulate ? laneCall(kernelWith('+='), launch).kernel : call.kernel),
  };
}
