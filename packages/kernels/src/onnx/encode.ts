/** A graph as an ONNX model: every op lowers itself through its `onnx` property; what is left here is bookkeeping. */
import { expandedNode, expansionIn } from '../graph/expand.ts';
import type { Graph, GraphInput, GraphNode, TensorType, ValueId } from '../graph/graph.ts';
import { UnsupportedOpError } from '../backend/errors.ts';
import { ops } from '../ops/index.ts';
import { GraphEmitter, type GraphEmitterOptions } from './emitter.ts';
import type { OnnxOperand, OnnxValue } from './lowering.ts';
import { encodeModel, type GraphMessage } from './schema.ts';

/** Version 8 of the file format and 18 of the operators: read by every onnxruntime since 1.14 (2023). */
const IR_VERSION = 8;
const OPSET_VERSION = 18;

export interface ModelDescription {
  readonly description?: string;
  /** Key–value pairs that readers of the model can show. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Encodes a graph as it is: parameters and data are the model's inputs, its outputs keep their names. */
export function encodeGraph(graph: Graph, options: GraphEmitterOptions & ModelDescription): Uint8Array {
  const emitter = new GraphEmitter(options);
  const values = lowerGraph(graph, emitter, (input) => emitter.input(input.name, input.type));
  for (const { name, value } of graph.outputs)
    emitter.output(name, operandOf(values, value).name, operandOf(values, value).type);
  return wrapModel(emitter.finish('graph'), options);
}

/**
 * Lowers every node of `graph` into `emitter`; `bind` decides what stands for each graph input.
 * @returns the ONNX operand of each graph value
 * @throws UnsupportedOpError
 */
export function lowerGraph(
  graph: Graph,
  emitter: GraphEmitter,
  bind: (input: GraphInput) => OnnxValue,
): readonly OnnxOperand[] {
  const values: OnnxOperand[] = graph.inputs.map((input) => ({ name: bind(input), type: input.type }));
  for (const node of graph.nodes) {
    const operands = node.inputs.map((value) => operandOf(values, value));
    values.push({ name: lowerNode(node, operands, emitter), type: node.output });
  }
  return values;
}

function lowerNode(node: GraphNode, operands: readonly OnnxOperand[], emitter: GraphEmitter): OnnxValue {
  const { op, attributes, output } = node;
  const lower = loweringOf(op, output);
  const names = operands.map(({ name }) => name);
  if (lower !== 'expand') return lower({ emit: emitter, inputs: operands, names, output, attributes });
  return lowerExpanded(node, operands, emitter);
}

/** Lowers a node as the ops that it is made of; the emitter shares what expansions of other nodes have in common. */
function lowerExpanded(node: GraphNode, operands: readonly OnnxOperand[], emitter: GraphEmitter): OnnxValue {
  const expand = expansionIn(ops)(node);
  if (!expand) throw new UnsupportedOpError({ op: node.op, dtype: node.output.dtype, backend: 'onnx' });
  const inputs = operands.map(({ type }, index) => ({ name: String(index), type, role: 'data' as const }));
  const graph = expandedNode({ inputs, attributes: node.attributes }, expand);
  const values = lowerGraph(graph, emitter, ({ name }) => operands[Number(name)]?.name ?? '');
  return operandOf(values, graph.outputs[0]?.value ?? -1).name;
}

/** Bytes of a model around a finished graph. */
export function wrapModel(graph: GraphMessage, { description, metadata = {} }: ModelDescription = {}): Uint8Array {
  return encodeModel({
    irVersion: IR_VERSION,
    producerName: 'murmuration',
    producerVersion: '1',
    ...(description !== undefined && { docString: description }),
    graph,
    opsetImport: [{ domain: '', version: OPSET_VERSION }, ...contributedOpset(graph)],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
}

export function operandOf(values: readonly OnnxOperand[], value: ValueId): OnnxOperand {
  const operand = values[value];
  if (operand !== undefined) return operand;
  throw new RangeError(`Value ${value} is used before it is computed. Verify the graph before you encode it.`);
}

function loweringOf(op: string, { dtype }: TensorType) {
  const lower = Object.hasOwn(ops, op) ? ops[op]?.onnx : undefined;
  if (lower !== undefined) return lower;
  throw new UnsupportedOpError({ op, dtype, backend: 'onnx' });
}

function contributedOpset(graph: GraphMessage) {
  return graph.node.some(({ domain }) => domain === 'com.microsoft') ? [{ domain: 'com.microsoft', version: 1 }] : [];
}
