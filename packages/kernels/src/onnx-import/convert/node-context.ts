/** What an operator's conversion sees of its node: operands as values, attributes with their defaults, and a recorder. */
import { definitionOf } from '../../graph/check-call.ts';
import type { Attributes, ValueId } from '../../graph/graph.ts';
import { broadcastShapes, elements, sameShape, type Shape } from '../../ops/shape.ts';
import type { ElementType, FileAttribute, FileNode } from '../reader/model-file.ts';
import { tensorElements } from '../reader/tensor-elements.ts';
import type { Numbers, Recorder } from './recorder.ts';
import { refuseNode } from './refusal.ts';

/** A value of the file: the recorder's value and its element type in the file (graphs know f32 and i32 alone). */
export interface Value {
  readonly id: ValueId;
  readonly element: ElementType;
}

/** What the whole conversion shares. */
export interface Setting {
  readonly emit: Recorder;
  readonly opset: number;
  /** Samples that the graph is made for. */
  readonly batch: number;
  /** The batch size written into the file, where it has a fixed one. */
  readonly fileBatch: number | null;
  /** Null where the graph is to evaluate or predict. */
  readonly training: TrainingSetting | null;
  readonly isStatistic: (name: string) => boolean;
}

export interface TrainingSetting {
  /** [batch] f32 data input: 1 for a sample, 0 for padding. */
  readonly weight: ValueId;
  /** i32 [2] data input of what draws random numbers. */
  readonly seed: ValueId;
  /** Asks that the running statistic become θ − change. */
  statistic(name: string, change: ValueId): void;
}

export const isFloat = (element: ElementType): boolean => element === 'f32' || element === 'f16' || element === 'f64';

/** Whether an op's first operand may be of either dtype. */
function takesAny(op: string): boolean {
  const { operands } = definitionOf(op, 'import');
  return 'variadic' in operands ? operands.variadic === 'any' : operands[0] === 'any';
}

export class NodeContext {
  readonly node: FileNode;
  readonly setting: Setting;
  readonly #inputs: readonly (Value | null)[];

  constructor(node: FileNode, inputs: readonly (Value | null)[], setting: Setting) {
    this.node = node;
    this.setting = setting;
    this.#inputs = inputs;
  }

  get emit(): Recorder {
    return this.setting.emit;
  }

  /** Whether the run moves the tensor `name` as a running statistic. */
  isStatistic(name: string): boolean {
    return this.setting.isStatistic(name);
  }

  input(index: number): Value {
    return this.#inputs[index] ?? refuseNode(`its input ${index} is missing`);
  }

  optional(index: number): Value | null {
    return this.#inputs[index] ?? null;
  }

  all(): Value[] {
    return this.#inputs.map((_, index) => this.input(index));
  }

  shape(value: Value): Shape {
    return this.emit.shapeOf(value.id);
  }

  constantOf(value: Value): Numbers | null {
    return this.emit.constantOf(value.id);
  }

  /** Whole numbers that have to be known now: shapes, axes, bounds. */
  integers(value: Value): number[] {
    const values = this.constantOf(value) ?? refuseNode('a shape, axis or bound depends on the data');
    return Array.from(values);
  }

  /** The one element of a constant; null for anything else. */
  scalar(value: Value): number | null {
    const values = this.constantOf(value);
    return values !== null && values.length === 1 ? (values[0] ?? null) : null;
  }

  apply(op: string, inputs: readonly ValueId[], attributes: Attributes = {}): ValueId {
    return this.emit.apply(op, inputs, attributes);
  }

  /**
   * One op, as a value of the first operand's element type. Whole numbers out of the data (token ids) go through f32 where
   * the op knows nothing else; up to 2²⁴ they are exact there.
   */
  same(op: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    const element = inputs[0]?.element ?? 'f32';
    const ids = inputs.map(({ id }) => id);
    if (isFloat(element) || takesAny(op)) return { id: this.apply(op, ids, attributes), element };
    if (inputs.every((input) => this.constantOf(input) !== null))
      return this.#retyped(element, this.apply(op, ids, attributes));
    const result = this.apply(
      op,
      ids.map((id) => this.apply('toF32', [id])),
      attributes,
    );
    return { id: this.apply('toI32', [result]), element };
  }

  /** Whole numbers that were computed as f32 are whole numbers again. */
  #retyped(element: ElementType, id: ValueId): Value {
    return this.constant(element, this.emit.shapeOf(id), this.emit.constantOf(id) ?? new Float64Array());
  }

  reshape(value: Value, shape: Shape): Value {
    const from = this.shape(value);
    if (elements(from) !== elements(shape)) refuseNode(`it reshapes [${from}] to [${shape}]`);
    const constant = this.constantOf(value);
    // Tensors without elements live at import alone, where no op sees them.
    if (constant !== null) return this.constant(value.element, shape, constant);
    return this.same('reshape', [value], { shape: [...shape] });
  }

  /** Repeats a value to the numpy broadcast of its shape and `shape`. */
  broadcast(value: Value, shape: Shape): Value {
    if (sameShape(this.shape(value), shape)) return value;
    const target = broadcastShapes(this.shape(value), shape);
    if (target === null) refuseNode(`[${this.shape(value)}] doesn't broadcast to [${shape}]`);
    return this.same('broadcast', [value], { shape: target });
  }

  /** A constant of the file's element type. */
  constant(element: ElementType, shape: Shape, values: Numbers): Value {
    return { id: this.emit.constant(isFloat(element) ? 'f32' : 'i32', shape, values), element };
  }

  fill(value: number, shape: Shape = []): ValueId {
    return this.emit.constant('f32', shape, new Float64Array(elements(shape)).fill(value));
  }

  int(name: string, fallback: number): number {
    return this.#attribute(name, 'int')?.value ?? fallback;
  }

  float(name: string, fallback: number): number {
    return this.#attribute(name, 'float')?.value ?? fallback;
  }

  ints(name: string): readonly number[] | null {
    return this.#attribute(name, 'ints')?.value ?? null;
  }

  text(name: string, fallback: string): string {
    return this.#attribute(name, 'string')?.value ?? fallback;
  }

  tensor(name: string): Value | null {
    const found = this.#attribute(name, 'tensor');
    if (found === null) return null;
    const { type, shape, values } = tensorElements(found.value);
    return this.constant(type, shape, values);
  }

  /** An axis attribute or operand as a natural number below `rank`. */
  axis(axis: number, rank: number): number {
    const natural = axis < 0 ? axis + rank : axis;
    return Number.isInteger(natural) && natural >= 0 && natural < rank
      ? natural
      : refuseNode(`axis ${axis} is not an axis of a tensor of rank ${rank}`);
  }

  /** Axes, ascending and each once. */
  axes(axes: readonly number[], rank: number): number[] {
    const natural = axes.map((axis) => this.axis(axis, rank)).sort((a, b) => a - b);
    if (new Set(natural).size !== natural.length) refuseNode(`axes [${axes}] name one twice`);
    return natural;
  }

  #attribute<K extends FileAttribute['kind']>(name: string, kind: K): Extract<FileAttribute, { kind: K }> | null {
    const found = this.node.attributes.get(name);
    if (found === undefined) return null;
    if (found.kind === kind) return found as Extract<FileAttribute, { kind: K }>;
    return refuseNode(`its attribute ${name} is of the kind "${found.kind}", expected "${kind}"`);
  }
}

/** Makes a node's outputs. */
export type Convert = (context: NodeContext) => readonly Value[];

export interface Conversion {
  readonly convert: Convert;
  /**
   * Whether a derivative flows from the output to operand `index`: it tells weights from masks, indices and shapes. Every
   * operand unless given.
   */
  readonly flows?: (index: number) => boolean;
}

/** A derivative flows to the first operand alone; the others are shapes, axes and bounds. */
export const firstOperand = (index: number): boolean => index === 0;
export const noOperand = (): boolean => false;
