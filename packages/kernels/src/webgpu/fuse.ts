/**
 * Decides which elementwise nodes share a kernel. A node joins the group of its readers when all of them are in one group
 * and have its shape: then its result lives in a register and is never stored. A group whose operands lie plainly joins
 * the kernel that makes one of them, as its epilogue.
 */
import type { Graph, GraphNode, TensorType, ValueId } from '../graph/graph.ts';
import { epilogueLayout } from './epilogue.ts';
import type { WgslLowering } from './lowering.ts';

/** Most tensors that a fused kernel reads: with its output it stays within the 8 storage bindings of any device. */
const MAX_INPUTS = 7;
/** Most tensors that an epilogue reads beside a kernel's own operands and output. */
const MAX_EPILOGUE_INPUTS = 4;

/** Lowering of a node by its op. */
export type LoweringOf = (node: GraphNode) => WgslLowering;

export interface Fusion {
  /** For each node the node that computes it: itself, or the last node of its group. */
  readonly owners: readonly number[];
  /** For the last node of a group the node whose kernel the group is the epilogue of. */
  readonly producers: ReadonlyMap<number, number>;
}

/** @param fits whether a tensor can be bound whole: a kernel that is cut into pieces has no epilogue */
export function fuse(graph: Graph, loweringOf: LoweringOf, fits: (type: TensorType) => boolean = () => true): Fusion {
  const owners = fuseElementwise(graph, loweringOf);
  const types = [...graph.inputs.map(({ type }) => type), ...graph.nodes.map(({ output }) => output)];
  const isWhole = ({ inputs, output }: GraphNode) => fits(output) && inputs.every((value) => fits(types[value]!));
  return { owners, producers: findProducers(graph, owners, (node) => (isWhole(node) ? loweringOf(node) : UNFUSED)) };
}

/** Stands for the lowering of a node that takes no epilogue. */
const UNFUSED: WgslLowering = { kind: 'view' };

function fuseElementwise(graph: Graph, loweringOf: LoweringOf): readonly number[] {
  const first = graph.inputs.length;
  const owner = graph.nodes.map((_, node) => node);
  const inputsOf = graph.nodes.map(({ inputs }) => new Set(inputs));
  const readers = readersOf(graph);
  const outputs = new Set(graph.outputs.map(({ value }) => value));
  const isElementwise = (node: number) => loweringOf(graph.nodes[node]!).kind === 'elementwise';

  for (let node = graph.nodes.length - 1; node >= 0; node--) {
    const value = first + node;
    const groups = new Set(readers[value]!.map((reader) => owner[reader]!));
    const [group] = groups;
    if (group === undefined || groups.size > 1 || outputs.has(value) || !isElementwise(node)) continue;
    if (!readers[value]!.every((reader) => isElementwise(reader) && sameShape(graph, node, reader))) continue;
    const joined = new Set([...inputsOf[group]!, ...inputsOf[node]!]);
    joined.delete(value);
    if (joined.size > MAX_INPUTS) continue;
    owner[node] = group;
    inputsOf[group] = joined;
  }
  return owner;
}

/** The last possible producer of each group, so that its operands need not live longer than they must. */
function findProducers(graph: Graph, owners: readonly number[], loweringOf: LoweringOf): ReadonlyMap<number, number> {
  const first = graph.inputs.length;
  const readers = readersOf(graph);
  const outputs = new Set(graph.outputs.map(({ value }) => value));
  const producers = new Map<number, number>();
  graph.nodes.forEach((node, producer) => {
    const value = first + producer;
    const lowering = loweringOf(node);
    if (lowering.kind !== 'kernels' || lowering.takesEpilogue !== true || outputs.has(value)) return;
    const groups = new Set(readers[value]!.map((reader) => owners[reader]!));
    const [group] = groups;
    if (group === undefined || groups.size > 1 || loweringOf(graph.nodes[group]!).kind !== 'elementwise') return;
    if (canFinish(graph, owners, { producer, group })) producers.set(group, producer);
  });
  return producers;
}

/** Whether the group can read all of its operands where the producer stores an element. */
function canFinish(
  graph: Graph,
  owners: readonly number[],
  { producer, group }: { producer: number; group: number },
): boolean {
  const first = graph.inputs.length;
  const { output } = graph.nodes[group]!;
  if (output.dtype !== 'f32' || !sameShape(graph, producer, group)) return false;
  const members = graph.nodes.flatMap((node, index) => (owners[index] === group ? [node] : []));
  const outside = new Set(members.flatMap(({ inputs }) => inputs).filter((value) => owners[value - first] !== group));
  outside.delete(first + producer);
  const typeOf = (value: ValueId) => graph.inputs[value]?.type ?? graph.nodes[value - first]!.output;
  return (
    outside.size <= MAX_EPILOGUE_INPUTS &&
    [...outside].every((value) => epilogueLayout(typeOf(value), output.shape) !== null)
  );
}

/** The nodes that read each value. */
function readersOf({ inputs, nodes }: Graph): readonly (readonly number[])[] {
  const readers: number[][] = Array.from({ length: inputs.length + nodes.length }, () => []);
  nodes.forEach((node, index) => {
    for (const value of new Set<ValueId>(node.inputs)) readers[value]!.push(index);
  });
  return readers;
}

function sameShape({ nodes }: Graph, one: number, other: number): boolean {
  return String(nodes[one]!.output.shape) === String(nodes[other]!.output.shape);
}
