/** Turns assignments into signed contributions, and evaluates held-out samples, one piece at a time on the device. */
import type { Secp256k1PrivateKey } from '@libp2p/interface';
import type { VectorKernels } from '@murmuration/kernels/exact';
import type { MemberEffectOf, MemberEventOf, Round, RunId, View } from '@murmuration/protocol';
import type { BucketCut } from '../collective/bucket-cut.ts';
import { commitTo, type OwnContributions } from '../collective/own-contributions.ts';
import type { KeptStates } from '../sync/kept-states.ts';
import type { Replica } from '../sync/replica.ts';
import { crashPoint, spoil, trainedSamples, type Faults } from '../testing/faults.ts';
import type { ComputeQueue } from './compute-queue.ts';
import { DivergedError } from './errors.ts';
import type { StepRunner } from './step-runner.ts';

export interface TrainerParts {
  readonly runId: RunId;
  readonly key: Secp256k1PrivateKey;
  readonly cut: BucketCut;
  readonly vectors: VectorKernels;
  readonly replica: Replica;
  readonly kept: KeptStates;
  readonly own: OwnContributions;
  readonly runner: StepRunner;
  readonly queue: ComputeQueue;
  readonly faults: Faults;
  /** Samples a micro-batch. */
  readonly batch: number;
}

type Answer<T extends 'computed' | 'evaluated'> = Omit<MemberEventOf<T>, 'at'>;

export class Trainer {
  readonly #parts: TrainerParts;
  #computing: { readonly assignment: View; readonly controller: AbortController } | null = null;

  constructor(parts: TrainerParts) {
    this.#parts = parts;
  }

  /**
   * Trains the micro-batches on the present state. Null when it was cancelled or replaced by a newer assignment.
   * @throws DeviceError, DivergedError
   */
  async compute({ round, assignment, microBatches }: MemberEffectOf<'compute'>): Promise<Answer<'computed'> | null> {
    this.#computing?.controller.abort();
    const controller = new AbortController();
    this.#computing = { assignment, controller };
    const parameters = this.#parameters(round);
    const { queue, runner, faults, batch } = this.#parts;
    try {
      return await queue.run(async (signal) => {
        crashPoint(faults, 'computing', round);
        const start = performance.now();
        const gradient = await runner.gradient(parameters, microBatches, signal, trainedSamples(faults, batch));
        return this.#commit({ round, assignment, microBatches }, gradient, performance.now() - start);
      }, controller.signal);
    } catch (error) {
      if (controller.signal.aborted) return null;
      throw error;
    }
  }

  cancel(assignment: View): void {
    if (this.#computing?.assignment === assignment) this.#computing.controller.abort();
  }

  async evaluate({ evaluation, part, start, end }: MemberEffectOf<'evaluate'>): Promise<Answer<'evaluated'>> {
    const parameters = this.#parts.replica.parameters();
    const { lossSum, correct, predictions } = await this.#parts.queue.run(() =>
      this.#parts.runner.evaluate(parameters, start, end),
    );
    return {
      type: 'evaluated',
      evaluation,
      part,
      lossSum,
      correct: Math.round(correct),
      predictions: Math.round(predictions),
    };
  }

  #parameters(round: Round): Float32Array {
    return this.#parts.kept.parametersAt(round) ?? this.#parts.replica.parameters();
  }

  #commit(
    { round, assignment, microBatches }: Pick<MemberEffectOf<'compute'>, 'round' | 'assignment' | 'microBatches'>,
    { values, lossSum }: { readonly values: Float32Array; readonly lossSum: number },
    computeMs: number,
  ): Answer<'computed'> {
    const { own, cut, key, runId, batch, faults, vectors } = this.#parts;
    if (!Number.isFinite(lossSum) || vectors.firstNonFinite(values) >= 0) throw new DivergedError({ round, lossSum });
    spoil(faults, values, own.latest());
    // What the assignment asked for, whatever a faulty worker really trained: it claims all of it.
    const samples = microBatches.length * batch;
    const contribution = commitTo(values, cut, { runId, round, assignment, microBatches, samples }, key);
    own.add(contribution);
    const { root } = contribution.terms;
    return {
      type: 'computed',
      round,
      assignment,
      microBatches,
      samples,
      root,
      lossSum,
      computeMs,
      signature: contribution.signature,
    };
  }
}
