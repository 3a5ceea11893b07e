/**
 * Rewrites ops that are made of other ops into those, for backends that compute them so: attention, for one, is two
 * products and a softmax where a kernel of its own would not pay. Calls that expansions have in common are made once.
 */
import { GraphBuilder } from './builder.ts';
import type { Graph, GraphNode, ValueId } from './graph.ts';
import type { Expansion, OpTable } from './op.ts';
import { simplify } from './simplify.ts';

/** The expansion of a node by its op; null keeps the node. */
export type ExpansionOf = (node: GraphNode) => Expansion | null;

/** `graph` with nodes expanded; inputs and outputs keep their names and order. The graph itself where none is. */
export function expandNodes(graph: Graph, expansionOf: ExpansionOf): Graph {
  if (!graph.nodes.some((node) => expansionOf(node))) return graph;
  const builder = new GraphBuilder();
  const renamed: ValueId[] = graph.inputs.map(({ name, type, role }) => builder.input(name, type, role));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((value) => renamed[value] ?? -1);
    const expand = expansionOf(node);
    renamed.push(
      expand
        ? expand({ emit: builder, inputs, attributes: node.attributes })
        : builder.apply(node.op, inputs, node.attributes),
    );
  }
  for (const { name, value } of graph.outputs) builder.output(name, renamed[value] ?? -1);
  return simplify(builder.build());
}

/** One node as a graph of its own: inputs `0`, `1`, …, output `result`. */
export function expandedNode(
  { inputs, attributes }: Pick<GraphNode, 'attributes'> & { readonly inputs: Graph['inputs'] },
  expand: Expansion,
): Graph {
  const builder = new GraphBuilder();
  const values = inputs.map(({ name, type, role }) => builder.input(name, type, role));
  builder.output('result', expand({ emit: builder, inputs: values, attributes }));
  return builder.build();
}

/** The expansion that an op of the table has, if it has one. */
export const expansionIn =
  (ops: OpTable) =>
  ({ op }: Pick<GraphNode, 'op'>): Expansion | null =>
    (Object.hasOwn(ops, op) ? ops[op]?.expand : undefined) ?? null;
