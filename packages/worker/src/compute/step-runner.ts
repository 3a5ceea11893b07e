/** Runs a compiled job on its data: gradients of micro-batches, and sums of an evaluation. Not re-entrant: call it through a {@link ComputeQueue}. */
import { type EvaluationSums, type Executable, FixedSumsError, type Numerics } from '@murmuration/kernels/backend-core';
import { microBatchSeed } from '@murmuration/kernels/graph';
import { microBatch, type MicroBatch } from '@murmuration/protocol';
import type { ContributionValues } from '../collective/summation.ts';
import { batchesOf, type Dataset, type Sampler } from '@murmuration/protocol/data-core';

/** Fewest and most steps of the measurement, and milliseconds after which no more than the fewest are made. */
const TIMED_STEPS = [2, 12] as const;
const TIMING_MS = 200;

export interface StepRunnerParts {
  /** With `recover` it may be fit for work again after a failure. */
  readonly executable: Executable & { recover?(error: unknown): Promise<boolean> };
  readonly train: Dataset;
  readonly held: Dataset;
  readonly sampler: Sampler;
  /** The job's: with a micro-batch's number it says what is dropped out. */
  readonly seed: number;
  /** Samples a micro-batch. */
  readonly batch: number;
  /** Elements of the flat parameter vector. */
  readonly parameters: number;
  /** `fast` unless given. */
  readonly numerics?: Numerics;
  /** Called after each micro-batch with the milliseconds that it took: an owner may not want to give all of a device. */
  readonly rest?: (workedMs: number, signal: AbortSignal) => Promise<void> | undefined;
}

/** The gradient over some micro-batches, with the weight that it has in a round. */
export interface Gradient {
  /** `[parameters]`: the mean, f32; in exact numerics the sum, in fixed point. */
  readonly values: ContributionValues;
  readonly samples: number;
  /** Σ over samples of the loss, nats. */
  readonly lossSum: number;
}

export class StepRunner {
  readonly #parts: StepRunnerParts;

  constructor(parts: StepRunnerParts) {
    this.#parts = parts;
  }

  /**
   * ∂(Σ loss)/∂θ over the micro-batches at `parameters`, in fast numerics ÷ their samples. A gradient that the device lost
   * half-way is computed anew.
   * @param rows samples of each micro-batch that are trained; all of them, unless a fault is wanted
   * @throws the signal's reason when it is aborted between two micro-batches
   */
  async gradient(
    parameters: Float32Array,
    microBatches: readonly MicroBatch[],
    signal: AbortSignal,
    rows: number = this.#parts.batch,
  ): Promise<Gradient> {
    return this.#recovering(signal, () => this.#gradient(parameters, microBatches, signal, rows));
  }

  async #gradient(
    parameters: Float32Array,
    microBatches: readonly MicroBatch[],
    signal: AbortSignal,
    rows: number,
  ): Promise<Gradient> {
    const { executable } = this.#parts;
    const samples = microBatches.length * rows;
    await executable.load(parameters);
    try {
      const lossSum = await this.#accumulate(microBatches, signal, rows);
      return { values: await this.#drain(samples), samples, lossSum };
    } catch (error) {
      // What was accumulated so far must not leak into the next gradient.
      await executable.drain(new Float32Array(this.#parts.parameters), 0).catch(() => undefined);
      throw error;
    }
  }

  async #drain(samples: number): Promise<ContributionValues> {
    const { executable, parameters, numerics } = this.#parts;
    if (numerics !== 'exact') {
      const mean = new Float32Array(parameters);
      await executable.drain(mean, samples === 0 ? 0 : 1 / samples);
      return mean;
    }
    if (executable.drainFixed === undefined) throw new FixedSumsError();
    const sum = new BigInt64Array(parameters);
    await executable.drainFixed(sum);
    return sum;
  }

  /** `work`, again from its beginning after each failure that the device recovers from. */
  async #recovering<T>(signal: AbortSignal | null, work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (signal?.aborted || !(await this.#parts.executable.recover?.(error))) throw error;
      }
    }
  }

  async #accumulate(microBatches: readonly MicroBatch[], signal: AbortSignal, rows: number): Promise<number> {
    const { executable, train, sampler, seed, batch, rest } = this.#parts;
    let lossSum = 0;
    for (const microBatch of microBatches) {
      signal.throwIfAborted();
      const start = performance.now();
      const samples = train.batch(sampler.samplesOf(microBatch).slice(0, rows), batch);
      const step = await executable.accumulate({ ...samples, seed: microBatchSeed(seed, microBatch) });
      lossSum += step.lossSum;
      await rest?.(performance.now() - start, signal);
    }
    signal.throwIfAborted();
    return lossSum;
  }

  /** How fast this device is on the job's first micro-batch: its best of a few, since other programs may disturb it. */
  async samplesPerSecond(parameters: Float32Array): Promise<number> {
    const begun = performance.now();
    let best = Number.POSITIVE_INFINITY;
    for (
      let step = 0;
      step < TIMED_STEPS[0] || (step < TIMED_STEPS[1] && performance.now() - begun < TIMING_MS);
      step++
    ) {
      const start = performance.now();
      await this.gradient(parameters, [microBatch(0)], new AbortController().signal);
      best = Math.min(best, performance.now() - start);
    }
    return (this.#parts.batch / best) * 1000;
  }

  /** Sums over the held-out samples [start, end) at `parameters`. */
  evaluate(parameters: Float32Array, start: number, end: number): Promise<EvaluationSums> {
    return this.#recovering(null, () => this.#evaluate(parameters, start, end));
  }

  async #evaluate(parameters: Float32Array, start: number, end: number): Promise<EvaluationSums> {
    const { executable, held, batch } = this.#parts;
    await executable.load(parameters);
    const total = { lossSum: 0, correct: 0, predictions: 0 };
    for (const one of batchesOf(held, start, Math.min(end, held.size), batch)) {
      const sums = await executable.evaluate(one);
      total.lossSum += sums.lossSum;
      total.correct += sums.correct;
      total.predictions += sums.predictions;
    }
    return total;
  }
}
