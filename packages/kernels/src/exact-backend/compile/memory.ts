/** Where the tensors of a plan lie: two whose lives do not meet may share memory. Pure. */
import type { TensorType } from '../../graph/graph.ts';
import type { CanonicalPlan, CanonicalStep, CanonicalTensor } from '../../canonical/plan.ts';
import { readBy } from './stages.ts';

export interface ArenaPlan {
  /** Bytes from the arena's start, for each tensor that a step makes. */
  readonly offsets: ReadonlyMap<CanonicalTensor, number>;
  readonly bytes: number;
  /** The most bytes that are alive in one stage: no plan needs fewer. */
  readonly least: number;
}

interface Life {
  readonly tensor: CanonicalTensor;
  readonly bytes: number;
  /** The stage that writes the tensor, and the last that reads it. */
  readonly from: number;
  to: number;
}

/** A cache line: no two threads write into one of different tensors. */
export const ALIGNMENT = 64;
export const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

export const tensorBytes = ({ shape }: TensorType): number => shape.reduce((product, size) => product * size, 4);

/** Places tensors largest first, each at the lowest address that is free for its whole life. */
export function planArena(plan: CanonicalPlan, stages: readonly (readonly CanonicalStep[])[]): ArenaPlan {
  const placed: { life: Life; start: number; end: number }[] = [];
  const offsets = new Map<CanonicalTensor, number>();
  const lives = livesOf(plan, stages).sort((a, b) => b.bytes - a.bytes || a.tensor - b.tensor);
  for (const life of lives) {
    const neighbours = placed
      .filter(({ life: other }) => other.from <= life.to && life.from <= other.to)
      .sort((a, b) => a.start - b.start);
    let start = 0;
    for (const neighbour of neighbours) {
      if (neighbour.start - start >= life.bytes) break;
      start = Math.max(start, neighbour.end);
    }
    placed.push({ life, start, end: start + life.bytes });
    offsets.set(life.tensor, start);
  }
  return {
    offsets,
    bytes: placed.reduce((most, { end }) => Math.max(most, end), 0),
    least: mostAlive(lives, stages.length),
  };
}

function mostAlive(lives: readonly Life[], stages: number): number {
  const alive = Array.from({ length: stages + 1 }, () => 0);
  for (const { from, to, bytes } of lives) for (let stage = from; stage <= to; stage++) alive[stage]! += bytes;
  return Math.max(0, ...alive);
}

/** Outputs live to the end. */
function livesOf(plan: CanonicalPlan, stages: readonly (readonly CanonicalStep[])[]): Life[] {
  const lives = new Map<CanonicalTensor, Life>();
  stages.forEach((stage, at) => {
    for (const step of stage) {
      const { output: tensor } = step;
      const first = lives.get(tensor);
      // A tensor may be written in parts, by several steps.
      if (first) first.to = at;
      else lives.set(tensor, { tensor, bytes: aligned(tensorBytes(plan.tensors[tensor]!)), from: at, to: at });
      for (const read of readBy(step)) {
        const life = lives.get(read);
        if (life) life.to = at;
      }
    }
  });
  for (const tensor of plan.outputs) {
    const life = lives.get(tensor);
    if (life) life.to = stages.length;
  }
  return [...lives.values()];
}
