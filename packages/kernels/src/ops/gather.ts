/** gather picks rows of a table by id (an embedding); scatterAdd adds rows into a table by id. Each is the other's gradient. */
import { natural } from '../graph/attributes.ts';
import type { OpCall, OpDefinition } from '../graph/op.ts';
import { elements, f32, refuse, sameShape, shapeAt, streamedBytes } from './shape.ts';

/** table [rows, ..r], ids i32 [..s] → [..s, ..r]. Reads only the rows asked for. */
export const gather: OpDefinition = {
  name: 'gather',
  operands: ['f32', 'i32'],
  attributes: {},
  infer: (call) => {
    const [table, ids] = [shapeAt(call, 0), shapeAt(call, 1)];
    if (table.length < 1) refuse(call, 'the table is a scalar', 'Pass a table of rank 1 or more.');
    return f32([...ids, ...table.slice(1)]);
  },
  gradient: ({ emit, inputs: [table = -1, ids = -1], outputGradient }) => [
    emit.apply('scatterAdd', [ids, outputGradient], { rows: emit.typeOf(table).shape[0] ?? 1 }),
    null,
  ],
  reference: ({ inputs, output, operands: [table, ids] }) => {
    const row = elements(shapeAt({ inputs }, 0).slice(1));
    const result = new Float64Array(elements(output.shape));
    ids?.forEach((id, i) => result.set(table?.subarray(id * row, (id + 1) * row) ?? [], i * row));
    return result;
  },
  flops: () => 0,
  bytes: ({ inputs, output }) => 4 * elements(shapeAt({ inputs }, 1)) + 8 * elements(output.shape),
};

function inferScatterAdd(call: OpCall) {
  const [ids, updates, rows] = [shapeAt(call, 0), shapeAt(call, 1), natural(call.attributes, 'rows')];
  if (!sameShape(updates.slice(0, ids.length), ids)) {
    refuse(call, `updates [${updates}] don't start with the ids' shape [${ids}]`, 'Pass one row of updates for each id.');
  }
  return f32([rows, ...updates.slice(ids.length)]);
}

/** ids i32 [..s], updates [..s, ..r] → [rows, ..r]: row j is the sum of the updates whose id is j. */
export const scatterAdd: OpDefinition = {
  name: 'scatterAdd',
  operands: ['i32', 'f32'],
  attributes: { rows: 'natural' },
  infer: inferScatterAdd,
  gradient: ({ emit, inputs: [ids = -1], outputGradient }) => [null, emit.apply('gather', [outputGradient, ids])],
  reference: ({ output, operands: [ids, updates] }) => {
    const row = elements(output.shape.slice(1));
    const result = new Float64Array(elements(output.shape));
    ids?.forEach((id, i) => {
      for (let j = 0; j < row; j++) result[id * row + j]! += updates?.[i * row + j] ?? 0;
    });
    return result;
  },
  flops: ({ inputs }) => elements(shapeAt({ inputs }, 1)),
  bytes: streamedBytes,
};
