/** Collects ONNX nodes, constants, inputs and outputs into one graph message. Equal nodes and equal constants are shared. */
import type { TensorType } from '../graph/graph.ts';
import { sameShape } from '../ops/shape.ts';
import { OnnxExportError } from './errors.ts';
import type { OnnxAttributes, OnnxDType, OnnxEmitter, OnnxNodeOptions, OnnxOperand, OnnxValue } from './lowering.ts';
import {
  ATTRIBUTE_TYPE,
  DATA_TYPE,
  type AttributeMessage,
  type DimensionMessage,
  type GraphMessage,
  type NodeMessage,
  type TensorMessage,
  type ValueInfoMessage,
} from './schema.ts';
import { tensorBytes } from './tensors.ts';

/** The name of the free batch dimension in exported models. */
const BATCH_DIMENSION = 'batch';

/** A tensor type of a model, which knows more element types than a graph. */
interface OnnxType {
  readonly dtype: OnnxDType;
  readonly shape: readonly number[];
}

export interface GraphEmitterOptions {
  readonly target: OnnxEmitter['target'];
  /**
   * A batch size that stands for "any": each dimension that it divides is the batch (or a multiple of it, as batch × block)
   * and stays free in the model. Without it every dimension is fixed.
   */
  readonly freeBatch?: number;
}

export class GraphEmitter implements OnnxEmitter {
  readonly target: OnnxEmitter['target'];
  readonly #freeBatch: number | undefined;
  readonly #nodes: NodeMessage[] = [];
  readonly #initializers: TensorMessage[] = [];
  readonly #inputs: ValueInfoMessage[] = [];
  readonly #outputs: { name: string; value: OnnxValue; type: TensorType }[] = [];
  /** Outputs of emitted nodes, and names of constants, by what computes them. */
  readonly #known = new Map<string, readonly OnnxValue[]>();
  readonly #names = new Set<string>();
  /** The shapes of inputs and weights. */
  readonly #shapes = new Map<OnnxValue, readonly number[]>();
  /** What each reshaped value was before any reshape. */
  readonly #unshaped = new Map<OnnxValue, OnnxValue>();
  /** The bool behind each i32 truth value. */
  readonly #bools = new Map<OnnxValue, OnnxValue>();

  constructor({ target, freeBatch }: GraphEmitterOptions) {
    this.target = target;
    this.#freeBatch = freeBatch;
  }

  /** Declares an input of the model. */
  input(name: string, type: OnnxType): OnnxValue {
    this.#names.add(name);
    this.#shapes.set(name, type.shape);
    this.#inputs.push(this.#valueInfo(name, type));
    return name;
  }

  hostInput(name: string, type: TensorType): OnnxValue {
    if (this.target === 'portable') {
      throw new OnnxExportError({
        reason: `${name} is computed anew for each micro-batch`,
        mend: 'Export the inference graph, which draws nothing.',
      });
    }
    return this.#names.has(name) ? name : this.input(name, type);
  }

  /** Declares a constant of the model under a name of its own: an exported weight. */
  weight(name: string, shape: readonly number[], data: Float32Array): OnnxValue {
    this.#names.add(name);
    this.#shapes.set(name, shape);
    this.#initializers.push({ name, dims: shape, dataType: DATA_TYPE.f32, rawData: bytesOf(data) });
    return name;
  }

  /** Declares an output of the model; it takes effect in {@link finish}. */
  output(name: string, value: OnnxValue, type: TensorType): void {
    this.#outputs.push({ name, value, type });
  }

  node(
    operator: string,
    inputs: readonly OnnxValue[],
    attributes: OnnxAttributes = {},
    options: OnnxNodeOptions = {},
  ): OnnxValue {
    return first(this.nodeOutputs(operator, inputs, options.outputs ?? 1, attributes, options));
  }

  nodeOutputs(
    operator: string,
    inputs: readonly OnnxValue[],
    count: number,
    attributes: OnnxAttributes = {},
    { domain = '' }: OnnxNodeOptions = {},
  ): readonly OnnxValue[] {
    const key = JSON.stringify([operator, domain, inputs, count, attributes]);
    return this.#once(key, () => {
      const output = Array.from({ length: count }, () => this.#name(operator));
      const attribute = Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value));
      this.#nodes.push({
        name: `node/${first(output)}`,
        opType: operator,
        input: inputs,
        output,
        attribute,
        ...(domain && { domain }),
      });
      return output;
    });
  }

  /**
   * addend + value. A matrix product that nothing else reads takes the addend in itself: one pass over memory less, and
   * for a small batch the sum costs as much as the product.
   */
  add(addend: OnnxValue, value: OnnxValue): OnnxValue {
    const node = this.#nodes.find(({ output }) => output.includes(value));
    const read = this.#nodes.some(({ input }) => input.includes(value)) || this.#outputs.some((o) => o.value === value);
    if (node?.opType !== 'Gemm' || node.input.length !== 2 || read) return this.node('Add', [addend, value]);
    const output = this.#name('Gemm');
    this.#nodes.push({ ...node, name: `node/${output}`, input: [...node.input, addend], output: [output] });
    return output;
  }

  constant(dtype: OnnxDType, shape: readonly number[], values: readonly number[]): OnnxValue {
    const key = `constant ${dtype} ${shape.join()}: ${values.join()}`;
    return first(
      this.#once(key, () => {
        const name = this.#name('constant');
        this.#initializers.push({ name, dims: shape, dataType: DATA_TYPE[dtype], rawData: tensorBytes(dtype, values) });
        return [name];
      }),
    );
  }

  scalar(value: number): OnnxValue {
    return this.constant('f32', [], [value]);
  }

  integers(values: readonly number[]): OnnxValue {
    return this.constant('i64', [values.length], values);
  }

  reshape(value: OnnxValue, shape: readonly number[]): OnnxValue {
    const first = this.#unshaped.get(value) ?? value;
    const own = this.#shapes.get(first);
    if (own && sameShape(own, shape)) return first;
    const reshaped = this.node('Reshape', [first, this.integers(this.#freeShape(shape))]);
    this.#unshaped.set(reshaped, first);
    return reshaped;
  }

  transpose(value: OnnxValue, permutation: readonly number[]): OnnxValue {
    return this.node('Transpose', [value], { perm: permutation });
  }

  cast(value: OnnxValue, dtype: OnnxDType): OnnxValue {
    return this.node('Cast', [value], { to: DATA_TYPE[dtype] });
  }

  fromBool(value: OnnxValue): OnnxValue {
    const truth = this.cast(value, 'i32');
    this.#bools.set(truth, value);
    return truth;
  }

  toBool(value: OnnxValue): OnnxValue {
    return this.#bools.get(value) ?? this.cast(value, 'bool');
  }

  broadcast({ name, type }: OnnxOperand, shape: readonly number[]): OnnxValue {
    const lead = shape.length - type.shape.length;
    // Expand leaves a dimension alone where it is told 1, so a batch that the operand has already needs no size.
    const target = shape.map((size, axis) => (this.#isFree(size) && type.shape[axis - lead] === size ? 1 : size));
    this.#refuseFree(target);
    return this.node('Expand', [name, this.integers(target)]);
  }

  fill(shape: readonly number[], value: number): OnnxValue {
    this.#refuseFree(shape);
    return shape.length === 0 ? this.scalar(value) : this.node('Expand', [this.scalar(value), this.integers(shape)]);
  }

  /** The graph message: outputs get their declared names, by renaming where a node computes them, else by an Identity. */
  finish(name: string): GraphMessage {
    const renamed = new Map<OnnxValue, string>();
    const computed = new Set(this.#nodes.flatMap((node) => node.output));
    for (const output of this.#outputs) {
      if (computed.has(output.value) && !renamed.has(output.value)) renamed.set(output.value, output.name);
      else
        this.#nodes.push({
          name: `node/${output.name}`,
          opType: 'Identity',
          input: [output.value],
          output: [output.name],
          attribute: [],
        });
    }
    const rename = (value: OnnxValue): string => renamed.get(value) ?? value;
    const nodes = this.#wantedNodes();
    const read = new Set(nodes.flatMap(({ input }) => input));
    return {
      name,
      node: nodes.map((node) => ({
        ...node,
        input: node.input.map(rename),
        output: node.output.map(rename),
      })),
      // Weights are the model's whether they are read or not; constants are ours.
      initializer: this.#initializers.filter((tensor) => read.has(tensor.name) || this.#shapes.has(tensor.name)),
      input: this.#inputs,
      output: this.#outputs.map((output) => this.#valueInfo(output.name, output.type)),
    };
  }

  /** The nodes that some output depends on: onnxruntime would run the others too. */
  #wantedNodes(): readonly NodeMessage[] {
    const wanted = new Set<OnnxValue>(this.#outputs.flatMap(({ name, value }) => [name, value]));
    const kept = this.#nodes.toReversed().filter(({ input, output }) => {
      if (!output.some((value) => wanted.has(value))) return false;
      input.forEach((value) => wanted.add(value));
      return true;
    });
    return kept.toReversed();
  }

  #once(key: string, emit: () => readonly OnnxValue[]): readonly OnnxValue[] {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const values = emit();
    this.#known.set(key, values);
    return values;
  }

  /** A value name that nobody has: parameters may be called anything. */
  #name(stem: string): OnnxValue {
    let name = `${stem}_${this.#names.size}`;
    while (this.#names.has(name)) name = `${name}_`;
    this.#names.add(name);
    return name;
  }

  #isFree(size: number): boolean {
    return this.#freeBatch !== undefined && size % this.#freeBatch === 0;
  }

  #refuseFree(shape: readonly number[]): void {
    if (!shape.some((size) => this.#isFree(size))) return;
    throw new OnnxExportError({
      reason: 'an op repeats a value over the batch, whose size a model with a free batch does not know',
      mend: 'Export with a fixed batch.',
    });
  }

  /** -1 for the dimension that has the batch in it: a Reshape infers one dimension, not more. */
  #freeShape(shape: readonly number[]): readonly number[] {
    if (shape.filter((size) => this.#isFree(size)).length > 1) {
      throw new OnnxExportError({
        reason: `the batch appears twice in shape [${shape.join()}]`,
        mend: 'Export with a fixed batch.',
      });
    }
    return shape.map((size) => (this.#isFree(size) ? -1 : size));
  }

  #valueInfo(name: string, { dtype, shape }: OnnxType): ValueInfoMessage {
    const dim = shape.map((size) => this.#dimension(size));
    return { name, type: { tensorType: { elemType: DATA_TYPE[dtype], shape: { dim } } } };
  }

  #dimension(size: number): DimensionMessage {
    if (this.#freeBatch === undefined || size % this.#freeBatch !== 0) return { dimValue: size };
    const multiple = size / this.#freeBatch;
    return { dimParam: multiple === 1 ? BATCH_DIMENSION : `${BATCH_DIMENSION}_x_${multiple}` };
  }
}

function encodeAttribute(name: string, value: OnnxAttributes[string]): AttributeMessage {
  if (typeof value === 'number') return { name, type: ATTRIBUTE_TYPE.int, i: value };
  if (typeof value === 'string') return { name, type: ATTRIBUTE_TYPE.string, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
  return { name, type: ATTRIBUTE_TYPE.ints, ints: value };
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function first(values: readonly OnnxValue[]): OnnxValue {
  const value = values[0];
  if (value === undefined) throw new RangeError('A node has at least one output. Ask for one.');
  return value;
}
