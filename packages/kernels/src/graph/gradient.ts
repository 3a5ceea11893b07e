/**
 * Reverse-mode differentiation, graph to graph. Values are visited from the loss backwards; each node's rule (in its
 * op's file) turns the gradient of its output into gradients of its inputs, and what a value receives is summed.
 */
import { natural } from './attributes.ts';
import { GraphBuilder } from './builder.ts';
import { definitionOf } from './check-call.ts';
import { GraphError, NotDifferentiableError } from './errors.ts';
import type { Graph, GraphNode, ValueId } from './graph.ts';
import { simplify } from './simplify.ts';

/** The prefix of a gradient's output name: `gradient/<input name>`. */
export const GRADIENT_PREFIX = 'gradient/';

export interface GradientOptions {
  /** Names of the parameters that get no gradient and no output; nothing is computed for them. */
  readonly frozen?: ReadonlySet<string>;
}

/**
 * Adds to `graph` the outputs `gradient/<name>`, ∂`loss`/∂input, for each parameter input in order, and simplifies. A
 * parameter whose `gradient/<name>` the graph outputs already (a running statistic) keeps that and is not differentiated.
 * @throws NotDifferentiableError when an op between a parameter and the loss has no derivative
 * @throws GraphError when there is no such scalar output
 */
export function withGradients(graph: Graph, loss: string, { frozen = new Set() }: GradientOptions = {}): Graph {
  const given = new Map(graph.outputs.map(({ name, value }) => [name, value]));
  const others = graph.outputs.filter(({ name }) => !name.startsWith(GRADIENT_PREFIX));
  const builder = GraphBuilder.from({ ...graph, outputs: others });
  const seed = scalarOutput(graph, builder, loss);
  const active = activeValues(graph, (name) => !frozen.has(name) && !given.has(`${GRADIENT_PREFIX}${name}`));
  const received = new Map<ValueId, ValueId[]>([[seed, [builder.apply('fill', [], { value: 1, shape: [] })]]]);
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const value = graph.inputs.length + index;
    const gradients = received.get(value);
    const node = graph.nodes[index];
    if (!node || !gradients || !active.has(value)) continue;
    pullBack({ builder, node, index, value, gradient: sum(builder, gradients), received });
  }
  graph.inputs.forEach(({ name, role, type }, value) => {
    if (role !== 'parameter' || frozen.has(name)) return;
    const output = `${GRADIENT_PREFIX}${name}`;
    const gradients = received.get(value);
    const derivative = () =>
      gradients ? sum(builder, gradients) : builder.apply('fill', [], { value: 0, shape: type.shape });
    builder.output(output, given.get(output) ?? derivative());
  });
  return simplify(builder.build());
}

function scalarOutput(graph: Graph, builder: GraphBuilder, name: string): ValueId {
  const output = graph.outputs.find((candidate) => candidate.name === name);
  if (output && builder.shapeOf(output.value).length === 0) return output.value;
  throw new GraphError({
    op: 'graph',
    place: `output "${name}"`,
    problem: output ? 'it is not a scalar' : 'there is no such output',
    mend: 'Differentiate a scalar output of the graph.',
  });
}

/** Values that depend on a trained parameter: the only ones whose gradients matter. */
function activeValues({ inputs, nodes }: Graph, isTrained: (name: string) => boolean): ReadonlySet<ValueId> {
  const active = new Set<ValueId>();
  inputs.forEach(({ name, role }, value) => {
    if (role === 'parameter' && isTrained(name)) active.add(value);
  });
  nodes.forEach((node, index) => {
    if (node.inputs.some((value) => active.has(value))) active.add(inputs.length + index);
  });
  return active;
}

interface Pull {
  readonly builder: GraphBuilder;
  readonly node: GraphNode;
  readonly index: number;
  readonly value: ValueId;
  readonly gradient: ValueId;
  readonly received: Map<ValueId, ValueId[]>;
}

/** Applies one node's gradient rule and hands the results to its inputs. */
function pullBack({ builder, node, index, value, gradient, received }: Pull): void {
  const rule = definitionOf(node.op, `node ${index}`).gradient;
  if (typeof rule !== 'function')
    throw new NotDifferentiableError({ op: node.op, place: `node ${index}`, reason: rule.reason });
  const { inputs, attributes } = node;
  const gradients = rule({ emit: builder, inputs, attributes, output: value, outputGradient: gradient });
  inputs.forEach((input, position) => {
    const contribution = gradients[position] ?? null;
    if (contribution !== null) received.set(input, [...(received.get(input) ?? []), contribution]);
  });
}

function sum(builder: GraphBuilder, gradients: readonly ValueId[]): ValueId {
  return (
    joinSlices(builder, gradients) ?? gradients.reduce((total, gradient) => builder.apply('add', [total, gradient]))
  );
}

/**
 * The gradients of slices that together cover an axis are the pieces of one tensor: joined, they need no zeros and no
 * additions. Null where the gradients are anything else.
 */
function joinSlices(builder: GraphBuilder, gradients: readonly ValueId[]): ValueId | null {
  const pads = gradients.map((gradient) => builder.nodeOf(gradient));
  const axis = pads[0]?.op === 'pad' ? natural(pads[0].attributes, 'axis') : -1;
  if (!pads.every((node) => node?.op === 'pad' && natural(node.attributes, 'axis') === axis)) return null;
  const pieces = pads
    .flatMap((node) =>
      node
        ? [
            {
              value: node.inputs[0] ?? -1,
              start: natural(node.attributes, 'before'),
              end: (node.output.shape[axis] ?? 0) - natural(node.attributes, 'after'),
            },
          ]
        : [],
    )
    .sort((a, b) => a.start - b.start);
  const covered = pieces.reduce((end, piece) => (piece.start === end ? piece.end : -1), 0);
  return covered === pads[0]?.output.shape[axis]
    ? builder.apply(
        'concat',
        pieces.map(({ value }) => value),
        { axis },
      )
    : null;
}
