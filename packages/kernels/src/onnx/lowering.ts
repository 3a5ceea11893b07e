/**
 * What an op's `onnx` property is written against: it receives its node's operands by ONNX value name and emits ONNX
 * nodes that compute its output.
 *
 * The emitter shares equal nodes (same operator, inputs and attributes give the same value), so a gradient op may
 * recompute what its forward op computed, mean and deviation for example, at no cost.
 */
import type { Attributes, TensorType } from '../graph/graph.ts';

/** Name of an ONNX value. */
export type OnnxValue = string;

/** ONNX node attributes: integers unless wrapped by {@link OnnxFloat}. */
export type OnnxAttributes = Readonly<Record<string, number | string | readonly number[] | OnnxFloat>>;

/** A float attribute; a bare number would be encoded as an integer. */
interface OnnxFloat {
  readonly float: number;
}

export type OnnxDType = 'f32' | 'i32' | 'i64' | 'bool';

export interface OnnxNodeOptions {
  /** `''` is the standard operator set; `com.microsoft` holds onnxruntime's contributed operators. */
  readonly domain?: '' | 'com.microsoft';
  /** How many outputs the node has; 1 unless given. */
  readonly outputs?: number;
}

export interface OnnxEmitter {
  /** `portable` graphs use only standard operators (exported models); `onnxruntime` ones may use `com.microsoft`. */
  readonly target: 'portable' | 'onnxruntime';
  /** Emits a node and returns its first output. An empty string stands for an omitted optional input. */
  node(
    operator: string,
    inputs: readonly OnnxValue[],
    attributes?: OnnxAttributes,
    options?: OnnxNodeOptions,
  ): OnnxValue;
  /** Emits a node with several outputs. */
  nodeOutputs(
    operator: string,
    inputs: readonly OnnxValue[],
    count: number,
    attributes?: OnnxAttributes,
    options?: OnnxNodeOptions,
  ): readonly OnnxValue[];
  /** A constant tensor; a scalar where `shape` is `[]`. */
  constant(dtype: OnnxDType, shape: readonly number[], values: readonly number[]): OnnxValue;
  /** A constant f32 scalar. */
  scalar(value: number): OnnxValue;
  /** A constant i64 vector `[values.length]`, for axes, starts, pads. */
  integers(values: readonly number[]): OnnxValue;
  /** Reshape to concrete dimensions; the batch dimension becomes free where the model is exported with one. */
  reshape(value: OnnxValue, shape: readonly number[]): OnnxValue;
  /** Transpose by permutation. */
  transpose(value: OnnxValue, permutation: readonly number[]): OnnxValue;
  /** An input of the model that its runner computes from other inputs; declared once a name. Not for portable models. */
  hostInput(name: string, type: TensorType): OnnxValue;
  cast(value: OnnxValue, dtype: OnnxDType): OnnxValue;
  /** An i32 0 or 1 for a bool: what a comparison of the graph gives. */
  fromBool(value: OnnxValue): OnnxValue;
  /** A bool for an i32 truth value; the very bool where {@link fromBool} made the value, so that no cast runs. */
  toBool(value: OnnxValue): OnnxValue;
  /** Repeats a tensor to a larger shape by the numpy rule. */
  broadcast(operand: OnnxOperand, shape: readonly number[]): OnnxValue;
  /** An f32 tensor of `shape` filled with a number. */
  fill(shape: readonly number[], value: number): OnnxValue;
}

export interface OnnxOperand {
  readonly name: OnnxValue;
  readonly type: TensorType;
}

export interface OnnxLoweringContext {
  readonly emit: OnnxEmitter;
  readonly inputs: readonly OnnxOperand[];
  /** The names of `inputs`. Their count has been checked, so a default in a destructuring is never taken. */
  readonly names: readonly OnnxValue[];
  readonly output: TensorType;
  readonly attributes: Attributes;
}

/** Emits one graph node; returns the ONNX value that holds its output. */
export type OnnxLowering = (context: OnnxLoweringContext) => OnnxValue;

/** The lowering of an op that an ONNX operator computes just so. */
export const onnxOperator =
  (operator: string): OnnxLowering =>
  ({ emit, names }) =>
    emit.node(operator, names);
