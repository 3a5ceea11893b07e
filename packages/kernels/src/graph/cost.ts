/** What one run of a graph costs: floating-point operations, bytes moved, parameters. */
import { definitionOf } from './check-call.ts';
import type { Graph, TensorType } from './graph.ts';

export interface Cost {
  readonly flops: number;
  /** Read and written by the nodes run one by one; fusion in a backend moves less. */
  readonly bytes: number;
  /** Elements of the parameter inputs. */
  readonly parameters: number;
  readonly nodes: number;
  /** FLOPs by op name, for those that have any. */
  readonly flopsByOp: Readonly<Record<string, number>>;
}

export function costOf(graph: Graph): Cost {
  const types: TensorType[] = graph.inputs.map(({ type }) => type);
  const flopsByOp: Record<string, number> = {};
  let [flops, bytes] = [0, 0];
  graph.nodes.forEach((node, index) => {
    const call = {
      inputs: node.inputs.flatMap((value) => types[value] ?? []),
      attributes: node.attributes,
      output: node.output,
    };
    const definition = definitionOf(node.op, `node ${index}`);
    const own = definition.flops(call);
    if (own > 0) flopsByOp[node.op] = (flopsByOp[node.op] ?? 0) + own;
    flops += own;
    bytes += definition.bytes(call);
    types.push(node.output);
  });
  return { flops, bytes, parameters: parameterCount(graph), nodes: graph.nodes.length, flopsByOp };
}

function parameterCount({ inputs }: Graph): number {
  return inputs
    .filter(({ role }) => role === 'parameter')
    .reduce((sum, { type }) => sum + type.shape.reduce((a, b) => a * b, 1), 0);
}
