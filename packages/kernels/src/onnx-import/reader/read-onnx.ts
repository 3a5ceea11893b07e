/** From a stranger's bytes to an {@link OnnxFile}: decoded within a budget, then the names and their order checked. */
import { OnnxFileError } from '../errors.ts';
import { decodeModelFile, type RawGraph, type RawModel } from './decode.ts';
import type { FileNode, OnnxFile } from './model-file.ts';
import { checkTensor } from './tensor-elements.ts';
import { ReadBudget, WireReader } from './wire.ts';

/** Versions of the standard operators whose meaning is implemented. */
export const SUPPORTED_OPSETS = { first: 13, last: 18 } as const;

/** Bytes of a file: what a protobuf message can hold. */
const MAX_FILE_BYTES = 2 ** 31 - 1;
/** Names, dimensions and numbers outside of raw data; a node or tensor counts as 16. About 100 bytes of memory each at the most. */
const MAX_ITEMS = 2 ** 20;

/**
 * Reads the structure of a model; tensors stay views into `bytes`.
 * @throws OnnxFileError with the place of the first fault
 */
export function readOnnx(bytes: Uint8Array): OnnxFile {
  if (bytes.length === 0 || bytes.length > MAX_FILE_BYTES)
    throw new OnnxFileError({ place: 'model', problem: `it has ${bytes.length} bytes` });
  const model = decodeModelFile(new WireReader(bytes, new ReadBudget(MAX_ITEMS), 'model'));
  const opset = opsetOf(model);
  const { graph } = model;
  graph.initializers.forEach(checkTensor);
  for (const { attributes } of graph.nodes)
    for (const attribute of attributes.values()) if (attribute.kind === 'tensor') checkTensor(attribute.value);
  const initialized = new Set(graph.initializers.map(({ name }) => name));
  return {
    producer: model.producer,
    opset,
    nodes: orderNodes(graph),
    initializers: graph.initializers,
    inputs: graph.inputs.filter(({ name }) => !initialized.has(name)),
    outputs: checkOutputs(graph),
  };
}

function opsetOf({ opsets }: RawModel): number {
  const versions = opsets.filter(({ domain }) => domain === '' || domain === 'ai.onnx').map(({ version }) => version);
  const { first, last } = SUPPORTED_OPSETS;
  const [version] = versions;
  if (versions.length === 1 && version !== undefined && version >= first && version <= last) return version;
  throw new OnnxFileError({
    place: 'model.opset_import',
    problem:
      versions.length === 0
        ? 'it names no version of the standard operators'
        : `it asks for opset ${versions.join(' and ')}`,
    mend: `Export the model with opset ${first} to ${last}: torch.onnx.export(…, opset_version=17).`,
  });
}

export const nodePlace = ({ index, name }: Pick<FileNode, 'index' | 'name'>): string =>
  name === '' ? `node ${index}` : `node ${index} "${name}"`;

/** Who makes each value: a node's index, or −1 for inputs and initializers. */
function makers({ nodes, inputs, initializers }: RawGraph): Map<string, number> {
  const made = new Map<string, number>();
  const make = (name: string, maker: number, place: string): void => {
    if (name === '') return;
    if (made.has(name)) throw new OnnxFileError({ place, problem: `the value "${name}" is made twice` });
    made.set(name, maker);
  };
  initializers.forEach(({ name, place }) => {
    if (name === '') throw new OnnxFileError({ place, problem: 'it has no name' });
    make(name, -1, place);
  });
  const initialized = new Set(made.keys());
  const declared = new Set<string>();
  inputs.forEach(({ name }, index) => {
    const place = `model.graph.input[${index}]`;
    if (name === '' || declared.has(name))
      throw new OnnxFileError({ place, problem: name === '' ? 'it has no name' : `the input "${name}" stands twice` });
    declared.add(name);
    // Older exporters list initializers among the inputs too.
    if (!initialized.has(name)) make(name, -1, place);
  });
  nodes.forEach((node) => node.outputs.forEach((name) => make(name, node.index, nodePlace(node))));
  return made;
}

/** Nodes in an order in which values are made before they are read (Kahn). @throws OnnxFileError on a cycle */
function orderNodes(graph: RawGraph): FileNode[] {
  const made = makers(graph);
  const waiting = new Map<number, Set<number>>();
  const readers = new Map<number, number[]>();
  for (const node of graph.nodes) {
    const sources = new Set(node.inputs.filter((name) => name !== '').map((name) => makerOf(name, made, node)));
    sources.delete(-1);
    waiting.set(node.index, sources);
    for (const source of sources) {
      const others = readers.get(source);
      if (others === undefined) readers.set(source, [node.index]);
      else others.push(node.index);
    }
  }
  const ready = graph.nodes.filter(({ index }) => waiting.get(index)?.size === 0).map(({ index }) => index);
  const order: FileNode[] = [];
  for (let next = 0; next < ready.length; next++) {
    const index = ready[next]!;
    order.push(graph.nodes[index]!);
    for (const reader of readers.get(index) ?? []) {
      const sources = waiting.get(reader);
      sources?.delete(index);
      if (sources?.size === 0) ready.push(reader);
    }
  }
  if (order.length === graph.nodes.length) return sorted(order, graph.nodes);
  const stuck = graph.nodes.find(({ index }) => (waiting.get(index)?.size ?? 0) > 0);
  throw new OnnxFileError({
    place: stuck === undefined ? 'model.graph' : nodePlace(stuck),
    problem: 'it waits for its own output: the graph has a cycle',
  });
}

/** The file's own order where that is an order (as the standard asks); else the one found. */
function sorted(found: FileNode[], own: readonly FileNode[]): FileNode[] {
  const seen = new Set<string>();
  const produced = new Set(own.flatMap(({ outputs }) => outputs));
  for (const { inputs, outputs } of own) {
    if (inputs.some((name) => produced.has(name) && !seen.has(name))) return found;
    outputs.forEach((name) => seen.add(name));
  }
  return [...own];
}

function makerOf(name: string, made: ReadonlyMap<string, number>, node: FileNode): number {
  const maker = made.get(name);
  if (maker !== undefined) return maker;
  throw new OnnxFileError({ place: nodePlace(node), problem: `it reads "${name}", which nothing makes` });
}

function checkOutputs(graph: RawGraph): OnnxFile['outputs'] {
  const made = makers(graph);
  const names = new Set<string>();
  graph.outputs.forEach(({ name }, index) => {
    const place = `model.graph.output[${index}]`;
    if (!made.has(name)) throw new OnnxFileError({ place, problem: `nothing makes the value "${name}"` });
    if (names.has(name)) throw new OnnxFileError({ place, problem: `the output "${name}" stands twice` });
    names.add(name);
  });
  if (names.size === 0) throw new OnnxFileError({ place: 'model.graph', problem: 'it has no output' });
  return graph.outputs;
}
