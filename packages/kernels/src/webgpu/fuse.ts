/**
 * Decides which elementwise nodes share a kernel. A node joins the group of its readers when all of them are in one group
 * and have its shape: then its result lives in a register and is never stored.
 */
import type { Graph, GraphNode, ValueId } from '../graph/graph.ts';
import type { WgslLowering } from './lowering.ts';

/** Most tensors that a fused kernel reads: with its output it stays within the 8 storage bindings of any device. */
const MAX_INPUTS = 7;

/** Lowering of a node by its op. */
export type LoweringOf = (node: GraphNode) => WgslLowering;

/**
 * For each node the node that computes it: itself, or the last node of its group.
 */
export function fuseElementwise(graph: Graph, loweringOf: LoweringOf): readonly number[] {
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
