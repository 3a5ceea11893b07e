/** gather picks rows of a table by id (an embedding); scatterAdd adds rows into a table by id. Each is the other's gradient. */
import { gatherExactly, scatterAddExactly } from '../canonical/lowerings/gather.ts';
import { natural } from '../graph/attributes.ts';
import type { OpCall, OpDefinition } from '../graph/op.ts';
import type { OnnxEmitter, OnnxLowering, OnnxValue } from '../onnx/lowering.ts';
import { gatherLowering, scatterAddLowering } from '../webgpu/kernels/gather.ts';
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
  onnx: ({ emit, names }) => emit.node('Gather', names, { axis: 0 }),
  wgsl: gatherLowering,
  exact: gatherExactly,
};

function inferScatterAdd(call: OpCall) {
  const [ids, updates, rows] = [shapeAt(call, 0), shapeAt(call, 1), natural(call.attributes, 'rows')];
  if (!sameShape(updates.slice(0, ids.length), ids)) {
    refuse(
      call,
      `updates [${updates}] don't start with the ids' shape [${ids}]`,
      'Pass one row of updates for each id.',
    );
  }
  return f32([rows, ...updates.slice(ids.length)]);
}

/** Up to here a one-hot matrix product is cheaper than scattered additions, which onnxruntime does on one thread. */
const ONE_HOT_ROWS = 512;

/** Σ over ids as onehotᵀ · updates, [rows, ids] · [ids, r]. */
function onnxOneHotSum(emit: OnnxEmitter, ids: OnnxValue, updates: OnnxValue, rows: number): OnnxValue {
  const oneHot = emit.node('OneHot', [ids, emit.constant('i32', [1], [rows]), emit.constant('f32', [2], [0, 1])], {
    axis: -1,
  });
  return emit.node('Gemm', [oneHot, updates], { transA: 1 });
}

function onnxScatterSum(emit: OnnxEmitter, ids: OnnxValue, updates: OnnxValue, shape: readonly number[]): OnnxValue {
  const indices = emit.node('Unsqueeze', [emit.cast(ids, 'i64'), emit.integers([1])]);
  return emit.node('ScatterND', [emit.fill(shape, 0), indices, updates], { reduction: 'add' });
}

const onnxScatterAdd: OnnxLowering = ({ emit, inputs, names: [ids = '', updates = ''], output: { shape } }) => {
  const [rows = 1, count] = [shape[0], elements(shapeAt({ inputs: inputs.map(({ type }) => type) }, 0))];
  const row = elements(shape.slice(1));
  const [flatIds, flatUpdates] = [emit.reshape(ids, [count]), emit.reshape(updates, [count, row])];
  const sum =
    rows <= ONE_HOT_ROWS
      ? onnxOneHotSum(emit, flatIds, flatUpdates, rows)
      : onnxScatterSum(emit, flatIds, flatUpdates, [rows, row]);
  return emit.reshape(sum, shape);
};

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
  onnx: onnxScatterAdd,
  wgsl: scatterAddLowering,
  exact: scatterAddExactly,
};
