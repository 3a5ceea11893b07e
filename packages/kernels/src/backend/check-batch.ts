/** What every backend checks before it touches a device: the caller's arrays against the program's declarations. */
import type { Graph, GraphInput } from '../graph/graph.ts';
import type { Batch } from './backend.ts';
import { BatchMismatchError } from './errors.ts';

const ARRAYS = { f32: Float32Array, i32: Int32Array } as const;

/** The data inputs of a graph with their checked arrays. @throws BatchMismatchError */
export function* dataInputs({ inputs }: Graph, batch: Batch): Generator<readonly [GraphInput, Batch[string]]> {
  for (const input of inputs) {
    if (input.role === 'data') yield [input, checkInput(input, batch[input.name])];
  }
}

function checkInput({ name, type }: GraphInput, values: Batch[string] | undefined): Batch[string] {
  const size = type.shape.reduce((product, dimension) => product * dimension, 1);
  if (values instanceof ARRAYS[type.dtype] && values.length === size) return values;
  const actual = values === undefined ? 'nothing' : `${values.length} elements in a ${values.constructor.name}`;
  throw new BatchMismatchError({ input: name, expected: `${size} elements in a ${ARRAYS[type.dtype].name}`, actual });
}

/** Refuses a flat vector of another length than the layout's. @throws BatchMismatchError */
export function expectVector(input: string, values: Float32Array | BigInt64Array, size: number): void {
  if (values.length === size) return;
  throw new BatchMismatchError({ input, expected: `${size} elements`, actual: String(values.length) });
}
