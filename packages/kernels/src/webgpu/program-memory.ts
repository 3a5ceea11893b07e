/** The buffers of a step program on a device; its graphs share them, for they never run at once. */
import type { Graph } from '../graph/graph.ts';
import { trainedSlots } from '../graph/parameter-layout.ts';
import type { StepProgram } from '../graph/step-program.ts';
import type { Device } from './device.ts';
import { type MemoryPlan, planMemory } from './memory.ts';
import { padLayout, type PaddedLayout } from './parameter-buffer.ts';
import type { Plan, TensorId } from './plan.ts';
import type { Placement } from './recording.ts';
import { elements } from './wgsl.ts';

/** A graph with its plan. */
export interface PlannedGraph {
  readonly graph: Graph;
  readonly plan: Plan;
  /** Tensors from here on are the accumulators, in the order of the trained slots. */
  readonly firstAccumulator: TensorId;
}

/** Scalars that one run gives back at most. */
export const MAX_SUMS = 3;

export class ProgramMemory {
  readonly layout: PaddedLayout;
  /** Of the accumulators: the slots that have a gradient. */
  readonly trained: PaddedLayout;
  readonly parameters: GPUBuffer;
  readonly accumulators: GPUBuffer;
  /** Where accumulators and scalars are copied to be read. */
  readonly gradientsBack: GPUBuffer;
  readonly sumsBack: GPUBuffer;
  /** Data inputs by name. */
  readonly data: ReadonlyMap<string, GPUBuffer>;
  readonly #slots: readonly GPUBuffer[];
  readonly #plans: ReadonlyMap<PlannedGraph, MemoryPlan>;

  constructor(device: Device, { layout }: StepProgram, graphs: readonly PlannedGraph[]) {
    const readBack = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.layout = padLayout(layout.slots, device.alignment);
    this.trained = padLayout(trainedSlots(layout), device.alignment);
    this.parameters = device.buffer('the parameters', this.layout.bytes);
    this.accumulators = device.buffer('the gradients', this.trained.bytes);
    this.gradientsBack = device.buffer('the gradients', this.trained.bytes, readBack);
    this.sumsBack = device.buffer('the sums', MAX_SUMS * 4, readBack);
    const sizes = new Map(
      graphs.flatMap(({ graph }) =>
        graph.inputs.flatMap(({ name, type, role }) => (role === 'data' ? [[name, elements(type) * 4] as const] : [])),
      ),
    );
    this.data = new Map([...sizes].map(([name, bytes]) => [name, device.buffer(name, bytes)]));
    this.#plans = new Map(
      graphs.map((each) => [each, planMemory(each.plan, (tensor) => tensor >= each.firstAccumulator)]),
    );
    this.#slots = slotSizes([...this.#plans.values()]).map((bytes, slot) => device.buffer(`slot ${slot}`, bytes));
  }

  /** Where the tensors of `planned` lie. */
  placement(planned: PlannedGraph): Placement {
    const { graph, plan, firstAccumulator } = planned;
    const { slotOf } = this.#plans.get(planned)!;
    const parameters = graph.inputs.filter(({ role }) => role === 'parameter');
    return (tensor) => {
      const input = graph.inputs[tensor];
      if (input?.role === 'parameter') return slotOfBuffer(this.parameters, this.layout, parameters.indexOf(input));
      if (tensor >= firstAccumulator) return slotOfBuffer(this.accumulators, this.trained, tensor - firstAccumulator);
      const buffer = input ? this.data.get(input.name)! : this.#slots[slotOf.get(tensor)!]!;
      return { buffer, offset: 0, size: plan.bytes[tensor]! };
    };
  }

  close(): void {
    const own = [this.parameters, this.accumulators, this.gradientsBack, this.sumsBack];
    for (const buffer of [...own, ...this.data.values(), ...this.#slots]) buffer.destroy();
  }
}

function slotOfBuffer(buffer: GPUBuffer, { slots }: PaddedLayout, slot: number): GPUBufferBinding {
  const { byteOffset, size } = slots[slot]!;
  return { buffer, offset: byteOffset, size: size * 4 };
}

/** Sizes of buffers that serve the slots of every plan. */
function slotSizes(plans: readonly MemoryPlan[]): readonly number[] {
  const sizes: number[] = [];
  for (const { slots } of plans) {
    slots.forEach((bytes, slot) => {
      sizes[slot] = Math.max(sizes[slot] ?? 0, bytes);
    });
  }
  return sizes;
}
