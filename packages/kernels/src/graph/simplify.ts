/**
 * Rewrites a graph without changing any output's bits: identities fall away, equal calls are made once, calls that no
 * output needs are removed. Every rule here holds exactly in floating point (x · 1 = x; moving data moves bits).
 */
import { flag, naturals, number } from './attributes.ts';
import type { Graph, GraphNode, TensorType, ValueId } from './graph.ts';
import { nodeText } from './print.ts';
import { broadcastShapes, sameShape } from '../ops/shape.ts';

/** What a rule may look at: types and the nodes emitted so far (null for a graph input). */
export interface Known {
  readonly typeOf: (value: ValueId) => TensorType;
  readonly nodeOf: (value: ValueId) => GraphNode | null;
}

/** An existing value that equals the node's, another node to use in its place, or null when the rule doesn't apply. */
export type Rule = (node: GraphNode, known: Known) => ValueId | GraphNode | null;

/** Rules by the op of the node that they look at. */
export type RuleTable = Readonly<Record<string, readonly Rule[]>>;

const operand = ({ inputs }: GraphNode, index: number): ValueId => inputs[index] ?? -1;

const isOne = (value: ValueId, { nodeOf }: Known): boolean => {
  const node = nodeOf(value);
  return node?.op === 'fill' && number(node.attributes, 'value') === 1;
};

const keepsShape: Rule = (node, { typeOf }) =>
  sameShape(typeOf(operand(node, 0)).shape, node.output.shape) ? operand(node, 0) : null;

/** An op that broadcasts by itself needs no operand that was broadcast before, unless it alone has the result's shape. */
const broadcastsItself: readonly Rule[] = [0, 1].map((side) => (node, { typeOf, nodeOf }) => {
  const before = nodeOf(operand(node, side));
  if (before?.op !== 'broadcast') return null;
  const small = operand(before, 0);
  const shape = broadcastShapes(typeOf(small).shape, typeOf(operand(node, 1 - side)).shape);
  return shape && sameShape(shape, node.output.shape) ? { ...node, inputs: node.inputs.with(side, small) } : null;
});

const rules: RuleTable = {
  add: broadcastsItself,
  sub: broadcastsItself,
  div: broadcastsItself,
  mul: [
    ...[0, 1].map((side): Rule => (node, known) => {
      const [one, other] = [operand(node, side), operand(node, 1 - side)];
      return isOne(one, known) && sameShape(known.typeOf(other).shape, node.output.shape) ? other : null;
    }),
    ...broadcastsItself,
  ],
  scale: [(node) => (number(node.attributes, 'factor') === 1 ? operand(node, 0) : null)],
  power: [(node) => (number(node.attributes, 'exponent') === 1 ? operand(node, 0) : null)],
  broadcast: [keepsShape],
  slice: [keepsShape],
  pad: [keepsShape],
  concat: [(node) => (node.inputs.length === 1 ? operand(node, 0) : null)],
  transpose: [
    (node) => (naturals(node.attributes, 'permutation').every((axis, i) => axis === i) ? operand(node, 0) : null),
  ],
  reshape: [
    keepsShape,
    (node, { nodeOf }) => {
      const before = nodeOf(operand(node, 0));
      return before?.op === 'reshape' ? { ...node, inputs: before.inputs } : null;
    },
  ],
  matmul: [
    // A transposition of the last two axes under a product is a flag of the product.
    (node, known) => absorbTranspose(node, known, 0, 'transposeA'),
    (node, known) => absorbTranspose(node, known, 1, 'transposeB'),
  ],
};

function absorbTranspose(node: GraphNode, { nodeOf }: Known, side: number, key: string): GraphNode | null {
  const before = nodeOf(operand(node, side));
  if (before?.op !== 'transpose') return null;
  const permutation = naturals(before.attributes, 'permutation');
  const rank = permutation.length;
  const swapsLast = permutation.every((axis, i) => axis === (i < rank - 2 ? i : 2 * rank - 3 - i));
  if (!swapsLast) return null;
  return {
    ...node,
    inputs: node.inputs.with(side, operand(before, 0)),
    attributes: { ...node.attributes, [key]: !flag(node.attributes, key) },
  };
}

/** Applies rules until none does. */
function rewrite(node: GraphNode, known: Known, more: RuleTable): ValueId | GraphNode {
  for (const rule of [...(rules[node.op] ?? []), ...(more[node.op] ?? [])]) {
    const better = rule(node, known);
    if (typeof better === 'number') return better;
    if (better !== null) return rewrite(better, known, more);
  }
  return node;
}

/**
 * Simplifies, shares equal calls and removes dead ones; inputs and outputs keep their names and order.
 * @param more rules beside those that keep every bit
 */
export function simplify(graph: Graph, more: RuleTable = {}): Graph {
  const nodes: GraphNode[] = [];
  const known: Known = {
    typeOf: (value) =>
      graph.inputs[value]?.type ?? nodes[value - graph.inputs.length]?.output ?? { dtype: 'f32', shape: [] },
    nodeOf: (value) => nodes[value - graph.inputs.length] ?? null,
  };
  const seen = new Map<string, ValueId>();
  const renamed: ValueId[] = graph.inputs.map((_, value) => value);
  const share = (node: GraphNode): ValueId => {
    const text = nodeText(node);
    const value = seen.get(text) ?? graph.inputs.length + nodes.push(node) - 1;
    seen.set(text, value);
    return value;
  };
  for (const node of graph.nodes) {
    const better = rewrite({ ...node, inputs: node.inputs.map((value) => renamed[value] ?? -1) }, known, more);
    renamed.push(typeof better === 'number' ? better : share(better));
  }
  const outputs = graph.outputs.map(({ name, value }) => ({ name, value: renamed[value] ?? -1 }));
  return removeDead({ inputs: graph.inputs, nodes, outputs });
}

/** Drops nodes that no output needs; the others keep their order. */
function removeDead(graph: Graph): Graph {
  const first = graph.inputs.length;
  const live = new Set(graph.outputs.map(({ value }) => value));
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    if (live.has(first + index)) graph.nodes[index]?.inputs.forEach((value) => live.add(value));
  }
  return renumber(
    graph,
    graph.nodes.map((_, index) => index).filter((index) => live.has(first + index)),
  );
}

/** The graph with the nodes `order` alone, in that order; every value must come before its uses. */
export function renumber(graph: Graph, order: readonly number[]): Graph {
  const first = graph.inputs.length;
  const renamed = new Map<ValueId, ValueId>(graph.inputs.map((_, value) => [value, value]));
  order.forEach((index, position) => renamed.set(first + index, first + position));
  const rename = (value: ValueId): ValueId => renamed.get(value) ?? -1;
  return {
    inputs: graph.inputs,
    nodes: order.flatMap((index) => {
      const node = graph.nodes[index];
      return node ? [{ ...node, inputs: node.inputs.map(rename) }] : [];
    }),
    outputs: graph.outputs.map(({ name, value }) => ({ name, value: rename(value) })),
  };
}
