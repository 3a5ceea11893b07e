/** The one memory of a program: control words, threads' scratch, parameters, gradient sums, data inputs, then tensors of steps. */
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
  /** i64 sums, one a parameter element. */
  readonly sums: number;
  /** Data inputs by name. */
  readonly data: ReadonlyMap<string, number>;
  readonly arena: number;
  readonly bytes: number;
}

/** Bytes that 32-bit addresses reach. */
const MOST_BYTES = 2 ** 32;
/** Room behind the last tensor for loads that go too far; before the first lies the scratch memory, which is larger. */
const MARGIN = READABLE_AROUND * 4 + 64;

/** @throws ExactMemoryError naming the largest part, when the sum is beyond what addresses reach */
export function layOut(
  { layout, train, evaluate }: StepProgram,
  { threads, tile, arenaBytes }: { readonly threads: number; readonly tile: TileShape; readonly arenaBytes: number },
): ProgramLayout {
  const cursor = new Cursor();
  cursor.take('control', CONTROL_WORDS * 4);
  const scratch = Array.from({ length: threads }, () => cursor.take('the threads’ scratch memory', scratchBytes(tile)));
  const parameters = cursor.take('the parameters', layout.size * 4);
  const sums = cursor.take('the gradient sums', layout.size * 8);
  const data = new Map<string, number>();
  for (const { name, type } of [...dataOf(train), ...dataOf(evaluate)])
    if (!data.has(name)) data.set(name, cursor.take(`the input ${name}`, tensorBytes(type)));
  const arena = cursor.take('the largest live set of activations and gradients', arenaBytes + MARGIN);
  cursor.check();
  return { scratch, parameters, sums, data, arena, bytes: cursor.bytes };
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
