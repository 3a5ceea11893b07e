/** From a file's nodes to a graph at one batch size; every node that can't be converted is noted, and the rest goes on. */
import { GraphError } from '../../graph/errors.ts';
import type { Graph, ValueId } from '../../graph/graph.ts';
import { ONNX_VALUES } from '../../models/onnx-spec.ts';
import { simplify } from '../../graph/simplify.ts';
import type { ImportIssue } from '../errors.ts';
import { nodePlace } from '../reader/read-onnx.ts';
import type { FileNode, FileTensor, OnnxFile } from '../reader/model-file.ts';
import { tensorElements, tensorType } from '../reader/tensor-elements.ts';
import type { WeightRole } from '../weights.ts';
import { conversionOf } from './index.ts';
import { isFloat, NodeContext, type Setting, type TrainingSetting, type Value } from './node-context.ts';
import { recognitions, withoutIdleInputs } from './recognise.ts';
import { Recorder, type ConstantTensor } from './recorder.ts';
import { Refusal } from './refusal.ts';

export interface ConvertOptions {
  readonly file: OnnxFile;
  /** The nodes that the output needs, in order. */
  readonly nodes: readonly FileNode[];
  readonly roles: ReadonlyMap<string, WeightRole>;
  readonly input: { readonly name: string; readonly dtype: 'f32' | 'i32'; readonly shape: readonly number[] };
  readonly output: string;
  readonly batch: number;
  readonly fileBatch: number | null;
  readonly training: boolean;
}

export interface ConvertedGraph {
  /** Inputs: parameters under their names, and data under {@link ONNX_VALUES}. Output: the model's, and changes. */
  readonly graph: Graph;
  /** Constants that the graph reads as parameters. */
  readonly constants: readonly ConstantTensor[];
  readonly outputShape: readonly number[];
}

/** A value that could not be made; nodes that read it are passed over without another word. */
type Made = Value | 'unknown';

export function convertGraph(options: ConvertOptions): ConvertedGraph | readonly ImportIssue[] {
  const emit = new Recorder();
  const changes: { name: string; value: ValueId }[] = [];
  const setting: Setting = {
    emit,
    opset: options.file.opset,
    batch: options.batch,
    fileBatch: options.fileBatch,
    isStatistic: (name) => options.roles.get(name) === 'statistic',
    training: options.training ? trainingSetting(emit, options.batch, changes) : null,
  };
  const values = startValues(emit, options);
  const read = new Set([options.output, ...options.nodes.flatMap(({ inputs }) => inputs)]);
  const issues = options.nodes.flatMap((node) => convertNode(node, { values, read, setting }));
  const output = values.get(options.output);
  if (issues.length > 0 || output === undefined || output === 'unknown') return issues;
  try {
    const { graph, constants } = emit.finish([{ name: ONNX_VALUES.output, value: output.id }, ...changes]);
    const simple = withoutIdleInputs(simplify(graph, recognitions(graph, constants)));
    const names = new Set(simple.inputs.map(({ name }) => name));
    return {
      graph: simple,
      constants: constants.filter(({ name }) => names.has(name)),
      outputShape: emit.shapeOf(output.id),
    };
  } catch (error) {
    return [issueOf(error, `output "${options.output}"`)];
  }
}

function trainingSetting(emit: Recorder, batch: number, changes: { name: string; value: ValueId }[]): TrainingSetting {
  return {
    weight: emit.input(ONNX_VALUES.weight, { dtype: 'f32', shape: [batch] }, 'data'),
    seed: emit.input(ONNX_VALUES.seed, { dtype: 'i32', shape: [2] }, 'data'),
    statistic: (name, change) => changes.push({ name: ONNX_VALUES.change(name), value: change }),
  };
}

/** What stands before the first node: the data and the file's tensors. */
function startValues(emit: Recorder, { file, roles, input }: ConvertOptions): Map<string, Made> {
  const values = new Map<string, Made>();
  const data = emit.input(ONNX_VALUES.input, { dtype: input.dtype, shape: input.shape }, 'data');
  values.set(input.name, { id: data, element: input.dtype });
  for (const tensor of file.initializers) values.set(tensor.name, initialValue(emit, tensor, roles.get(tensor.name)));
  return values;
}

function initialValue(emit: Recorder, tensor: FileTensor, role: WeightRole | undefined): Value {
  const element = tensorType(tensor);
  if (role !== 'constant')
    return { id: emit.input(tensor.name, { dtype: 'f32', shape: tensor.dims }, 'parameter'), element };
  const { shape, values } = tensorElements(tensor);
  const id = emit.constant(isFloat(element) ? 'f32' : 'i32', shape, values);
  emit.label(id, tensor.name);
  return { id, element };
}

interface Progress {
  readonly values: Map<string, Made>;
  /** Names that are read by somebody. */
  readonly read: ReadonlySet<string>;
  readonly setting: Setting;
}

/** Converts one node into `values`; returns what is wrong with it. */
function convertNode(node: FileNode, { values, read, setting }: Progress): ImportIssue[] {
  const give = (outputs: readonly Made[]): void =>
    node.outputs.forEach((name, index) => name !== '' && values.set(name, outputs[index] ?? 'unknown'));
  const conversion = conversionOf(node.domain, node.op);
  if (conversion === null) {
    give([]);
    return [{ place: nodePlace(node), op: operatorName(node), problem: 'this operator is not supported' }];
  }
  const inputs = node.inputs.map((name) => (name === '' ? null : (values.get(name) ?? 'unknown')));
  if (inputs.includes('unknown')) {
    give([]);
    return [];
  }
  try {
    const outputs = conversion.convert(new NodeContext(node, inputs as (Value | null)[], setting));
    outputs.forEach(({ id }, index) => setting.emit.label(id, node.outputs[index] ?? ''));
    give(outputs);
    const lacking = node.outputs.findIndex((name, index) => outputs[index] === undefined && read.has(name));
    return lacking < 0
      ? []
      : [
          {
            place: nodePlace(node),
            op: operatorName(node),
            problem: `its output ${lacking} is read, which is not supported`,
          },
        ];
  } catch (error) {
    give([]);
    return [{ op: operatorName(node), ...issueOf(error, nodePlace(node)) }];
  }
}

const operatorName = ({ domain, op }: FileNode): string => (domain === '' ? op : `${domain}.${op}`);

/** What a person should know of a refusal; anything else is a fault of the importer and goes on up. */
function issueOf(error: unknown, place: string): ImportIssue {
  if (error instanceof Refusal) return { place, problem: error.message };
  if (error instanceof GraphError) return { place, problem: error.message };
  throw error;
}
