/** Which tensors share memory: two whose lifetimes do not meet may lie in one slot. */
import type { Plan, TensorId } from './plan.ts';

export interface MemoryPlan {
  /** Bytes of each slot, largest first. */
  readonly slots: readonly number[];
  /** The slot of each temporary tensor; graph inputs and tensors that live elsewhere have none. */
  readonly slotOf: ReadonlyMap<TensorId, number>;
}

interface Lifetime {
  readonly tensor: TensorId;
  /** Calls that first write and last use the tensor. */
  readonly from: number;
  readonly to: number;
}

/**
 * Places temporaries greedily, largest first, each into the first slot that is free for its whole life. A slot is a
 * buffer of its own, because a kernel may not read and write one buffer, not even in different places.
 */
export function planMemory(plan: Plan, livesElsewhere: (tensor: TensorId) => boolean = () => false): MemoryPlan {
  const temporaries = lifetimesOf(plan).filter(({ tensor }) => !livesElsewhere(tensor));
  const lifetimes = temporaries.sort((a, b) => plan.bytes[b.tensor]! - plan.bytes[a.tensor]! || a.tensor - b.tensor);
  const slots: { bytes: number; residents: Lifetime[] }[] = [];
  const slotOf = new Map<TensorId, number>();
  for (const life of lifetimes) {
    const free = slots.findIndex(({ residents }) =>
      residents.every((other) => other.to < life.from || life.to < other.from),
    );
    const slot = free >= 0 ? free : slots.push({ bytes: plan.bytes[life.tensor]!, residents: [] }) - 1;
    slots[slot]!.residents.push(life);
    slotOf.set(life.tensor, slot);
  }
  return { slots: slots.map(({ bytes }) => bytes), slotOf };
}

/** The most bytes of temporaries that are live at once: no placement needs less. */
export function liveBytes(plan: Plan, livesElsewhere: (tensor: TensorId) => boolean = () => false): number {
  const changes = new Float64Array(plan.calls.length + 2);
  for (const { tensor, from, to } of lifetimesOf(plan)) {
    if (livesElsewhere(tensor)) continue;
    changes[from]! += plan.bytes[tensor]!;
    changes[to + 1]! -= plan.bytes[tensor]!;
  }
  let live = 0;
  return changes.reduce((most, change) => Math.max(most, (live += change)), 0);
}

/** Lifetimes of all temporaries; outputs live to the end. */
function lifetimesOf({ calls, inputs, outputs }: Plan): Lifetime[] {
  const spans = new Map<TensorId, { from: number; to: number }>();
  calls.forEach(({ operands }, call) => {
    for (const tensor of operands) {
      if (tensor < inputs) continue;
      const span = spans.get(tensor);
      if (span) span.to = call;
      else spans.set(tensor, { from: call, to: call });
    }
  });
  for (const tensor of outputs) {
    const span = spans.get(tensor);
    if (span) span.to = calls.length;
  }
  return [...spans].map(([tensor, span]) => ({ tensor, ...span }));
}
