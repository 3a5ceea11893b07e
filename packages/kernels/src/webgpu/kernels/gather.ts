/** gather and scatterAdd. */
import type { WgslLowering } from '../lowering.ts';
import { elements, product, reads, writes } from '../wgsl.ts';
import { input, laneCall, type LaneKernel, output } from './lanes.ts';

export const gatherLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs: [table], output: result }) => {
    const call = laneCall(
      {
        name: 'gather',
        bindings: [reads('table'), reads('ids', 'i32'), writes('y')],
        body: 'y[index] = table[u32(ids[index / dims.row]) * dims.row + index % dims.row];',
      },
      {
        count: elements(result),
        uniforms: { row: product(table!.shape.slice(1)) },
        operands: [input(0), input(1), output],
      },
    );
    return { calls: [call] };
  },
};

/**
 * Without atomic additions, and always in the order of the ids: where the table is the smaller, each of its elements looks
 * through all ids for its row; else each update looks whether it is the first of its id, and if so adds up the others.
 */
export const scatterAddLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs: [ids], output: result }) => {
    const [rows, row, count] = [result.shape[0]!, product(result.shape.slice(1)), elements(ids!)];
    const operands = [input(0), input(1), output];
    const uniforms = { row, ids: count };
    if (rows <= count) return { calls: [laneCall(byTable, { count: rows * row, uniforms, operands })] };
    const clear = laneCall(zeros, { count: rows * row, uniforms: {}, operands: [output] });
    return { calls: [clear, laneCall(byUpdates, { count: count * row, uniforms, operands })] };
  },
};

const BINDINGS = [reads('ids', 'i32'), reads('updates'), writes('table')];

const byTable: LaneKernel = {
  name: 'scatterAdd by table',
  bindings: BINDINGS,
  body: `
let row = i32(index / dims.row);
let column = index % dims.row;
var sum = 0.0f;
for (var i = 0u; i < dims.ids; i++) {
  if (ids[i] == row) { sum += updates[i * dims.row + column]; }
}
table[index] = sum;`,
};

const zeros: LaneKernel = { name: 'zeros', bindings: [writes('y')], body: 'y[index] = 0.0f;' };

const byUpdates: LaneKernel = {
  name: 'scatterAdd by updates',
  bindings: BINDINGS,
  body: `
let mine = index / dims.row;
let column = index % dims.row;
let id = ids[mine];
for (var i = 0u; i < mine; i++) {
  if (ids[i] == id) { return; }
}
var sum = 0.0f;
for (var i = mine; i < dims.ids; i++) {
  if (ids[i] == id) { sum += updates[i * dims.row + column]; }
}
table[u32(id) * dims.row + column] = sum;`,
};
