/** Checks a graph that came from anywhere: single assignment, legal calls, declared types equal to inferred ones. */
import { checkType, inferCall } from './check-call.ts';
import { GraphError } from './errors.ts';
import type { Graph, GraphInput, GraphNode, GraphOutput, TensorType } from './graph.ts';

const typeText = ({ dtype, shape }: TensorType): string => `${dtype}[${shape}]`;

function fail(place: string, problem: string, mend: string): never {
  throw new GraphError({ op: 'graph', place, problem, mend });
}

/** Returns the graph when every rule holds. @throws GraphError naming op and place */
export function verifyGraph(graph: Graph): Graph {
  const types: TensorType[] = [];
  checkNames('input', graph.inputs);
  graph.inputs.forEach((input) => types.push(verifyInput(input)));
  graph.nodes.forEach((node, index) => types.push(verifyNode(node, index, types)));
  checkNames('output', graph.outputs);
  graph.outputs.forEach((output) => verifyOutput(output, types.length));
  return graph;
}

function checkNames(kind: string, named: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    if (seen.has(name)) fail(`${kind} "${name}"`, 'the name is used twice', `Give each ${kind} its own name.`);
    seen.add(name);
  }
}

function verifyInput({ name, type, role }: GraphInput): TensorType {
  checkType(type, { op: 'graph', place: `input "${name}"` });
  if (role !== 'parameter' && role !== 'data')
    fail(`input "${name}"`, `unknown role ${String(role)}`, 'Use parameter or data.');
  return type;
}

function verifyNode(node: GraphNode, index: number, types: readonly TensorType[]): TensorType {
  const place = `node ${index}`;
  const inputs = node.inputs.map(
    (value) =>
      types[value] ??
      fail(
        place,
        `${node.op} reads value ${value}, which is not made before it`,
        'Order nodes so that values come before their uses.',
      ),
  );
  const inferred = inferCall({ op: node.op, place, inputs, attributes: node.attributes });
  if (typeText(inferred) !== typeText(node.output)) {
    throw new GraphError({
      op: node.op,
      place,
      problem: `declares ${typeText(node.output)} but gives ${typeText(inferred)}`,
      mend: 'Build graphs with GraphBuilder, which infers the types.',
    });
  }
  return inferred;
}

function verifyOutput({ name, value }: GraphOutput, values: number): void {
  if (Number.isInteger(value) && value >= 0 && value < values) return;
  fail(`output "${name}"`, `there is no value ${value}`, 'Name a value of the graph.');
}
