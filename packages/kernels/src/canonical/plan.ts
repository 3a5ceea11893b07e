/**
 * From a verified graph to the list of exact calls that computes it, over numbered tensors: what both renderers run. Pure.
 * Elementwise nodes that only elementwise nodes of their shape read are computed inside them; each graph value is flushed
 * there as if it were stored, so that fusing never changes a bit.
 */
import { expandNodes, expansionIn } from '../graph/expand.ts';
import { spreadConstants } from '../graph/spread-constants.ts';
import type { Graph, GraphNode, TensorType, ValueId } from '../graph/graph.ts';
import type { Expansion, OpTable } from '../graph/op.ts';
import { UnsupportedOpError } from '../backend/errors.ts';
import { broadcastIndex, flush, load, loadInt } from './build.ts';
import type { Expr } from './expression.ts';
import type { CanonicalOperand, ExactLowering, MatrixProduct, Movement } from './kernel.ts';

/** A tensor of the plan: the graph's inputs come first, then what the steps make. Views share their operand's. */
export type CanonicalTensor = number;

export interface MapStep {
  readonly kind: 'map';
  /** The op, or the ops of a fused chain, for messages and traces. */
  readonly label: string;
  readonly operands: readonly CanonicalTensor[];
  readonly output: CanonicalTensor;
  readonly shape: readonly number[];
  readonly value: Expr;
  readonly moves?: Movement | undefined;
}

export interface ProductStep {
  readonly kind: 'product';
  readonly label: string;
  readonly a: CanonicalTensor;
  readonly b: CanonicalTensor;
  readonly output: CanonicalTensor;
  readonly problem: MatrixProduct;
}

export type CanonicalStep = MapStep | ProductStep;

export interface CanonicalPlan {
  /** In an order in which every tensor is written, once, before it is read. */
  readonly steps: readonly CanonicalStep[];
  /** Each tensor's type as it was first made; ids below `inputs` are the graph's inputs. */
  readonly tensors: readonly TensorType[];
  readonly inputs: number;
  /** The tensor behind each graph output, in order. */
  readonly outputs: readonly CanonicalTensor[];
}

/** Most tensors that a fused map reads: with its output within the 8 storage bindings of any WebGPU device. */
const MAX_OPERANDS = 7;

/** @throws UnsupportedOpError when an op has no exact lowering */
export function planCanonical(graph: Graph, ops: OpTable): CanonicalPlan {
  const expanded = expandNodes(graph, expansionWhereNeeded(ops));
  return new Planner(
    spreadConstants(expanded, (node) => exactLowering(node, ops).kind === 'elementwise'),
    ops,
  ).plan();
}

/** Ops without exact arithmetic of their own are computed as the ops that they are made of. */
const expansionWhereNeeded =
  (ops: OpTable) =>
  (node: GraphNode): Expansion | null =>
    Object.hasOwn(ops, node.op) && ops[node.op]?.exact ? null : expansionIn(ops)(node);

class Planner {
  readonly #graph: Graph;
  readonly #lowerings: readonly ExactLowering[];
  readonly #fused: ReadonlySet<number>;
  readonly #tensors: TensorType[];
  /** The tensor that holds each value; undefined for values that live only inside a fused map. */
  readonly #tensorOf: (CanonicalTensor | undefined)[];
  readonly #steps: CanonicalStep[] = [];

  constructor(graph: Graph, ops: OpTable) {
    this.#graph = graph;
    this.#lowerings = graph.nodes.map((node) => exactLowering(node, ops));
    this.#fused = fusedNodes(graph, this.#lowerings);
    this.#tensors = graph.inputs.map(({ type }) => type);
    this.#tensorOf = graph.inputs.map((_, value) => value);
  }

  plan(): CanonicalPlan {
    this.#graph.nodes.forEach((node, index) => this.#tensorOf.push(this.#place(node, index)));
    return {
      steps: this.#steps,
      tensors: this.#tensors,
      inputs: this.#graph.inputs.length,
      outputs: this.#graph.outputs.map(({ value }) => this.#stored(value)),
    };
  }

  #stored(value: ValueId): CanonicalTensor {
    const tensor = this.#tensorOf[value];
    if (tensor === undefined) throw new RangeError(`Value ${value} is not stored. Verify the graph first.`);
    return tensor;
  }

  #typeOf(value: ValueId): TensorType {
    const { inputs, nodes } = this.#graph;
    return inputs[value]?.type ?? nodes[value - inputs.length]?.output ?? { dtype: 'f32', shape: [] };
  }

  #make(type: TensorType): CanonicalTensor {
    return this.#tensors.push(type) - 1;
  }

  #place(node: GraphNode, index: number): CanonicalTensor | undefined {
    const lowering = this.#lowerings[index];
    if (lowering?.kind === 'view') return this.#stored(node.inputs[0] ?? -1);
    if (this.#fused.has(index)) return undefined;
    return lowering?.kind === 'calls' ? this.#calls(node, lowering) : this.#elementwise(node, index);
  }

  #calls(node: GraphNode, lowering: Extract<ExactLowering, { kind: 'calls' }>): CanonicalTensor {
    const { op: label, attributes, output: type } = node;
    const inputs = node.inputs.map((value) => this.#typeOf(value));
    const { calls, scratch = [] } = lowering.lower({ inputs, attributes, output: type });
    const result = this.#make(type);
    const temporaries = scratch.map((temporary) => this.#make(temporary));
    const tensor = (operand: CanonicalOperand): CanonicalTensor => {
      if (operand.from === 'output') return result;
      return operand.from === 'input'
        ? this.#stored(node.inputs[operand.index] ?? -1)
        : (temporaries[operand.index] ?? -1);
    };
    for (const call of calls) {
      const output = tensor(call.output);
      this.#steps.push(
        call.kind === 'map'
          ? { ...call, label, operands: call.operands.map(tensor), output }
          : { kind: 'product', label, a: tensor(call.a), b: tensor(call.b), output, problem: call.problem },
      );
    }
    return result;
  }

  #elementwise(node: GraphNode, index: number): CanonicalTensor {
    const chain = new Chain(this.#graph, this.#lowerings, this.#fused, (value) => this.#stored(value));
    const value = chain.value(this.#graph.inputs.length + index, node.output.shape);
    const output = this.#make(node.output);
    const label = chain.labels.join(' ');
    this.#steps.push({ kind: 'map', label, operands: chain.operands, output, shape: node.output.shape, value });
    return output;
  }
}

function exactLowering(node: GraphNode, ops: OpTable): ExactLowering {
  const lowering = Object.hasOwn(ops, node.op) ? ops[node.op]?.exact : undefined;
  if (lowering) return lowering;
  throw new UnsupportedOpError({ op: node.op, dtype: node.output.dtype, backend: 'exact' });
}

/** Builds the expression of an elementwise node with its fused producers inside. */
class Chain {
  readonly operands: CanonicalTensor[] = [];
  readonly labels: string[] = [];
  readonly #graph: Graph;
  readonly #lowerings: readonly ExactLowering[];
  readonly #fused: ReadonlySet<number>;
  readonly #stored: (value: ValueId) => CanonicalTensor;
  readonly #values = new Map<ValueId, Expr>();

  constructor(
    graph: Graph,
    lowerings: readonly ExactLowering[],
    fused: ReadonlySet<number>,
    stored: (value: ValueId) => CanonicalTensor,
  ) {
    this.#graph = graph;
    this.#lowerings = lowerings;
    this.#fused = fused;
    this.#stored = stored;
  }

  value(id: ValueId, shape: readonly number[]): Expr {
    const index = id - this.#graph.inputs.length;
    const [node, lowering] = [this.#graph.nodes[index], this.#lowerings[index]];
    if (!node || lowering?.kind !== 'elementwise')
      throw new RangeError(`Value ${id} is not elementwise. Fuse elementwise nodes only.`);
    const known = this.#values.get(id);
    if (known) return known;
    const inputs = node.inputs.map((input) =>
      this.#fused.has(input - this.#graph.inputs.length) ? this.value(input, shape) : this.#load(input, shape),
    );
    const computed = lowering.value(inputs, node.attributes);
    const value = computed.type === 'f32' ? flush(computed) : computed;
    this.#values.set(id, value);
    this.labels.push(node.op);
    return value;
  }

  #load(value: ValueId, shape: readonly number[]): Expr {
    const known = this.#values.get(value);
    if (known) return known;
    const tensor = this.#stored(value);
    if (!this.operands.includes(tensor)) this.operands.push(tensor);
    const { inputs, nodes } = this.#graph;
    const type = inputs[value]?.type ?? nodes[value - inputs.length]?.output;
    const index = broadcastIndex(type?.shape ?? [], shape);
    const loaded = (type?.dtype === 'i32' ? loadInt : load)(this.operands.indexOf(tensor), index);
    this.#values.set(value, loaded);
    return loaded;
  }
}

/** The elementwise nodes whose readers all are elementwise, of their shape, and computed in one map. */
function fusedNodes({ inputs, nodes, outputs }: Graph, lowerings: readonly ExactLowering[]): ReadonlySet<number> {
  const first = inputs.length;
  const readers: Set<number>[] = nodes.map(() => new Set());
  nodes.forEach((node, index) => node.inputs.forEach((value) => readers[value - first]?.add(index)));
  const kept = new Set(outputs.map(({ value }) => value - first));
  const owner = nodes.map((_, index) => index);
  const operands = nodes.map((node) => new Set(node.inputs));
  const fused = new Set<number>();
  for (let index = nodes.length - 1; index >= 0; index--) {
    const [node, own] = [nodes[index], readers[index] ?? new Set<number>()];
    const groups = new Set([...own].map((reader) => owner[reader]));
    const [group] = groups;
    const fits = (reader: number): boolean =>
      lowerings[reader]?.kind === 'elementwise' && String(nodes[reader]?.output.shape) === String(node?.output.shape);
    if (group === undefined || groups.size > 1 || kept.has(index)) continue;
    if (lowerings[index]?.kind !== 'elementwise' || ![...own].every(fits)) continue;
    const joined = new Set([...(operands[group] ?? []), ...(operands[index] ?? [])]);
    joined.delete(first + index);
    if (joined.size > MAX_OPERANDS) continue;
    owner[index] = group;
    operands[group] = joined;
    fused.add(index);
  }
  return fused;
}
