/** The buffers of a step program on a device; its graphs share them, for they never run at once. */
import type { Graph } from '../graph/graph.ts';
import { trainedSlots } from '../graph/parameter-layout.ts';
import type { StepProgram } from '../graph/step-program.ts';
import type { DeviceMemory } from '../backend/backend.ts';
import type { Device } from './device.ts';
import { liveBytes, type MemoryPlan, planMemory } from './memory.ts';
import { padLayout, type PaddedLayout } from './parameter-buffer.ts';
import type { Plan, TensorId } from './plan.ts';
import { type Placement, sizesBytes } from './recording.ts';
import { openStrips, stripsBytes, type StripTextures } from './strips.ts';
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

/** Gradients are read back through a buffer of at most this size, piece by piece. */
const MAX_STAGING_BYTES = 16 * 2 ** 20;

/** What lies where, before anything is allocated. */
export interface MemoryLayout {
  readonly parameters: PaddedLayout;
  /** Of the accumulators: the slots that have a gradient. */
  readonly trained: PaddedLayout;
  /** Bytes of each data input. */
  readonly data: ReadonlyMap<string, number>;
  /** Bytes of the buffers that the temporaries of all plans share. */
  readonly slots: readonly number[];
  readonly plans: ReadonlyMap<PlannedGraph, MemoryPlan>;
  readonly stagingBytes: number;
  readonly figures: DeviceMemory;
}

const sum = (sizes: Iterable<number>): number => [...sizes].reduce((total, size) => total + size, 0);

/** Plans the memory of a program's graphs, which never run at once. Pure. */
export function layOutMemory(
  { layout }: StepProgram,
  graphs: readonly PlannedGraph[],
  alignment: number,
  sumBytes: 4 | 8 = 4,
): MemoryLayout {
  const elsewhere = (planned: PlannedGraph) => (tensor: TensorId) => tensor >= planned.firstAccumulator;
  const parameters = padLayout(layout.slots, alignment);
  const trained = padLayout(trainedSlots(layout), alignment, sumBytes);
  const data = new Map(
    graphs.flatMap(({ graph }) =>
      graph.inputs.flatMap(({ name, type, role }) => (role === 'data' ? [[name, elements(type) * 4] as const] : [])),
    ),
  );
  const plans = new Map(graphs.map((each) => [each, planMemory(each.plan, elsewhere(each))]));
  const slots = slotSizes([...plans.values()]);
  const stagingBytes = Math.min(trained.bytes, MAX_STAGING_BYTES);
  const own = { parameters: parameters.bytes, gradients: trained.bytes, data: sum(data.values()) };
  const temporaries = sum(slots);
  const allPlans = graphs.map(({ plan }) => plan);
  const sizes = sum(allPlans.map((plan) => sizesBytes(plan, alignment)));
  const overhead = stagingBytes + MAX_SUMS * 4 + sizes + stripsBytes(allPlans);
  const live = Math.max(...graphs.map((each) => liveBytes(each.plan, elsewhere(each))));
  const least = own.parameters + own.gradients + own.data + live;
  const total = own.parameters + own.gradients + own.data + temporaries + overhead;
  return {
    parameters,
    trained,
    data,
    slots,
    plans,
    stagingBytes,
    figures: { ...own, temporaries, overhead, total, least },
  };
}

export class ProgramMemory {
  readonly layout: MemoryLayout;
  readonly parameters: GPUBuffer;
  readonly accumulators: GPUBuffer;
  /** Where accumulators, in pieces, and scalars are copied to be read. */
  readonly staging: GPUBuffer;
  readonly sumsBack: GPUBuffer;
  /** Data inputs by name. */
  readonly data: ReadonlyMap<string, GPUBuffer>;
  /** Where operands are copied that kernels read in strips. */
  readonly textures: StripTextures;
  readonly #device: Device;
  readonly #slots: readonly GPUBuffer[];

  constructor(device: Device, layout: MemoryLayout) {
    const readBack = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    this.#device = device;
    this.layout = layout;
    this.parameters = device.buffer('the parameters', layout.parameters.bytes);
    this.accumulators = device.buffer('the gradients', layout.trained.bytes);
    this.staging = device.buffer('the gradients to be read', layout.stagingBytes, readBack);
    this.sumsBack = device.buffer('the sums', MAX_SUMS * 4, readBack);
    this.data = new Map([...layout.data].map(([name, bytes]) => [name, device.buffer(name, bytes)]));
    this.textures = openStrips(
      device,
      [...layout.plans.keys()].map(({ plan }) => plan),
    );
    this.#slots = layout.slots.map((bytes, slot) => device.buffer(`slot ${slot}`, bytes));
  }

  /** Where the tensors of `planned` lie. */
  placement(planned: PlannedGraph): Placement {
    const { graph, plan, firstAccumulator } = planned;
    const { slotOf } = this.layout.plans.get(planned)!;
    const parameters = graph.inputs.filter(({ role }) => role === 'parameter');
    return (tensor) => {
      const input = graph.inputs[tensor];
      if (input?.role === 'parameter')
        return slotOfBuffer(this.parameters, this.layout.parameters, parameters.indexOf(input), plan.bytes[tensor]!);
      if (tensor >= firstAccumulator)
        return slotOfBuffer(this.accumulators, this.layout.trained, tensor - firstAccumulator, plan.bytes[tensor]!);
      const buffer = input ? this.data.get(input.name)! : this.#slots[slotOf.get(tensor)!]!;
      return { buffer, offset: 0, size: plan.bytes[tensor]! };
    };
  }

  close(): void {
    this.textures.close();
    const own = [this.parameters, this.accumulators, this.staging, this.sumsBack];
    for (const buffer of [...own, ...this.data.values(), ...this.#slots]) this.#device.release(buffer);
  }
}

function slotOfBuffer(buffer: GPUBuffer, { slots }: PaddedLayout, slot: number, size: number): GPUBufferBinding {
  return { buffer, offset: slots[slot]!.byteOffset, size };
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
