/** Turns a verified graph into a list of kernel launches over numbered tensors. Pure: nothing here touches a device. */
import { expandNodes, expansionIn } from '../graph/expand.ts';
import type { Graph, GraphNode, TensorType, ValueId } from '../graph/graph.ts';
import type { OpTable } from '../graph/op.ts';
import { spreadConstants } from '../graph/spread-constants.ts';
import { elementwiseKernel, type FusedGroup, type FusedNode } from './elementwise.ts';
import { UnsupportedOpError } from '../backend/errors.ts';
import { epilogueOf } from './epilogue.ts';
import { type Fusion, fuse } from './fuse.ts';
import type { ByteRange, DeviceTraits, Kernel, KernelCall, WgslLowering } from './lowering.ts';
import type { Rows } from './strips.ts';
import { elements } from './wgsl.ts';

/** A tensor in device memory: a graph value that is stored (views are not), or a temporary of a lowering. */
export type TensorId = number;

export interface PlannedCall {
  /** The op, or the ops of a fused chain, for error messages and traces. */
  readonly label: string;
  readonly kernel: Kernel;
  readonly uniforms: Readonly<Record<string, number>>;
  /** One tensor a binding of the kernel. */
  readonly operands: readonly TensorId[];
  readonly workgroups: number;
  /** The kernel that adds to its output instead of overwriting it, where there is one. */
  accumulating?(): Kernel;
  /** What is bound of each operand; all of each unless given. */
  readonly ranges?: readonly (ByteRange | null)[];
  /** Which of `operands` is written; the last one unless it says otherwise. */
  readonly outputAt?: number;
  /** How the first operands are stored, those that the kernel reads in strips. */
  readonly strips?: readonly Rows[] | undefined;
}

/** The tensor that a call writes (a call that writes several beside it makes no graph output of them). */
export const outputOf = ({ operands, outputAt = operands.length - 1 }: PlannedCall): TensorId => operands[outputAt]!;

export interface Plan {
  readonly calls: readonly PlannedCall[];
  /** Bytes of each tensor; ids below `inputs` are the graph's inputs. */
  readonly bytes: readonly number[];
  readonly inputs: number;
  /** The tensor behind each graph output, in order. */
  readonly outputs: readonly TensorId[];
  /** Most bytes that a call of the plan binds of one tensor, where that was a concern. */
  readonly maxBindingBytes?: number | undefined;
}

/** @throws UnsupportedOpError when an op has no WGSL lowering */
export function checkOps({ nodes }: Graph, ops: OpTable): void {
  for (const node of nodes) loweringOf(node, ops);
}

function loweringOf({ op, output }: GraphNode, ops: OpTable): WgslLowering {
  const lowering = Object.hasOwn(ops, op) ? ops[op]?.wgsl : undefined;
  if (lowering === undefined) throw new UnsupportedOpError({ op, dtype: output.dtype, backend: 'webgpu' });
  return lowering;
}

/** @throws UnsupportedOpError when an op has no WGSL lowering */
export function planGraph(graph: Graph, { ops, traits }: { ops: OpTable; traits: DeviceTraits }): Plan {
  const expanded = expandGraph(graph, ops, traits);
  const spread = spreadConstants(expanded, (node) => loweringOf(node, ops).kind === 'elementwise');
  return new Planner(spread, ops, traits).plan();
}

/** The graph with those nodes expanded for which an op's own kernels don't pay on this device. */
function expandGraph(graph: Graph, ops: OpTable, traits: DeviceTraits): Graph {
  const types = [...graph.inputs.map(({ type }) => type), ...graph.nodes.map(({ output }) => output)];
  const expands = (node: GraphNode): boolean => {
    const lowering = loweringOf(node, ops);
    if (lowering.kind !== 'kernels' || !lowering.expands) return false;
    const inputs = node.inputs.flatMap((value) => types[value] ?? []);
    return lowering.expands({ attributes: node.attributes, inputs, output: node.output, traits });
  };
  return expandNodes(graph, (node) => (expands(node) ? expansionIn(ops)(node) : null));
}

class Planner {
  readonly #graph: Graph;
  readonly #ops: OpTable;
  readonly #traits: DeviceTraits;
  readonly #bytes: number[] = [];
  readonly #calls: PlannedCall[] = [];
  /** The tensor that holds each value. */
  readonly #tensorOf = new Map<ValueId, TensorId>();

  constructor(graph: Graph, ops: OpTable, traits: DeviceTraits) {
    this.#graph = graph;
    this.#ops = ops;
    this.#traits = traits;
  }

  plan(): Plan {
    const { inputs, nodes, outputs } = this.#graph;
    inputs.forEach(({ type }, value) => this.#tensorOf.set(value, this.#allocate(elements(type))));
    const fusion = fuse(
      this.#graph,
      (node) => this.#loweringOf(node),
      (type) => this.#fits(type),
    );
    const finishedLater = new Set(fusion.producers.values());
    nodes.forEach((node, index) => {
      if (fusion.owners[index] === index && !finishedLater.has(index)) this.#lower(node, index, fusion);
    });
    return {
      calls: this.#calls,
      bytes: this.#bytes,
      inputs: inputs.length,
      outputs: outputs.map(({ value }) => this.#tensor(value)),
      maxBindingBytes: this.#traits.maxBindingBytes,
    };
  }

  #lower(node: GraphNode, index: number, fusion: Fusion): void {
    const lowering = this.#loweringOf(node);
    const value = this.#graph.inputs.length + index;
    if (lowering.kind === 'view') {
      this.#tensorOf.set(value, this.#tensor(node.inputs[0]!));
      return;
    }
    const output = this.#allocate(elements(node.output));
    this.#tensorOf.set(value, output);
    if (lowering.kind === 'elementwise') this.#lowerGroup(index, fusion, output);
    else this.#lowerKernels(node, lowering, output);
  }

  #lowerGroup(last: number, { owners, producers }: Fusion, output: TensorId): void {
    const members = owners.flatMap((owner, node) => (owner === last ? [node] : []));
    const { group, values } = this.#group(members);
    const label = members.map((node) => this.#graph.nodes[node]!.op).join('+');
    const producer = producers.get(last);
    if (producer !== undefined) {
      this.#lowerFinished(producer, { group, values, label, output });
      return;
    }
    const tensors = [...values.map((value) => this.#tensor(value)), output];
    const places = tensors.map((_, index) => ({ from: 'input', index }) as const);
    const { split, ...call } = elementwiseKernel(group);
    this.#push({ label, operands: tensors, ...call }, (limit) => split(places, limit));
  }

  /** The kernel of `producer` with a group as its epilogue. */
  #lowerFinished(
    producer: number,
    {
      group,
      values,
      label,
      output,
    }: { group: FusedGroup; values: readonly ValueId[]; label: string; output: TensorId },
  ): void {
    const node = this.#graph.nodes[producer]!;
    const result = values.indexOf(this.#graph.inputs.length + producer);
    const { call, tensor } = this.#onlyCall(node, output);
    const epilogue = epilogueOf(group, result);
    const { finishing } = call;
    const own = call.operands.map(tensor);
    const others = values.filter((_, index) => index !== result).map((value) => this.#tensor(value));
    this.#calls.push({
      label: `${node.op}+${label}`,
      kernel: finishing!({ epilogue }),
      uniforms: call.uniforms,
      operands: [...own, ...others],
      workgroups: call.workgroups,
      strips: call.strips,
      accumulating: () => finishing!({ epilogue, accumulate: true }),
      outputAt: own.length - 1,
    });
  }

  /** The call of a node that takes an epilogue. */
  #onlyCall(node: GraphNode, output: TensorId) {
    const lowering = this.#loweringOf(node) as WgslLowering & { kind: 'kernels' };
    const { calls, tensor } = this.#lowered(node, lowering, output);
    return { call: calls[0]!, tensor };
  }

  /** The group of `members` and the values that it reads from outside. */
  #group(members: readonly number[]): { group: FusedGroup; values: readonly ValueId[] } {
    const first = this.#graph.inputs.length;
    const values: ValueId[] = [];
    const argument = (value: ValueId): FusedNode['arguments'][number] => {
      const result = members.indexOf(value - first);
      if (result >= 0) return { result };
      if (!values.includes(value)) values.push(value);
      return { input: values.indexOf(value) };
    };
    const nodes = members.map((member) => this.#fusedNode(this.#graph.nodes[member]!, argument));
    const output = this.#graph.nodes[members.at(-1)!]!.output;
    return { group: { inputs: values.map((value) => this.#typeOf(value)), nodes, output }, values };
  }

  #fusedNode(node: GraphNode, argument: (value: ValueId) => FusedNode['arguments'][number]): FusedNode {
    const lowering = this.#loweringOf(node) as WgslLowering & { kind: 'elementwise' };
    return {
      dtype: node.output.dtype,
      functions: lowering.functions ?? {},
      arguments: node.inputs.map(argument),
      expression: (args) => lowering.expression(args, node.attributes),
    };
  }

  #lowerKernels(node: GraphNode, lowering: WgslLowering & { kind: 'kernels' }, output: TensorId): void {
    const { calls, tensor } = this.#lowered(node, lowering, output);
    for (const { kernel, uniforms, operands, workgroups, strips, finishing, split } of calls) {
      const call = { label: node.op, kernel, uniforms, operands: operands.map(tensor), workgroups, strips };
      this.#push(finishing ? { ...call, accumulating: () => finishing({ accumulate: true }) } : call, split);
    }
  }

  /** Adds a call, in pieces where it binds a tensor that is too large and where it can be cut. */
  #push(call: PlannedCall, split?: KernelCall['split']): void {
    const { maxBindingBytes = Infinity } = this.#traits;
    const fits = call.operands.every((tensor) => this.#bytes[tensor]! <= maxBindingBytes);
    const pieces = fits ? null : (split?.(maxBindingBytes) ?? null);
    if (pieces === null) this.#calls.push(call);
    for (const { kernel, uniforms, workgroups, ranges } of pieces ?? []) {
      this.#calls.push({ label: call.label, kernel, uniforms, operands: call.operands, workgroups, ranges });
    }
  }

  /** A node's calls, its temporaries allocated, and the tensor behind each of their operands. */
  #lowered(node: GraphNode, lowering: WgslLowering & { kind: 'kernels' }, output: TensorId) {
    const inputs = node.inputs.map((value) => this.#typeOf(value));
    const { calls, scratch = [] } = lowering.lower({
      attributes: node.attributes,
      inputs,
      output: node.output,
      traits: this.#traits,
    });
    const temporaries = scratch.map((size) => this.#allocate(size));
    const tensor = (operand: KernelCall['operands'][number]): TensorId => {
      if (operand.from === 'output') return output;
      return operand.from === 'input' ? this.#tensor(node.inputs[operand.index]!) : temporaries[operand.index]!;
    };
    return { calls, tensor };
  }

  /** Whether a tensor can be bound whole. */
  #fits(type: TensorType): boolean {
    return elements(type) * 4 <= (this.#traits.maxBindingBytes ?? Infinity);
  }

  #allocate(size: number): TensorId {
    return this.#bytes.push(size * 4) - 1;
  }

  #tensor(value: ValueId): TensorId {
    return this.#tensorOf.get(value)!;
  }

  #typeOf(value: ValueId): TensorType {
    const { inputs, nodes } = this.#graph;
    return inputs[value]?.type ?? nodes[value - inputs.length]!.output;
  }

  #loweringOf(node: GraphNode): WgslLowering {
    return loweringOf(node, this.#ops);
  }
}
