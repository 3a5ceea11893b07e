/** Small files for tests: a graph in a few lines. */
import { encodeModel, type AttributeMessage, type TensorMessage } from '../../onnx/schema.ts';
import { tensorBytes } from '../../onnx/tensors.ts';

type AttributeValue = number | string | readonly number[] | { readonly float: number };

export interface TestNode {
  readonly op: string;
  readonly inputs: readonly string[];
  /** `y` unless given. */
  readonly outputs?: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export interface TestModel {
  readonly nodes: readonly TestNode[];
  /** Float tensors; `[dims, values]`. */
  readonly weights?: Readonly<Record<string, readonly [readonly number[], readonly number[]]>>;
  /** Vectors of int64. */
  readonly integers?: Readonly<Record<string, readonly number[]>>;
  /** Single int64. */
  readonly scalars?: Readonly<Record<string, number>>;
  readonly input?: { readonly name?: string; readonly type?: number; readonly shape?: readonly (number | string)[] };
  readonly outputs?: readonly string[];
  readonly opset?: number;
}

export const onnxFile = (model: TestModel): Uint8Array => {
  const { nodes, weights = {}, integers = {}, scalars = {}, input = {}, outputs = ['y'], opset = 17 } = model;
  const dim = (input.shape ?? ['batch', 3]).map((size) =>
    typeof size === 'number' ? { dimValue: size } : { dimParam: size },
  );
  return encodeModel({
    irVersion: 8,
    producerName: 'test',
    producerVersion: '1',
    graph: {
      name: 'test',
      node: nodes.map(({ op, inputs, outputs: made = ['y'], name = '', domain, attributes = {} }) => ({
        name,
        opType: op,
        input: inputs,
        output: made,
        attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
        ...(domain !== undefined && { domain }),
      })),
      initializer: [
        ...Object.entries(weights).map(([name, [dims, values]]): TensorMessage => ({
          name,
          dims,
          dataType: 1,
          rawData: tensorBytes('f32', values),
        })),
        ...Object.entries(integers).map(([name, values]): TensorMessage => ({
          name,
          dims: [values.length],
          dataType: 7,
          rawData: tensorBytes('i64', values),
        })),
        ...Object.entries(scalars).map(([name, value]): TensorMessage => ({
          name,
          dims: [],
          dataType: 7,
          rawData: tensorBytes('i64', [value]),
        })),
      ],
      input: [{ name: input.name ?? 'x', type: { tensorType: { elemType: input.type ?? 1, shape: { dim } } } }],
      output: outputs.map((name) => ({ name, type: { tensorType: { elemType: 1, shape: { dim: [] } } } })),
    },
    opsetImport: [{ domain: '', version: opset }],
    metadataProps: [],
  });
};

function attribute(name: string, value: AttributeValue): AttributeMessage {
  if (typeof value === 'number') return { name, type: 2, i: value };
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  return 'float' in value ? { name, type: 1, f: value.float } : { name, type: 7, ints: value };
}
