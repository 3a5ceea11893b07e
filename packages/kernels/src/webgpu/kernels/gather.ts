/** gather and scatterAdd. */
import type { WgslLowering } from '../lowering.ts';
import { elements, product, reads, writes } from '../wgsl.ts';
import { input, laneCall, output } from './lanes.ts';

export const gatherLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs: [table], output: result }) => {
    const call = laneCall(
      {
        name: 'gather',
        bindings: [reads('table'), reads('ids', 'i32'), writes('y')],
        body: 'y[index] = table[u32(ids[index / dims.row]) * dims.row + index % dims.row];',
      },
      { count: elements(result), uniforms: { row: product(table!.shape.slice(1)) }, operands: [input(0), input(1), output] },
    );
    return { calls: [call] };
  },
};

/**
 * Each element of the table looks through all ids for its row. That needs no atomic additions, and the order of the sum
 * is always the same.
 */
export const scatterAddLowering: WgslLowering = {
  kind: 'kernels',
  lower: ({ inputs: [ids], output: result }) => {
    const call = laneCall(
      {
        name: 'scatterAdd',
        bindings: [reads('ids', 'i32'), reads('updates'), writes('table')],
        body: `
let row = i32(index / dims.row);
let column = index % dims.row;
var sum = 0.0f;
for (var i = 0u; i < dims.ids; i++) {
  if (ids[i] == row) { sum += updates[i * dims.row + column]; }
}
table[index] = sum;`,
      },
      {
        count: elements(result),
        uniforms: { row: product(result.shape.slice(1)), ids: elements(ids!) },
        operands: [input(0), input(1), output],
      },
    );
    return { calls: [call] };
  },
};
