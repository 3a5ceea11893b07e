/** The graph: a list of single-assignment nodes over typed tensors. Data, not code: it can be verified, printed and hashed. */

export type DType = 'f32' | 'i32';

export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A value of the graph: the graph's inputs come first, then one value a node. */
export type ValueId = number;

/** JSON data that an op declares; its legality is checked by the op's shape rule. */
export type Attributes = Readonly<Record<string, number | string | boolean | readonly number[]>>;

export interface GraphInput {
  readonly name: string;
  readonly type: TensorType;
  readonly role: 'parameter' | 'data';
}

export interface GraphNode {
  /** A key of the op table (`ops/index.ts`). */
  readonly op: string;
  readonly inputs: readonly ValueId[];
  readonly attributes: Attributes;
  readonly output: TensorType;
}

export interface GraphOutput {
  readonly name: string;
  readonly value: ValueId;
}

/** Value `i` is `inputs[i]` for `i < inputs.length`, else the output of `nodes[i - inputs.length]`. */
export interface Graph {
  readonly inputs: readonly GraphInput[];
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly GraphOutput[];
}
