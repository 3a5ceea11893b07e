/** The one memory of a program: control words, threads' scratch, parameters, gradient sums, data inputs, then tensors of steps. */
import type { DeviceMemory } from '../../backend/backend.ts';
import type { Graph, GraphInput } from '../../graph/graph.ts';
import type { StepProgram } from '../../graph/step-program.ts';
import { ExactMemoryError } from '../errors.ts';
import { scratchBytes } from '../matmul/product.ts';
import type { TileShape } from '../matmul/tile.ts';
import { READABLE_AROUND } from '../render/speculate.ts';
import { CONTROL_WORDS } from '../threads/messages.ts';
import { aligned, tensorBytes } from './memory.ts';

export interface ProgramLayout {
  readonly scratch: readonly number[];
  readonly parameters: number;
  /** i64 sums, one an element of parameters with gradients. */
  readonly sums: number;
  /** Data inputs by name. */
  readonly data: ReadonlyMap<string, number>;
  readonly arena: number;
  readonly bytes: number;
  readonly memory: DeviceMemory;
}

/** Bytes that 32-bit addresses reach. */
const MOST_BYTES = 2 ** 32;
/** Room behind the last tensor for loads that go too far; before the first lies the scratch memory, which is larger. */
const MARGIN = READABLE_AROUND * 4 + 64;

export interface LayoutNeeds {
  readonly threads: number;
  readonly tile: TileShape;
  /** Bytes of the arena, and of the most tensors in it that are alive at once. */
  readonly arena: number;
  readonly leastArena: number;
  /** Elements of the gradient sums. */
  readonly sums: number;
}

/** @throws ExactMemoryError naming the largest part, when the sum is beyond what addresses reach */
export function layOut(
  { layout, train, evaluate }: StepProgram,
  { threads, tile, arena: temporaries, leastArena, sums: sumCount }: LayoutNeeds,
): ProgramLayout {
  const cursor = new Cursor();
  cursor.take('control', CONTROL_WORDS * 4);
  const scratch = Array.from({ length: threads }, () => cursor.take('the threads’ scratch memory', scratchBytes(tile)));
  const parameters = cursor.take('the parameters', layout.size * 4);
  const sums = cursor.take('the gradient sums', sumCount * 8);
  const data = new Map<string, number>();
  for (const { name, type } of [...dataOf(train), ...dataOf(evaluate)])
    if (!data.has(name)) data.set(name, cursor.take(`the input ${name}`, tensorBytes(type)));
  const arena = cursor.take('the largest live set of activations and gradients', temporaries + MARGIN);
  cursor.check();
  const parts = {
    parameters: layout.size * 4,
    gradients: sumCount * 8,
    data: arena - sums - aligned(sumCount * 8),
  };
  const held = parts.parameters + parts.gradients + parts.data;
  const memory: DeviceMemory = {
    ...parts,
    temporaries,
    overhead: cursor.bytes - held - temporaries,
    total: cursor.bytes,
    least: held + leastArena,
  };
  return { scratch, parameters, sums, data, arena, bytes: cursor.bytes, memory };
}

const dataOf = ({ inputs }: Graph): readonly GraphInput[] => inputs.filter(({ role }) => role === 'data');

class Cursor {
  bytes = 0;
  #largest = { what: 'nothing', bytes: 0 };

  take(what: string, bytes: number): number {
    const address = this.bytes;
    this.bytes += aligned(bytes);
    if (bytes > this.#largest.bytes) this.#largest = { what, bytes };
    return address;
  }

  check(): void {
    if (this.bytes > MOST_BYTES) throw this.error();
  }

  error(cause?: unknown): ExactMemoryError {
    const { what, bytes } = this.#largest;
    return new ExactMemoryError({ bytes: this.bytes, largest: `${what} (${bytes} bytes)`, cause });
  }
}
