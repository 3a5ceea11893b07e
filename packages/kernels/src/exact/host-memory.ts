/**
 * The linear memory that tensors live in, and who owns which part of it.
 *
 * Growth detaches every view on the memory, so nobody may keep one: a {@link HostVector} makes its views on demand, and
 * a caller reads `values` anew after each allocation and each await. A detached view has length 0 and is refused by
 * every kernel (`VECTOR_LENGTH`), so that a mistake is an error and never a wrong result.
 */
import { HostMemoryExhaustedError } from './errors.ts';

/** Bytes of a WebAssembly page. */
const PAGE = 65_536;
const MAXIMUM_PAGES = 65_536;
/** A cache line; every region starts on one. */
const ALIGNMENT = 64;

/** A vector of f32 in the kernels' memory: network bytes can be received straight into it. */
export interface HostVector {
  /** Elements. */
  readonly length: number;
  /** A view on the elements, good until the next allocation. */
  readonly values: Float32Array<ArrayBuffer>;
  /** The same memory as little-endian bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Gives the memory back. The vector must not be used afterwards. */
  release(): void;
}

interface Region {
  start: number;
  end: number;
}

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

/** First-fit allocator over one WebAssembly memory; freed neighbours are merged. */
export class HostMemory {
  readonly memory: WebAssembly.Memory;
  /** Free regions in ascending order, no two adjacent. */
  #free: Region[] = [];

  /** @param reserve bytes to hold from the start, so that allocations within them never detach a view */
  constructor(reserve: number) {
    const initial = Math.min(MAXIMUM_PAGES, Math.max(1, Math.ceil(reserve / PAGE)));
    this.memory = new WebAssembly.Memory({ initial, maximum: MAXIMUM_PAGES });
  }

  /** Bytes that the memory spans now. */
  get size(): number {
    return this.memory.buffer.byteLength;
  }

  /** Hands all memory from `heapBase` on to the allocator; called once, when the module's constants are placed. */
  open(heapBase: number): void {
    this.#free = [{ start: roundUp(heapBase, ALIGNMENT), end: this.size }];
  }

  /** Whether `view` lies in this memory. */
  owns(view: ArrayBufferView): boolean {
    return view.buffer === this.memory.buffer;
  }

  /** Address of `bytes` bytes of zeroed memory, 64-byte aligned. */
  allocate(bytes: number): number {
    const size = roundUp(Math.max(bytes, 1), ALIGNMENT);
    let index = this.#free.findIndex(({ start, end }) => end - start >= size);
    if (index < 0) index = this.#grow(size);
    const region = this.#free[index] as Region;
    const address = region.start;
    region.start += size;
    if (region.start === region.end) this.#free.splice(index, 1);
    new Uint8Array(this.memory.buffer, address, size).fill(0);
    return address;
  }

  /** Gives back what {@link allocate} gave for the same `bytes`. */
  release(address: number, bytes: number): void {
    const freed = { start: address, end: address + roundUp(Math.max(bytes, 1), ALIGNMENT) };
    const regions = [...this.#free, freed].sort((left, right) => left.start - right.start);
    this.#free = [];
    for (const region of regions) {
      const last = this.#free.at(-1);
      if (last !== undefined && last.end === region.start) last.end = region.end;
      else this.#free.push(region);
    }
  }

  /** A zeroed vector of `length` f32. */
  vector(length: number): HostVector {
    return new RegionVector(this, length);
  }

  /** Grows by at least `size` bytes and at least an eighth (growth is rare then); index of the region that fits. */
  #grow(size: number): number {
    const held = this.size;
    const wanted = Math.ceil(Math.max(size, held / 8) / PAGE);
    const possible = MAXIMUM_PAGES - held / PAGE;
    const pages = wanted > possible ? Math.ceil(size / PAGE) : wanted;
    try {
      this.memory.grow(pages);
    } catch (cause) {
      throw new HostMemoryExhaustedError({ requested: size, held, cause });
    }
    const last = this.#free.at(-1);
    if (last !== undefined && last.end === held) last.end = this.size;
    else this.#free.push({ start: held, end: this.size });
    return this.#free.length - 1;
  }
}

class RegionVector implements HostVector {
  readonly length: number;
  readonly #memory: HostMemory;
  readonly #address: number;
  #values: Float32Array<ArrayBuffer> | undefined;
  #released = false;

  constructor(memory: HostMemory, length: number) {
    this.length = length;
    this.#memory = memory;
    this.#address = memory.allocate(length * 4);
  }

  get values(): Float32Array<ArrayBuffer> {
    if (this.#values === undefined || !this.#memory.owns(this.#values)) {
      this.#values = new Float32Array(this.#memory.memory.buffer, this.#address, this.length);
    }
    return this.#values;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory.memory.buffer, this.#address, this.length * 4);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#memory.release(this.#address, this.length * 4);
  }
}
