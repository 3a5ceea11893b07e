/** Runs any graph once with all of its values given: what the per-op suite compares with the float64 interpreter. */
import type { Graph } from '../graph/graph.ts';
import type { Device } from './device.ts';
import { ops } from '../ops/index.ts';
import type { DeviceTraits } from './lowering.ts';
import { type Plan, planGraph } from './plan.ts';
import { type Feeds, PreparedGraph, type Values } from './prepared-graph.ts';

/** The outputs of `graph` in order, each of its dtype. `traits` may take away what the device has, to reach other kernels. */
export const runGraph = (
  device: Device,
  graph: Graph,
  feeds: Feeds,
  traits: DeviceTraits = device.traits,
): Promise<readonly Values[]> => runPlan(device, graph, planGraph(graph, { ops, traits }), feeds);

/** The outputs of `graph` as `plan` computes them. */
export async function runPlan(device: Device, graph: Graph, plan: Plan, feeds: Feeds): Promise<readonly Values[]> {
  const prepared = await PreparedGraph.open(device, graph, plan);
  try {
    prepared.feed(feeds);
    return await prepared.results();
  } finally {
    prepared.close();
  }
}
