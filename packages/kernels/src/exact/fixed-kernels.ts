/**
 * Order-free sums: vectors of i64 that count multiples of 2⁻⁴⁴ (`canonical/fixed-point.ts`), added as integers, so that
 * neither the order nor the grouping of the terms changes a bit.
 */
import { BLOCK, forEachBlock, requireLength } from './block-port.ts';
import { ContributionWeightError, FixedSumOverflowError } from './errors.ts';
import type { HostMemory } from './host-memory.ts';
import type { WasmKernels } from './wasm-module.ts';

const INTEGER_BYTES = 8;

export class FixedKernels {
  readonly #wasm: WasmKernels;
  readonly #memory: HostMemory;
  /** Addresses of a block of sums, of one of terms, and of one of means. */
  readonly #sums: number;
  readonly #terms: number;
  readonly #means: number;

  constructor(wasm: WasmKernels, memory: HostMemory) {
    this.#wasm = wasm;
    this.#memory = memory;
    this.#sums = memory.allocate(BLOCK * INTEGER_BYTES);
    this.#terms = memory.allocate(BLOCK * INTEGER_BYTES);
    this.#means = memory.allocate(BLOCK * Float32Array.BYTES_PER_ELEMENT);
  }

  /**
   * The reduction of a round in exact numerics: into[i] = Σ inputs[m][i] ÷ samples. Exactly: the integers are added; then
   *
   *     into[i] = f32((f64(sum) · 2⁻⁴⁴) ÷ f64(samples))
   *
   * each operation rounded to nearest, ties to even (the product is exact).
   *
   * @param inputs contributions `[n]`, in any order
   * @param samples of all contributions together, a positive integer
   * @param into `[n]` f32
   * @throws FixedSumOverflowError naming the element, with `into` unspecified
   */
  mean(inputs: readonly BigInt64Array[], samples: number, into: Float32Array): void {
    if (inputs.length === 0) throw new ContributionWeightError({ reason: 'there are none' });
    if (!Number.isSafeInteger(samples) || samples <= 0)
      throw new ContributionWeightError({ reason: `they are over ${samples} samples` });
    inputs.forEach((input, m) => requireLength(`Contribution ${m}`, input, into.length));
    forEachBlock(into.length, (start, count) => {
      this.#sumBlock(inputs, start, count);
      this.#wasm.meanOfFixed(this.#means, this.#sums, count, samples);
      into.set(new Float32Array(this.#memory.memory.buffer, this.#means, count), start);
    });
  }

  /**
   * target[i] = target[i] + term[i].
   * @throws FixedSumOverflowError naming the element, with `target` unspecified
   */
  add(target: BigInt64Array, term: BigInt64Array): void {
    requireLength('The sum to add', term, target.length);
    forEachBlock(target.length, (start, count) => {
      this.#sumBlock([target, term], start, count);
      target.set(this.#integers(this.#sums, count), start);
    });
  }

  /** Index of the first element that stands for a sum which did not fit, -1 if there is none. */
  firstOverflown(sums: BigInt64Array): number {
    let found = -1;
    forEachBlock(sums.length, (start, count) => {
      if (found >= 0) return;
      const index = this.#wasm.firstOverflown(this.#put(sums, start, count, this.#terms), count);
      if (index >= 0) found = start + index;
    });
    return found;
  }

  #sumBlock(inputs: readonly BigInt64Array[], start: number, count: number): void {
    this.#integers(this.#sums, count).fill(0n);
    for (const [contributor, input] of inputs.entries()) {
      const bad = this.#wasm.addFixed(this.#sums, this.#put(input, start, count, this.#terms), count);
      if (bad >= 0) throw new FixedSumOverflowError({ contributor, element: start + bad });
    }
  }

  /** Copies a block of `view` into the kernels' memory. Returns where to. */
  #put(view: BigInt64Array, start: number, count: number, address: number): number {
    this.#integers(address, count).set(view.subarray(start, start + count));
    return address;
  }

  #integers(address: number, count: number): BigInt64Array {
    return new BigInt64Array(this.#memory.memory.buffer, address, count);
  }
}

/**
 * ‖theirs − mine‖₂ ÷ ‖mine‖₂ of two vectors of fixed-point sums: 0 for equal ones and only for them, infinity when `mine`
 * is zero and `theirs` is not.
 */
export function fixedDistance(theirs: BigInt64Array, mine: BigInt64Array): number {
  requireLength('The sums to compare with', mine, theirs.length);
  let difference = 0;
  let size = 0;
  for (const [index, value] of mine.entries()) {
    const other = theirs[index]!;
    size += Number(value) ** 2;
    if (other !== value) difference += Number(other - value) ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference) / Math.sqrt(size);
}
