/**
 * Records a graph in which constants are computed at once: an op whose operands are all constants is run by its own
 * float64 reference, so shape arithmetic, masks and position tables cost nothing later, and no op's meaning is written twice.
 * Inputs may be declared at any time; {@link Recorder.finish} puts them first.
 */
import { naturals, number } from '../../graph/attributes.ts';
import { definitionOf, inferCall } from '../../graph/check-call.ts';
import type { Attributes, DType, Graph, GraphInput, GraphNode, TensorType, ValueId } from '../../graph/graph.ts';
import type { Emitter } from '../../graph/op.ts';
import { elements, sameShape, type Shape } from '../../ops/shape.ts';
import { compressed, isUniform } from './constant-shape.ts';
import { Refusal } from './refusal.ts';

export type Numbers = Float64Array | Float32Array;

/** A tensor that stands in the file or follows from it; the graph reads it as a frozen parameter. */
export interface ConstantTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Numbers;
}

type Entry =
  | { readonly kind: 'input'; readonly type: TensorType; readonly input: GraphInput }
  | { readonly kind: 'node'; readonly type: TensorType; readonly node: GraphNode }
  | { readonly kind: 'constant'; readonly type: TensorType; readonly values: Numbers; label: string };

/** Most elements of a constant that is computed, and of all of them together. */
const MAX_CONSTANT = 2 ** 22;
const MAX_WORK = 2 ** 26;

/** Whole numbers up to here are exact in f32, as which constants are kept. */
const MAX_EXACT_F32 = 2 ** 24;

/** Infinities of masks, as near as a graph can hold them: every constant of a graph is finite. */
const F32_MAX = 3.4028234663852886e38;
const finite = (value: number): number => Math.max(-F32_MAX, Math.min(F32_MAX, value));

const SMALL_FILL = 2 ** 12;
const isSmall = (attributes: Attributes): boolean => elements(naturals(attributes, 'shape')) <= SMALL_FILL;

export class Recorder implements Emitter {
  readonly #entries: Entry[] = [];
  readonly #constants = new Map<string, ConstantTensor>();
  readonly #inputs = new Map<string, ValueId>();
  /** The graph value that stands for a constant, by the constant's id. */
  readonly #materialised = new Map<ValueId, ValueId>();
  #work = MAX_WORK;

  input(name: string, type: TensorType, role: GraphInput['role']): ValueId {
    return this.#entries.push({ kind: 'input', type, input: { name, type, role } }) - 1;
  }

  constant(dtype: DType, shape: Shape, values: Numbers): ValueId {
    return this.#entries.push({ kind: 'constant', type: { dtype, shape }, values, label: '' }) - 1;
  }

  /** Names a constant after the file's value, for the case that the graph has to read it. */
  label(value: ValueId, name: string): void {
    const entry = this.#entries[value];
    if (entry?.kind === 'constant' && entry.label === '') entry.label = name;
  }

  typeOf(value: ValueId): TensorType {
    return this.#entry(value).type;
  }

  shapeOf(value: ValueId): Shape {
    return this.typeOf(value).shape;
  }

  /** The elements of a constant; null for what only a run of the graph can tell. */
  constantOf(value: ValueId): Numbers | null {
    const entry = this.#entry(value);
    return entry.kind === 'constant' ? entry.values : null;
  }

  /** The node behind a value, to recognise what exporters take apart. */
  nodeOf(value: ValueId): GraphNode | null {
    const entry = this.#entry(value);
    return entry.kind === 'node' ? entry.node : null;
  }

  /** @throws GraphError when the call is illegal */
  apply(op: string, inputs: readonly ValueId[], attributes: Attributes = {}): ValueId {
    const operands = inputs.map((value) => this.constantOf(value));
    if (op === 'fill' && isSmall(attributes)) return this.#fill(attributes);
    if (inputs.length > 0 && operands.every((values) => values !== null))
      return this.#compute(op, inputs, operands, attributes);
    return this.#node(
      op,
      inputs.map((value) => this.materialise(value)),
      attributes,
    );
  }

  /** A value that nodes can read: constants become fills or frozen parameters, in their smallest form. */
  materialise(value: ValueId): ValueId {
    const entry = this.#entry(value);
    if (entry.kind !== 'constant') return value;
    const known = this.#materialised.get(value) ?? this.#declare(entry);
    this.#materialised.set(value, known);
    return known;
  }

  /** The graph of what the outputs need, and the constants that it reads. */
  finish(outputs: readonly { readonly name: string; readonly value: ValueId }[]): {
    graph: Graph;
    constants: ConstantTensor[];
  } {
    const roots = outputs.map(({ name, value }) => ({ name, value: this.materialise(value) }));
    const live = this.#liveFrom(roots.map(({ value }) => value));
    const inputs: GraphInput[] = [];
    const nodes: GraphNode[] = [];
    const renamed = new Map<ValueId, ValueId>();
    const ids = [...live].sort((a, b) => a - b);
    for (const id of ids) {
      const entry = this.#entry(id);
      if (entry.kind === 'input') renamed.set(id, inputs.push(entry.input) - 1);
    }
    for (const id of ids) {
      const entry = this.#entry(id);
      if (entry.kind !== 'node') continue;
      const node = { ...entry.node, inputs: entry.node.inputs.map((value) => renamed.get(value) ?? -1) };
      renamed.set(id, inputs.length + nodes.push(node) - 1);
    }
    const names = new Set(inputs.map(({ name }) => name));
    return {
      graph: { inputs, nodes, outputs: roots.map(({ name, value }) => ({ name, value: renamed.get(value) ?? -1 })) },
      constants: [...this.#constants.values()].filter(({ name }) => names.has(name)),
    };
  }

  #node(op: string, inputs: readonly ValueId[], attributes: Attributes): ValueId {
    const output = inferCall({ op, place: 'import', attributes, inputs: inputs.map((value) => this.typeOf(value)) });
    return this.#entries.push({ kind: 'node', type: output, node: { op, inputs, attributes, output } }) - 1;
  }

  #entry(value: ValueId): Entry {
    const entry = this.#entries[value];
    if (entry !== undefined) return entry;
    throw new RangeError(`There is no value ${value}. Use ids that this recorder returned.`);
  }

  /** A fill as a constant, so that what follows from it is one too; a node reads it as the fill that it was. */
  #fill(attributes: Attributes): ValueId {
    const shape = naturals(attributes, 'shape');
    return this.constant('f32', shape, new Float64Array(elements(shape)).fill(number(attributes, 'value')));
  }

  /** Runs an op on constants. Whole numbers are computed as f32 values are, in float64, where they stay whole. */
  #compute(op: string, inputs: readonly ValueId[], operands: readonly Numbers[], attributes: Attributes): ValueId {
    const definition = definitionOf(op, 'import');
    const kinds = 'variadic' in definition.operands ? inputs.map(() => definition.operands) : definition.operands;
    const types = inputs.map((value, index): TensorType => {
      const { dtype, shape } = this.typeOf(value);
      const kind = kinds[index];
      return { dtype: kind === 'any' ? dtype : kind === 'i32' ? 'i32' : 'f32', shape };
    });
    const output = inferCall({ op, place: 'import', attributes, inputs: types });
    const call = { inputs: types, attributes, output };
    this.#spend(elements(output.shape), definition.flops(call));
    const values = definition.reference({ ...call, operands: operands.map((given) => Float64Array.from(given)) });
    return this.constant(output.dtype, output.shape, values);
  }

  #spend(size: number, flops: number): void {
    this.#work -= size + flops;
    if (size <= MAX_CONSTANT && this.#work >= 0) return;
    throw new Refusal(`it computes a constant of ${size} elements, more than is computed at import`);
  }

  #declare({ type: { dtype, shape }, values, label }: Extract<Entry, { kind: 'constant' }>): ValueId {
    if (dtype === 'i32') {
      if (values.some((value) => Math.abs(value) > MAX_EXACT_F32))
        throw new Refusal('whole numbers beyond 2²⁴ meet the data here');
      return this.apply('toI32', [this.materialise(this.constant('f32', shape, values))]);
    }
    if (values.some(Number.isNaN)) throw new Refusal('a constant of the file is not a number, and meets the data here');
    if (isUniform(values)) return this.#node('fill', [], { value: finite(values[0] ?? 0), shape });
    const small = compressed(shape, values);
    const input = this.#constantInput(label, { shape: small.shape, values: small.values.map(finite) });
    return elements(small.shape) === elements(shape) ? input : this.apply('broadcast', [input], { shape });
  }

  /** Equal constants are one parameter. */
  #constantInput(label: string, { shape, values }: Omit<ConstantTensor, 'name'>): ValueId {
    const known = [...this.#constants.values()].find(
      (other) => sameShape(other.shape, shape) && other.values.every((value, at) => Object.is(value, values[at])),
    );
    const name = known?.name ?? this.#constantName(label, { shape });
    this.#constants.set(name, { name, shape, values });
    const declared = this.#inputs.get(name) ?? this.input(name, { dtype: 'f32', shape }, 'parameter');
    this.#inputs.set(name, declared);
    return declared;
  }

  #constantName(label: string, { shape }: { shape: Shape }): string {
    const stem = label === '' ? `constant/${shape.join('x')}` : label;
    let name = stem;
    for (let copy = 1; this.#constants.has(name); copy++) name = `${stem}/${copy}`;
    return name;
  }

  #liveFrom(roots: readonly ValueId[]): Set<ValueId> {
    const live = new Set<ValueId>();
    const pending = [...roots];
    for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
      if (live.has(value)) continue;
      live.add(value);
      const entry = this.#entry(value);
      if (entry.kind === 'node') pending.push(...entry.node.inputs);
    }
    return live;
  }
}
