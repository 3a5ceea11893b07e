/** Runs a whole graph exactly and slowly: the oracle of both exact backends. */
import type { Graph } from '../graph/graph.ts';
import type { OpTable } from '../graph/op.ts';
import { type CanonicalArray, flushed, interpretMap, interpretProduct } from './interpret.ts';
import { type CanonicalStep, planCanonical } from './plan.ts';

/** The graph's outputs by name. f32 feeds are flushed as they enter, as in every exact backend. */
export function interpretExactly(
  graph: Graph,
  feeds: Readonly<Record<string, CanonicalArray>>,
  ops: OpTable,
): Record<string, CanonicalArray> {
  const plan = planCanonical(graph, ops);
  const tensors: CanonicalArray[] = graph.inputs.map(({ name }) => enter(feeds[name] ?? new Float32Array()));
  for (const step of plan.steps) tensors[step.output] = run(step, tensors);
  return Object.fromEntries(
    graph.outputs.map(({ name }, index) => [name, tensors[plan.outputs[index] ?? -1] ?? new Float32Array()]),
  );
}

const enter = (values: CanonicalArray): CanonicalArray => (values instanceof Float32Array ? flushed(values) : values);

function run(step: CanonicalStep, tensors: readonly CanonicalArray[]): CanonicalArray {
  const at = (tensor: number): CanonicalArray => tensors[tensor] ?? new Float32Array();
  if (step.kind === 'map') return interpretMap(step, step.operands.map(at));
  return interpretProduct(step.problem, at(step.a) as Float32Array, at(step.b) as Float32Array);
}
