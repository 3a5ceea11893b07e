/**
 * Lets kernels work on vectors wherever they live: one in the kernels' own memory is used in place, any other passes
 * through a scratch block. All kernels run block by block, so that a sum's order does not depend on where its input is.
 */
import { VectorLengthError } from './errors.ts';
import type { HostMemory } from './host-memory.ts';

/** Elements a block: 16 KiB, so that the blocks of one operation stay in the first-level cache. Part of the definition of every sum. */
export const BLOCK = 4096;

/** How many vectors outside the memory one operation may touch at a time. */
const SLOTS = 4;

export class BlockPort {
  readonly #memory: HostMemory;
  readonly #scratch: number;

  constructor(memory: HostMemory) {
    this.#memory = memory;
    this.#scratch = memory.allocate(SLOTS * BLOCK * 4);
  }

  /** Address at which elements [start, start + count) of `view` can be read; scratch block `slot` if it lives elsewhere. */
  read(view: Float32Array, start: number, count: number, slot: number): number {
    const address = this.write(view, start, slot);
    if (!this.#memory.owns(view)) this.#block(slot, count).set(view.subarray(start, start + count));
    return address;
  }

  /** Address at which a kernel may write elements of `view` from `start` on; {@link commit} must follow. */
  write(view: Float32Array, start: number, slot: number): number {
    return this.#memory.owns(view) ? view.byteOffset + start * 4 : this.#scratch + slot * BLOCK * 4;
  }

  /** Brings what a kernel wrote home to `view`. */
  commit(view: Float32Array, start: number, count: number, slot: number): void {
    if (!this.#memory.owns(view)) view.set(this.#block(slot, count), start);
  }

  #block(slot: number, count: number): Float32Array {
    return new Float32Array(this.#memory.memory.buffer, this.#scratch + slot * BLOCK * 4, count);
  }
}

/** Calls `visit(start, count)` for each block of a vector of `length` elements, in ascending order. */
export function forEachBlock(length: number, visit: (start: number, count: number) => void): void {
  for (let start = 0; start < length; start += BLOCK) visit(start, Math.min(BLOCK, length - start));
}

/** @throws VectorLengthError if `view` has not `expected` elements */
export function requireLength(what: string, view: { readonly length: number }, expected: number): void {
  if (view.length !== expected) throw new VectorLengthError({ what, expected, actual: view.length });
}
