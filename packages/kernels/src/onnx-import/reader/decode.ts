/** ONNX's messages from the wire: field numbers as published in `onnx.proto`; what we never use is passed over. */
import { OnnxFileError } from '../errors.ts';
import type { FileAttribute, FileDimension, FileNode, FileTensor, FileValue } from './model-file.ts';
import { readFields, WIRE, type FieldRule, type WireReader } from './wire.ts';

/** The file as it stands; nothing between its parts was checked. */
export interface RawModel {
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly graph: RawGraph;
}

export interface RawGraph {
  readonly nodes: readonly FileNode[];
  readonly initializers: readonly FileTensor[];
  readonly inputs: readonly FileValue[];
  readonly outputs: readonly FileValue[];
}

/** Most dimensions of a tensor that a file may state; graphs allow fewer. */
const MAX_RANK = 8;

const bytesField = (read: FieldRule['read']): FieldRule => ({ wire: WIRE.bytes, read });
const varintField = (read: FieldRule['read']): FieldRule => ({ wire: WIRE.varint, read });
/** A repeated number: each one is counted. */
const listOf = (wire: number, next: (reader: WireReader) => number, into: number[]): FieldRule => ({
  wire,
  packable: true,
  read: (reader) => {
    reader.budget.spend(1, reader.place);
    into.push(next(reader));
  },
});
const integers = (into: number[]): FieldRule => listOf(WIRE.varint, (reader) => reader.integer(), into);
const floats = (into: number[]): FieldRule => listOf(WIRE.fixed32, (reader) => reader.float(), into);

/** What a node with its lists weighs against a number, in memory. */
const NODE_COST = 16;

/** A repeated message or name. */
function each<T>(into: T[], read: (reader: WireReader) => T, cost = 1): FieldRule {
  return bytesField((reader) => {
    reader.budget.spend(cost, reader.place);
    into.push(read(reader));
  });
}

export function decodeModelFile(reader: WireReader): RawModel {
  let [irVersion, producer] = [0, ''];
  const opsets: { domain: string; version: number }[] = [];
  const graphs: RawGraph[] = [];
  readFields(reader, {
    1: varintField((r) => (irVersion = r.integer())),
    2: bytesField((r) => (producer = r.text())),
    7: each(graphs, (r) => decodeGraph(r.message('graph'))),
    8: each(opsets, (r) => decodeOpset(r.message('opset_import'))),
  });
  const [graph] = graphs;
  if (graph === undefined || graphs.length > 1)
    throw new OnnxFileError({ place: reader.place, problem: `it holds ${graphs.length} graphs where a model has one` });
  return { irVersion, producer, opsets, graph };
}

function decodeOpset(reader: WireReader): { domain: string; version: number } {
  let [domain, version] = ['', 0];
  readFields(reader, {
    1: bytesField((r) => (domain = r.text())),
    2: varintField((r) => (version = r.integer())),
  });
  return { domain, version };
}

function decodeGraph(reader: WireReader): RawGraph {
  const nodes: FileNode[] = [];
  const initializers: FileTensor[] = [];
  const [inputs, outputs]: [FileValue[], FileValue[]] = [[], []];
  readFields(reader, {
    1: each(nodes, (r) => decodeNode(r.message(`node[${nodes.length}]`), nodes.length), NODE_COST),
    5: each(initializers, (r) => decodeTensor(r.message(`initializer[${initializers.length}]`)), NODE_COST),
    11: each(inputs, (r) => decodeValue(r.message(`input[${inputs.length}]`))),
    12: each(outputs, (r) => decodeValue(r.message(`output[${outputs.length}]`))),
    15: bytesField((r) => r.fail('it has sparse initializers, which nothing here trains')),
  });
  return { nodes, initializers, inputs, outputs };
}

function decodeNode(reader: WireReader, index: number): FileNode {
  let [name, op, domain] = ['', '', ''];
  const [inputs, outputs]: [string[], string[]] = [[], []];
  const attributes = new Map<string, FileAttribute>();
  readFields(reader, {
    1: each(inputs, (r) => r.text()),
    2: each(outputs, (r) => r.text()),
    3: bytesField((r) => (name = r.text())),
    4: bytesField((r) => (op = r.text())),
    5: bytesField((r) => {
      r.budget.spend(1, r.place);
      const [key, value] = decodeAttribute(r.message(`attribute[${attributes.size}]`));
      if (attributes.has(key)) r.fail(`the attribute "${key}" stands twice`);
      attributes.set(key, value);
    }),
    7: bytesField((r) => (domain = r.text())),
  });
  return { index, name, op, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes };
}

/** `AttributeProto.AttributeType` of what is read; older files leave the type out. */
const ATTRIBUTE_KINDS: Readonly<Record<number, FileAttribute['kind']>> = {
  1: 'float',
  2: 'int',
  3: 'string',
  4: 'tensor',
  6: 'floats',
  7: 'ints',
};

/** A graph in an attribute (the body of If, Loop, Scan) is passed over: nothing here nests. */
function decodeAttribute(reader: WireReader): [string, FileAttribute] {
  let [name, type] = ['', 0];
  const singles: { float?: number; int?: number; text?: string; tensor?: FileTensor } = {};
  const [floatList, integerList]: [number[], number[]] = [[], []];
  readFields(reader, {
    1: bytesField((r) => (name = r.text())),
    2: { wire: WIRE.fixed32, read: (r) => (singles.float = r.float()) },
    3: varintField((r) => (singles.int = r.integer())),
    4: bytesField((r) => (singles.text = r.text())),
    5: bytesField((r) => (singles.tensor = decodeTensor(r.message('t')))),
    7: floats(floatList),
    8: integers(integerList),
    20: varintField((r) => (type = r.integer())),
  });
  const present: readonly [FileAttribute['kind'], FileAttribute | null][] = [
    ['float', singles.float === undefined ? null : { kind: 'float', value: singles.float }],
    ['int', singles.int === undefined ? null : { kind: 'int', value: singles.int }],
    ['string', singles.text === undefined ? null : { kind: 'string', value: singles.text }],
    ['tensor', singles.tensor === undefined ? null : { kind: 'tensor', value: singles.tensor }],
    ['floats', floatList.length > 0 || type === 6 ? { kind: 'floats', value: floatList } : null],
    ['ints', integerList.length > 0 || type === 7 ? { kind: 'ints', value: integerList } : null],
  ];
  const wanted = ATTRIBUTE_KINDS[type];
  const found = present.find(([kind, value]) => value !== null && (type === 0 || kind === wanted))?.[1];
  return [name, found ?? zeroOf(wanted)];
}

/** Protobuf writers may leave zeros out. */
function zeroOf(kind: FileAttribute['kind'] | undefined): FileAttribute {
  if (kind === 'float' || kind === 'int') return { kind, value: 0 };
  if (kind === 'string') return { kind, value: '' };
  return { kind: 'other' };
}

function decodeTensor(reader: WireReader): FileTensor {
  let [name, dataType, external] = ['', 0, false];
  let raw: Uint8Array | null = null;
  const [dims, numbers]: [number[], number[]] = [[], []];
  readFields(reader, {
    1: integers(dims),
    2: varintField((r) => (dataType = r.integer())),
    3: bytesField((r) => r.fail('tensors in segments are not read')),
    4: floats(numbers),
    5: integers(numbers),
    7: integers(numbers),
    8: bytesField((r) => (name = r.text())),
    9: bytesField((r) => (raw = r.bytes())),
    10: listOf(WIRE.fixed64, (r) => r.double(), numbers),
    13: bytesField((r) => {
      external = true;
      r.skip(WIRE.bytes);
    }),
    14: varintField((r) => (external ||= r.integer() === 1)),
  });
  if (dims.length > MAX_RANK || dims.some((size) => size < 0))
    reader.fail(`the tensor "${name}" has the shape [${dims}]`);
  return { name, dims, dataType, raw, numbers, external, place: reader.place };
}

function decodeValue(reader: WireReader): FileValue {
  let [name, dataType] = ['', 0];
  let shape: FileDimension[] | null = null;
  const tensorType = (r: WireReader): void =>
    readFields(r, {
      1: varintField((inner) => (dataType = inner.integer())),
      2: bytesField((inner) => (shape = decodeShape(inner.message('shape')))),
    });
  readFields(reader, {
    1: bytesField((r) => (name = r.text())),
    2: bytesField((r) =>
      readFields(r.message('type'), { 1: bytesField((inner) => tensorType(inner.message('tensor_type'))) }),
    ),
  });
  return { name, dataType, shape };
}

function decodeShape(reader: WireReader): FileDimension[] {
  const dims: FileDimension[] = [];
  readFields(reader, { 1: each(dims, (r) => decodeDimension(r.message('dim'))) });
  if (dims.length > MAX_RANK) reader.fail(`it has ${dims.length} dimensions, more than ${MAX_RANK}`);
  return dims;
}

function decodeDimension(reader: WireReader): FileDimension {
  let size: FileDimension = '';
  readFields(reader, {
    1: varintField((r) => (size = r.integer())),
    2: bytesField((r) => (size = r.text())),
  });
  return size;
}
