/** `model.onnx`: the trained model with its weights inside and a free batch dimension, runnable by anybody as it is. */
import type { Graph } from '../graph/graph.ts';
import type { ParameterLayout } from '../graph/parameter-layout.ts';
import { lowerGraph, operandOf, wrapModel } from './encode.ts';
import { GraphEmitter } from './emitter.ts';
import { OnnxExportError } from './errors.ts';

export interface ExportModelOptions {
  /** The inference graph at a batch size, `StepProgram.infer`; it is only built, never run, so a large size costs nothing. */
  readonly infer: (batch: number) => Graph;
  readonly layout: ParameterLayout;
  /** The flat parameter vector `[layout.size]` f32. */
  readonly parameters: Float32Array;
  /** Fixes the batch dimension; it is free unless given. */
  readonly batch?: number;
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Primes, so that a dimension that one of them divides has the batch in it and no other way to come by that factor,
 * as long as none of the model's own sizes has it: the first that divides no dimension of a parameter is taken.
 */
const PROBE_BATCHES = [7919, 7927, 7933, 7937] as const;

/**
 * Encodes the inference graph with its parameters as initializers under their names. Inputs and outputs of the model are
 * the graph's data inputs and outputs.
 * @throws OnnxExportError
 */
export function exportModel({
  infer,
  layout,
  parameters,
  batch,
  description,
  metadata,
}: ExportModelOptions): Uint8Array {
  checkParameters(layout, parameters);
  const freeBatch = batch === undefined ? probeBatch(layout) : undefined;
  const graph = infer(freeBatch ?? batch ?? 1);
  const emitter = new GraphEmitter({ target: 'portable', ...(freeBatch !== undefined && { freeBatch }) });
  const slots = new Map(layout.slots.map((slot) => [slot.name, slot]));
  const values = lowerGraph(graph, emitter, ({ name, type, role }) => {
    if (role === 'data') return emitter.input(name, type);
    const slot = slots.get(name);
    if (slot === undefined) {
      throw new OnnxExportError({
        reason: `its graph has a parameter ${name} that the layout lacks`,
        mend: 'Pass the layout of the same model.',
      });
    }
    return emitter.weight(name, slot.shape, parameters.subarray(slot.offset, slot.offset + slot.size));
  });
  for (const { name, value } of graph.outputs)
    emitter.output(name, operandOf(values, value).name, operandOf(values, value).type);
  return wrapModel(emitter.finish('model'), {
    ...(description !== undefined && { description }),
    ...(metadata && { metadata }),
  });
}

function probeBatch({ slots }: ParameterLayout): number {
  const sizes = slots.flatMap(({ shape, size }) => [...shape, size]);
  const probe = PROBE_BATCHES.find((prime) => sizes.every((size) => size % prime !== 0));
  if (probe !== undefined) return probe;
  throw new OnnxExportError({
    reason: 'its sizes leave no probe batch size that tells the batch dimension apart',
    mend: 'Pass a fixed batch.',
  });
}

function checkParameters(layout: ParameterLayout, parameters: Float32Array): void {
  if (parameters.length !== layout.size) {
    throw new OnnxExportError({
      reason: `${parameters.length} parameters were given and its layout holds ${layout.size}`,
      mend: 'Pass the whole flat parameter vector.',
    });
  }
  const bad = parameters.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new OnnxExportError({
      reason: `parameter element ${bad} is ${parameters[bad]}`,
      mend: 'Export a checkpoint from before the run diverged.',
    });
  }
}
