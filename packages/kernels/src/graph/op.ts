/**
 * What an op is: everything about it in one definition, so that adding an op is adding one file and a conformance row.
 * Legality that is data (attributes, operand types) stands here as data and is checked in one place (`check-call.ts`);
 * `infer` has only the shape rule left.
 */
import type { ExactLowering } from '../canonical/kernel.ts';
import type { OnnxLowering } from '../onnx/lowering.ts';
import type { WgslLowering } from '../webgpu/lowering.ts';
import type { Attributes, DType, TensorType, ValueId } from './graph.ts';

/** `natural`: an integer ≥ 0. `naturals`: a list of them. `number`: any number that is finite in f32. */
export type AttributeKind = 'flag' | 'number' | 'natural' | 'naturals';
type OperandKind = DType | 'any';

/** One use of an op, before its output type is known. `place` names it in errors (`node 7`). */
export interface OpCall {
  readonly op: string;
  readonly place: string;
  readonly inputs: readonly TensorType[];
  readonly attributes: Attributes;
}

/** One use of an op whose types are known and legal: what costs and lowerings see. */
export interface TypedCall {
  readonly inputs: readonly TensorType[];
  readonly attributes: Attributes;
  readonly output: TensorType;
}

/** A typed call with the operands' elements, row-major; i32 values are held as whole numbers. */
export interface ReferenceCall extends TypedCall {
  readonly operands: readonly Float64Array[];
}

/** Appends nodes to a graph under construction; `GraphBuilder` is the one implementation. */
export interface Emitter {
  apply(op: string, inputs: readonly ValueId[], attributes?: Attributes): ValueId;
  typeOf(value: ValueId): TensorType;
}

interface GradientContext {
  readonly emit: Emitter;
  readonly inputs: readonly ValueId[];
  readonly output: ValueId;
  readonly attributes: Attributes;
  /** ∂loss/∂output, of the output's type. */
  readonly outputGradient: ValueId;
}

/**
 * Emits ∂loss/∂inputᵢ for each input, each of that input's type; null for an input that carries no derivative (i32
 * operands, sample weights). Nodes that turn out to be unneeded are removed afterwards, so a rule emits all of them.
 */
export type GradientRule = (context: GradientContext) => readonly (ValueId | null)[];

/**
 * Emits what an op computes as other ops, and returns the value of its output's type. A backend may take this instead of a
 * lowering of its own; the op's reference stays its meaning.
 */
export type Expansion = (context: {
  readonly emit: Emitter;
  readonly inputs: readonly ValueId[];
  readonly attributes: Attributes;
}) => ValueId;

/** Why an op has no gradient rule; ends up in `NotDifferentiableError`. */
export interface NotDifferentiable {
  readonly reason: string;
}

export interface OpDefinition {
  readonly name: string;
  /** Operand types in order; `variadic` means one or more of one kind. */
  readonly operands: readonly OperandKind[] | { readonly variadic: OperandKind };
  /** Every attribute of the op; all are required and no other is allowed, so that equal calls have equal text. */
  readonly attributes: Readonly<Record<string, AttributeKind>>;
  /** The shape rule. @throws GraphError naming op and place */
  readonly infer: (call: OpCall) => TensorType;
  readonly gradient: GradientRule | NotDifferentiable;
  /** The op's meaning: its float64 result, row-major. Backends are compared with this. */
  readonly reference: (call: ReferenceCall) => Float64Array;
  /** Floating-point operations, a transcendental function counted as one. */
  readonly flops: (call: TypedCall) => number;
  /** Bytes read and written by one run of the op on its own, at 4 bytes an element. */
  readonly bytes: (call: TypedCall) => number;
  /** The op as other ops, where it can be said so; backends without a lowering for it take this. */
  readonly expand?: Expansion;
  readonly onnx: OnnxLowering | 'expand';
  readonly wgsl: WgslLowering;
  /** Absent where the op expands, or is not offered in exact numerics. */
  readonly exact?: ExactLowering;
}

export type OpTable = Readonly<Record<string, OpDefinition>>;
