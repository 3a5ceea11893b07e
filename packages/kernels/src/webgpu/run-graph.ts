/** Runs any graph once with all of its values given: what the per-op suite compares with the float64 interpreter. */
import type { Graph } from '../graph/graph.ts';
import { ops } from '../ops/index.ts';
import type { Device } from './device.ts';
import type { DeviceTraits } from './lowering.ts';
import { planMemory } from './memory.ts';
import { planGraph } from './plan.ts';
import { bindCalls, pipelinesOf, type Placement } from './recording.ts';

/** Inputs by name. */
export type Feeds = Readonly<Record<string, Float32Array | Int32Array>>;

/** The outputs of `graph` in order, each of its dtype. `traits` may take away what the device has, to reach other kernels. */
export async function runGraph(
  device: Device,
  graph: Graph,
  feeds: Feeds,
  traits: DeviceTraits = device.traits,
): Promise<readonly (Float32Array | Int32Array)[]> {
  const plan = planGraph(graph, { ops, traits });
  const { slots, slotOf } = planMemory(plan);
  const pipelines = await pipelinesOf(device, plan);
  const { launches, placement, back, buffers } = await device.building('a graph’s buffers', () => {
    const inputs = graph.inputs.map(({ name }, index) => device.buffer(name, plan.bytes[index]!));
    const temporaries = slots.map((bytes, slot) => device.buffer(`slot ${slot}`, bytes));
    const placement: Placement = (tensor) => ({
      buffer: inputs[tensor] ?? temporaries[slotOf.get(tensor)!]!,
      offset: 0,
      size: plan.bytes[tensor]!,
    });
    const back = plan.outputs.map((tensor) =>
      device.buffer('result', plan.bytes[tensor]!, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST),
    );
    return {
      launches: bindCalls(device, plan, pipelines, placement),
      placement,
      back,
      buffers: [...inputs, ...temporaries, ...back],
    };
  });
  graph.inputs.forEach(({ name }, index) =>
    device.write(placement(index).buffer, 0, feeds[name] as GPUAllowSharedBufferSource),
  );
  device.submit((encoder) => {
    const pass = encoder.beginComputePass();
    launches.record(pass);
    pass.end();
    plan.outputs.forEach((tensor, index) =>
      encoder.copyBufferToBuffer(placement(tensor).buffer, 0, back[index]!, 0, plan.bytes[tensor]),
    );
  });
  const types = [...graph.inputs.map(({ type }) => type), ...graph.nodes.map(({ output }) => output)];
  const results: (Float32Array | Int32Array)[] = [];
  for (const [index, tensor] of plan.outputs.entries()) {
    const View = types[graph.outputs[index]!.value]!.dtype === 'i32' ? Int32Array : Float32Array;
    results.push(await device.read(back[index]!, (bytes) => new View(bytes.slice(0, plan.bytes[tensor]))));
  }
  launches.close();
  for (const buffer of buffers) buffer.destroy();
  return results;
}
