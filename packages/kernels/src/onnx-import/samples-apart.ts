/**
 * A file with a fixed batch is bound to others by scaling the shapes in it, which now and then can be read in two ways. So the
 * reading is tried out: the scores of a sample must not depend on the samples that follow it.
 */
import { costOf } from '../graph/cost.ts';
import type { DType, Graph } from '../graph/graph.ts';
import { interpret } from '../graph/interpret.ts';
import { ONNX_VALUES } from '../models/onnx-spec.ts';
import { elements } from '../ops/shape.ts';

/** Floating-point operations that are tried out: some seconds in the interpreter. */
const MAX_TRIAL_FLOPS = 5e8;

/** Samples of any numbers, or of whole ones from 0 to 3, which are legal tokens; the same at the same place. */
const drawn = (size: number, dtype: DType): Float64Array =>
  Float64Array.from({ length: size }, (_, at) =>
    dtype === 'i32' ? (at * 7 + (at % 5)) % 4 : 1.5 * Math.sin(1.7 * at),
  );

function scoresOf(graph: Graph, values: (name: string) => ArrayLike<number>): Float64Array {
  const feeds = graph.inputs.map(({ name, type: { dtype, shape } }) => [
    name,
    name === ONNX_VALUES.input ? drawn(elements(shape), dtype) : values(name),
  ]);
  return (
    interpret(graph, Object.fromEntries(feeds) as Record<string, ArrayLike<number>>)[ONNX_VALUES.output] ??
    new Float64Array()
  );
}

/** Whether a trial would take too long. */
export const isTooLarge = (graph: Graph): boolean => costOf(graph).flops > MAX_TRIAL_FLOPS;

/** Whether the scores of the samples of `own` are the same in `wider`, where others follow them. */
export function samplesAreApart(own: Graph, wider: Graph, values: (name: string) => ArrayLike<number>): boolean {
  const [alone, beside] = [scoresOf(own, values), scoresOf(wider, values)];
  const size = Math.max(...alone.map(Math.abs));
  return alone.every((score, at) => Math.abs(score - (beside[at] ?? Number.NaN)) <= 1e-9 * Math.max(1, size));
}
