/** Any graph on a device with all of its values given: launched as often as one likes, to compare it or to time it. */
import type { Graph } from '../graph/graph.ts';
import { ops } from '../ops/index.ts';
import type { Device } from './device.ts';
import { planMemory } from './memory.ts';
import { planGraph, type Plan } from './plan.ts';
import { bindCalls, pipelinesOf, type Placement, type Places, type Recording } from './recording.ts';
import { openStrips, type StripTextures } from './strips.ts';

export type Values = Float32Array | Int32Array;
/** Inputs by name. */
export type Feeds = Readonly<Record<string, Values>>;

const READ_BACK = () => GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;

export class PreparedGraph {
  readonly #device: Device;
  readonly #graph: Graph;
  readonly #plan: Plan;
  readonly #placement: Placement;
  readonly #textures: StripTextures;
  readonly #recording: Recording;
  readonly #back: readonly GPUBuffer[];
  readonly #buffers: readonly GPUBuffer[];

  /** Compiles `graph`, in fast arithmetic unless a plan of it is given. */
  static async open(
    device: Device,
    graph: Graph,
    plan: Plan = planGraph(graph, { ops, traits: device.traits }),
  ): Promise<PreparedGraph> {
    const pipelines = await pipelinesOf(device, plan);
    return device.building('a graph’s buffers', () => {
      const { slots, slotOf } = planMemory(plan);
      const inputs = graph.inputs.map(({ name }, index) => device.buffer(name, plan.bytes[index]!));
      const temporaries = slots.map((bytes, slot) => device.buffer(`slot ${slot}`, bytes));
      const placement: Placement = (tensor) => ({
        buffer: inputs[tensor] ?? temporaries[slotOf.get(tensor)!]!,
        offset: 0,
        size: plan.bytes[tensor]!,
      });
      const textures = openStrips(device, [plan]);
      const recording = bindCalls(device, plan, pipelines, { placement, textures });
      const own = [...inputs, ...temporaries];
      return new PreparedGraph(device, graph, plan, { placement, textures, recording, own });
    });
  }

  private constructor(
    device: Device,
    graph: Graph,
    plan: Plan,
    parts: Places & { recording: Recording; own: readonly GPUBuffer[] },
  ) {
    [this.#device, this.#graph, this.#plan] = [device, graph, plan];
    [this.#placement, this.#textures, this.#recording] = [parts.placement, parts.textures, parts.recording];
    this.#back = plan.outputs.map((tensor) => device.buffer('result', plan.bytes[tensor]!, READ_BACK()));
    this.#buffers = [...parts.own, ...this.#back];
  }

  feed(feeds: Feeds): void {
    this.#graph.inputs.forEach(({ name }, index) =>
      this.#device.write(this.#placement(index).buffer, 0, feeds[name] as GPUAllowSharedBufferSource),
    );
  }

  /** Launches the whole graph `times` times in one submission and waits until it is done. */
  async run(times: number): Promise<void> {
    this.#submit(times, 4);
    await this.#device.read(this.#back[0]!, () => undefined);
  }

  /** Runs once; the outputs in order, each of its dtype. */
  async results(): Promise<readonly Values[]> {
    this.#submit(1);
    const { inputs, nodes, outputs } = this.#graph;
    const types = [...inputs.map(({ type }) => type), ...nodes.map(({ output }) => output)];
    const results: Values[] = [];
    for (const [index, tensor] of this.#plan.outputs.entries()) {
      const View = types[outputs[index]!.value]!.dtype === 'i32' ? Int32Array : Float32Array;
      const size = this.#plan.bytes[tensor]!;
      results.push(await this.#device.read(this.#back[index]!, (bytes) => new View(bytes.slice(0, size))));
    }
    return results;
  }

  close(): void {
    this.#recording.close();
    this.#textures.close();
    for (const buffer of this.#buffers) this.#device.release(buffer);
  }

  /** @param most bytes of each output that are copied back */
  #submit(times: number, most = Infinity): void {
    this.#device.submit((encoder) => {
      for (let run = 0; run < times; run++) this.#recording.record(encoder);
      this.#plan.outputs.forEach((tensor, index) => {
        const { buffer } = this.#placement(tensor);
        encoder.copyBufferToBuffer(buffer, 0, this.#back[index]!, 0, Math.min(most, this.#plan.bytes[tensor]!));
      });
    });
  }
}
