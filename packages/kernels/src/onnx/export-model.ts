/** `model.onnx`: the trained model with its weights inside and a free batch dimension, runnable by anybody as it is. */
import type { Graph } from '../graph/graph.ts';
import type { ParameterLayout } from '../graph/parameter-layout.ts';
import { lowerGraph, operandOf, wrapModel } from './encode.ts';
import { GraphEmitter } from './emitter.ts';
import { OnnxExportError } from './errors.ts';
import type { GraphMessage } from './schema.ts';

export interface ExportModelOptions {
  /** The inference graph at a batch size, `StepProgram.infer`. */
  readonly infer: (batch: number) => Graph;
  readonly layout: ParameterLayout;
  /** The flat parameter vector `[layout.size]` f32. */
  readonly parameters: Float32Array;
  /** Fixes the batch dimension; it is free unless given. */
  readonly batch?: number;
  /** Takes whole numbers as int64, as most tools feed them; int32 unless given. */
  readonly int64?: boolean;
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A protobuf message holds less than 2 GiB; a mebibyte of it is more than any graph takes. */
const MAX_WEIGHT_BYTES = 2 ** 31 - 2 ** 20;

/**
 * Batch sizes at which the graph is looked at to find its batch dimensions: primes, small because large models at a large
 * batch would pass the limits of a graph.
 */
const PROBE_BATCHES = [5, 7, 11, 13, 17, 19, 23] as const;

/**
 * Encodes the inference graph with its parameters as initializers under their names. Inputs and outputs of the model are
 * the graph's data inputs and outputs.
 * @throws OnnxExportError
 */
export function exportModel(options: ExportModelOptions): Uint8Array {
  checkParameters(options);
  const { batch, description, metadata } = options;
  const graph = batch === undefined ? lowerWithFreeBatch(options) : lowerModel(options, options.infer(batch));
  return wrapModel(graph, { ...(description !== undefined && { description }), ...(metadata && { metadata }) });
}

/**
 * A dimension has the batch in it if the probe divides it. A size of the model's own may be divided by one probe, but then
 * it is not by the next or in another multiple, and the two graphs differ; so the first that equals its neighbour is right.
 */
function lowerWithFreeBatch(options: ExportModelOptions): GraphMessage {
  let last: string | null = null;
  for (const probe of PROBE_BATCHES) {
    const graph = lowerAtProbe(options, probe);
    const shape = graph && withoutWeights(graph, options.layout);
    if (graph !== null && shape === last) return graph;
    last = shape;
  }
  throw new OnnxExportError({
    reason: 'its batch dimension cannot be told from its other dimensions',
    mend: 'Pass a fixed batch.',
  });
}

/** Null where a free batch cannot be expressed at this probe. */
function lowerAtProbe(options: ExportModelOptions, freeBatch: number): GraphMessage | null {
  try {
    return lowerModel(options, options.infer(freeBatch), freeBatch);
  } catch (error) {
    if (error instanceof OnnxExportError) return null;
    throw error;
  }
}

function lowerModel({ layout, parameters, int64 }: ExportModelOptions, graph: Graph, freeBatch?: number): GraphMessage {
  const emitter = new GraphEmitter({ target: 'portable', ...(freeBatch !== undefined && { freeBatch }) });
  const slots = new Map(layout.slots.map((slot) => [slot.name, slot]));
  const values = lowerGraph(graph, emitter, ({ name, type, role }) => {
    if (role === 'data' && type.dtype === 'i32' && int64 === true)
      return emitter.cast(emitter.input(name, { ...type, dtype: 'i64' }), 'i32');
    if (role === 'data') return emitter.input(name, type);
    const slot = slots.get(name);
    if (slot === undefined)
      throw new RangeError(`The layout lacks the parameter ${name}. Pass the layout of the same model.`);
    return emitter.weight(name, slot.shape, parameters.subarray(slot.offset, slot.offset + slot.size));
  });
  for (const { name, value } of graph.outputs) {
    const operand = operandOf(values, value);
    emitter.output(name, operand.name, operand.type);
  }
  return emitter.finish('model');
}

/** A graph as text, to be compared; the weights are the same anyway, and large. */
function withoutWeights({ node, input, output, initializer }: GraphMessage, { slots }: ParameterLayout): string {
  const weights = new Set(slots.map(({ name }) => name));
  const constants = initializer
    .filter(({ name }) => !weights.has(name))
    .map((tensor) => ({ ...tensor, rawData: [...tensor.rawData] }));
  return JSON.stringify([node, input, output, constants]);
}

function checkParameters({ layout, parameters }: ExportModelOptions): void {
  if (parameters.length !== layout.size) {
    throw new OnnxExportError({
      reason: `${parameters.length} parameters were given and its layout holds ${layout.size}`,
      mend: 'Pass the whole flat parameter vector.',
    });
  }
  if (parameters.byteLength > MAX_WEIGHT_BYTES) {
    throw new OnnxExportError({
      reason: `its ${parameters.byteLength} bytes of weights don't fit one ONNX file`,
      mend: 'Use the safetensors checkpoint.',
    });
  }
  const bad = parameters.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  throw new OnnxExportError({
    reason: `parameter element ${bad} is ${parameters[bad]}`,
    mend: 'Export a checkpoint from before the run diverged.',
  });
}
