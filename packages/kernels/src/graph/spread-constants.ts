/**
 * Gives every elementwise reader of a constant a `fill` of its own in the reader's shape, so that fusion, which joins equal
 * shapes with one reader, makes a literal of it: a scalar added to a tensor is then neither a kernel nor an operand.
 */
import { number } from './attributes.ts';
import type { Graph, GraphNode, ValueId } from './graph.ts';

/** @param isElementwise whether a backend computes a node element by element, its operands read by broadcasting */
export function spreadConstants(graph: Graph, isElementwise: (node: GraphNode) => boolean): Graph {
  const first = graph.inputs.length;
  const constantOf = (value: ValueId): GraphNode | null => {
    const node = graph.nodes[value - first];
    return node?.op === 'fill' ? node : null;
  };
  if (!graph.nodes.some(({ op }) => op === 'fill')) return graph;
  const stored = storedValues(graph, isElementwise);
  const nodes: GraphNode[] = [];
  const renamed: ValueId[] = graph.inputs.map((_, value) => value);
  const push = (node: GraphNode): ValueId => first + nodes.push(node) - 1;
  for (const [index, node] of graph.nodes.entries()) {
    const spread = isElementwise(node);
    if (node.op === 'fill' && !stored.has(first + index)) {
      renamed.push(-1);
      continue;
    }
    const inputs = node.inputs.map((value) => {
      const constant = spread ? constantOf(value) : null;
      return constant ? push(inShapeOf(node, constant)) : (renamed[value] ?? -1);
    });
    renamed.push(push({ ...node, inputs }));
  }
  const outputs = graph.outputs.map(({ name, value }) => ({ name, value: renamed[value] ?? -1 }));
  return { inputs: graph.inputs, nodes, outputs };
}

/** Values that somebody reads from memory. */
function storedValues({ nodes, outputs }: Graph, isElementwise: (node: GraphNode) => boolean): ReadonlySet<ValueId> {
  const readers = nodes.filter((node) => !isElementwise(node));
  return new Set([...outputs.map(({ value }) => value), ...readers.flatMap(({ inputs }) => inputs)]);
}

const inShapeOf = ({ output: { shape } }: GraphNode, { attributes }: GraphNode): GraphNode => ({
  op: 'fill',
  inputs: [],
  attributes: { value: number(attributes, 'value'), shape },
  output: { dtype: 'f32', shape },
});
