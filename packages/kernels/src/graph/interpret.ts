/** Runs a graph in float64 through the ops' references: slow, plain, and what every backend is compared with. */
import { definitionOf } from './check-call.ts';
import { GraphError } from './errors.ts';
import type { Graph } from './graph.ts';

/** Elements by input or output name, row-major; i32 as whole numbers. */
export type Tensors = Readonly<Record<string, ArrayLike<number>>>;

function feed(name: string, size: number, tensors: Tensors): Float64Array {
  const given = tensors[name];
  if (given?.length === size) return Float64Array.from(given);
  throw new GraphError({
    op: 'graph',
    place: `input "${name}"`,
    problem: given ? `got ${given.length} elements, expected ${size}` : 'no value was given',
    mend: 'Feed every input with as many elements as its shape has.',
  });
}

/** The graph's outputs for the inputs given. @throws GraphError when an input is missing or has another size */
export function interpret(graph: Graph, inputs: Tensors): Record<string, Float64Array> {
  const values = graph.inputs.map(({ name, type }) =>
    feed(
      name,
      type.shape.reduce((a, b) => a * b, 1),
      inputs,
    ),
  );
  const types = graph.inputs.map(({ type }) => type);
  const none = new Float64Array();
  graph.nodes.forEach((node, index) => {
    const typesOfInputs = node.inputs.flatMap((value) => types[value] ?? []);
    values.push(
      definitionOf(node.op, `node ${index}`).reference({
        inputs: typesOfInputs,
        attributes: node.attributes,
        output: node.output,
        operands: node.inputs.map((value) => values[value] ?? none),
      }),
    );
    types.push(node.output);
  });
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values[value] ?? none]));
}
