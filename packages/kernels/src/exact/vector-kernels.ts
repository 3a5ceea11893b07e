/**
 * Weighted sums, norms and distances of flat f32 vectors, with one order of operations each, so that every machine gets
 * the same bits. All orders are in fixed blocks of 4096 elements and say nothing of how wide a machine's SIMD is.
 */
import { forEachBlock, requireLength } from './block-port.ts';
import type { BlockPort } from './block-port.ts';
import { ContributionWeightError, NonFiniteContributionError, SumOverflowError } from './errors.ts';
import type { WasmKernels } from './wasm-module.ts';

const f32 = Math.fround;

/** Elements [start, end) of a flat vector. */
export interface ElementRange {
  readonly start: number;
  readonly end: number;
}

export class VectorKernels {
  readonly #wasm: WasmKernels;
  readonly #port: BlockPort;

  constructor(wasm: WasmKernels, port: BlockPort) {
    this.#wasm = wasm;
    this.#port = port;
  }

  /**
   * The reduction of a round: into[i] = Σ weights[m]·inputs[m][i] ÷ Σ weights, in contributor order. Exactly, each
   * operation rounded to f32:
   *
   *     a = w₀·g₀[i];  a = a + (wₘ·gₘ[i]) for m = 1, 2, …;  into[i] = a ÷ f32(Σ w)
   *
   * @param inputs contributions in reduction order, `[n]` f32 each
   * @param weights samples of each contribution, positive integers; their sum is taken exactly, then rounded
   * @param into `[n]` f32; may be `inputs[0]` itself, and must not overlap the inputs otherwise
   * @throws NonFiniteContributionError naming the contributor, with `into` unspecified
   */
  weightedSum(inputs: readonly Float32Array[], weights: readonly number[], into: Float32Array): void {
    checkWeights(inputs, weights);
    inputs.forEach((input, m) => requireLength(`Contribution ${m}`, input, into.length));
    const total = f32(weights.reduce((sum, weight) => sum + weight, 0));
    forEachBlock(into.length, (start, count) => this.#sumBlock(inputs, weights, total, into, start, count));
  }

  #sumBlock(
    inputs: readonly Float32Array[],
    weights: readonly number[],
    total: number,
    into: Float32Array,
    start: number,
    count: number,
  ): void {
    const wasm = this.#wasm;
    const target = this.#port.write(into, start, 0);
    inputs.forEach((input, m) => {
      const source = this.#port.read(input, start, count, 1);
      if (m === 0) wasm.scale(target, source, count, weights[0] as number);
      else wasm.addScaled(target, source, count, weights[m] as number);
    });
    wasm.divide(target, count, total);
    // Weights are positive, so a NaN or infinity in any input reaches the result: looking there is enough.
    const bad = wasm.firstNonFinite(target, count);
    if (bad >= 0) throw this.#nameCulprit(inputs, start + bad);
    this.#port.commit(into, start, count, 0);
  }

  #nameCulprit(inputs: readonly Float32Array[], element: number): NonFiniteContributionError | SumOverflowError {
    // inputs[0] may be the overwritten target: a culprit among the others is found first, else it is judged by its own bits.
    for (const [contributor, input] of [...inputs.entries()].reverse()) {
      const value = input[element] as number;
      if (!Number.isFinite(value)) return new NonFiniteContributionError({ contributor, element, value });
    }
    return new SumOverflowError({ element });
  }

  /** values[i] = factor · values[i], factor rounded to f32. */
  scale(values: Float32Array, factor: number): void {
    forEachBlock(values.length, (start, count) => {
      const address = this.#port.read(values, start, count, 0);
      this.#wasm.scale(address, address, count, factor);
      this.#port.commit(values, start, count, 0);
    });
  }

  /**
   * ‖values‖₂ rounded to f32. Squares are summed in f64, where the square of an f32 is exact: within a block of 4096,
   * partial sum j of eight takes the elements i ≡ j mod 8 ascending and the eight are added as
   * ((0+1)+(2+3))+((4+5)+(6+7)); blocks are added in ascending order.
   *
   * @param ranges what of `values` counts, ascending and apart; all of it unless given. Blocks begin anew in each range.
   */
  globalNorm(values: Float32Array, ranges: readonly ElementRange[] = [{ start: 0, end: values.length }]): number {
    return f32(Math.sqrt(this.#squares(values, ranges)));
  }

  /**
   * ‖theirs − mine‖₂ ÷ ‖mine‖₂ in f64 with the order of {@link globalNorm}: 0 for equal vectors, infinity when `mine` is
   * zero and `theirs` is not, or when either holds a NaN or an infinity.
   */
  relativeDistance(theirs: Float32Array, mine: Float32Array): number {
    requireLength('The vector to compare with', mine, theirs.length);
    let difference = 0;
    forEachBlock(mine.length, (start, count) => {
      const left = this.#port.read(theirs, start, count, 0);
      const right = this.#port.read(mine, start, count, 1);
      difference += this.#wasm.sumOfSquaredDifferences(left, right, count);
    });
    if (difference === 0) return 0;
    const distance = Math.sqrt(difference) / Math.sqrt(this.#squares(mine, [{ start: 0, end: mine.length }]));
    return Number.isFinite(distance) ? distance : Number.POSITIVE_INFINITY;
  }

  /** Index of the first NaN or infinity, -1 when all elements are finite. */
  firstNonFinite(values: Float32Array): number {
    let found = -1;
    forEachBlock(values.length, (start, count) => {
      if (found >= 0) return;
      const index = this.#wasm.firstNonFinite(this.#port.read(values, start, count, 0), count);
      if (index >= 0) found = start + index;
    });
    return found;
  }

  #squares(values: Float32Array, ranges: readonly ElementRange[]): number {
    let sum = 0;
    for (const range of ranges) {
      forEachBlock(range.end - range.start, (start, count) => {
        sum += this.#wasm.sumOfSquares(this.#port.read(values, range.start + start, count, 0), count);
      });
    }
    return sum;
  }
}

function checkWeights(inputs: readonly Float32Array[], weights: readonly number[]): void {
  if (inputs.length === 0) throw new ContributionWeightError({ reason: 'there are none' });
  if (inputs.length !== weights.length) {
    throw new ContributionWeightError({ reason: `${inputs.length} contributions came with ${weights.length} weights` });
  }
  const bad = weights.findIndex((weight) => !Number.isSafeInteger(weight) || weight <= 0);
  if (bad >= 0) throw new ContributionWeightError({ reason: `contribution ${bad} has ${weights[bad]} samples` });
}
