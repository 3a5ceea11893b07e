/** Turns assignments into signed contributions, and evaluates held-out samples, one piece at a time on the device. */
import type { Secp256k1PrivateKey } from '@libp2p/interface';
import { gradientOverflow } from '@murmuration/kernels/backend-core';
import type { StepProgram } from '@murmuration/kernels/graph';
import type { MemberEffectOf, MemberEventOf, MicroBatch, Round, RunId, View } from '@murmuration/protocol';
import type { BucketCut } from '../collective/bucket-cut.ts';
import { commitTo, type OwnContributions } from '../collective/own-contributions.ts';
import { bytesOf, type ContributionValues, type Summation } from '../collective/summation.ts';
import type { KeptStates } from '../sync/kept-states.ts';
import type { Replica } from '../sync/replica.ts';
import { crashPoint, forge, spoil, trainedSamples, type Faults } from '../shell/faults.ts';
import type { ComputeQueue } from './compute-queue.ts';
import { DivergedError } from './errors.ts';
import type { Gradient, StepRunner } from './step-runner.ts';

export interface TrainerParts {
  readonly runId: RunId;
  readonly key: Secp256k1PrivateKey;
  readonly cut: BucketCut;
  readonly summation: Summation;
  readonly replica: Replica;
  readonly kept: KeptStates;
  readonly own: OwnContributions;
  readonly runner: StepRunner;
  readonly queue: ComputeQueue;
  readonly faults: Faults;
  readonly program: StepProgram;
}

type Answer<T extends 'computed' | 'evaluated'> = Omit<MemberEventOf<T>, 'at'>;

/** A gradient that was asked for, done or under way. */
interface Work extends Pick<MemberEffectOf<'compute'>, 'assignment' | 'microBatches'> {
  /** What it is computed at: one object for as long as the state is the same. */
  readonly parameters: Float32Array;
  readonly controller: AbortController;
  readonly trained: Promise<Trained>;
}

interface Trained extends Gradient {
  readonly computeMs: number;
}

export class Trainer {
  readonly #parts: TrainerParts;
  #work: Work | null = null;

  constructor(parts: TrainerParts) {
    this.#parts = parts;
  }

  /**
   * Trains the micro-batches on the present state. Null when it was cancelled or replaced by a newer assignment. Where
   * sums don't depend on how they are put together, what was trained before on the same state is made use of.
   * @throws DeviceError, DivergedError, GradientOverflowError
   */
  async compute(effect: MemberEffectOf<'compute'>): Promise<Answer<'computed'> | null> {
    const { round, assignment, microBatches } = effect;
    const parameters = this.#parameters(round);
    const part = this.#partOf(microBatches, parameters);
    if (part === null) this.#work?.controller.abort();
    const controller = part?.controller ?? new AbortController();
    const trained = this.#train(effect, parameters, part, controller.signal);
    const work = { assignment, microBatches, parameters, controller, trained };
    this.#work = work;
    try {
      const gradient = await trained;
      return this.#work === work ? this.#commit(effect, gradient) : null;
    } catch (error) {
      if (controller.signal.aborted || this.#work !== work) return null;
      throw error;
    }
  }

  /** Earlier work that is all of it a part of these micro-batches; null where there is none, or nothing can be added to it. */
  #partOf(microBatches: readonly MicroBatch[], parameters: Float32Array): Work | null {
    const before = this.#work;
    if (before === null || this.#parts.summation.add === null) return null;
    if (before.parameters !== parameters || before.controller.signal.aborted) return null;
    const asked = new Set(microBatches);
    return before.microBatches.every((number) => asked.has(number)) ? before : null;
  }

  async #train(
    { round, microBatches }: MemberEffectOf<'compute'>,
    parameters: Float32Array,
    part: Work | null,
    signal: AbortSignal,
  ): Promise<Trained> {
    const { queue, runner, summation, faults } = this.#parts;
    const done = new Set(part?.microBatches);
    const missing = microBatches.filter((number) => !done.has(number));
    const trained = await queue.run(async () => {
      crashPoint(faults, 'computing', round);
      const start = performance.now();
      const gradient = await runner.gradient(parameters, missing, signal, trainedSamples(faults, this.#batch));
      return { ...gradient, computeMs: performance.now() - start };
    }, signal);
    // It was queued first, so it is over.
    const before = await part?.trained;
    if (before === undefined || summation.add === null) return trained;
    return {
      values: summation.add(trained.values, before.values),
      samples: trained.samples + before.samples,
      lossSum: trained.lossSum + before.lossSum,
      computeMs: trained.computeMs + before.computeMs,
    };
  }

  get #batch(): number {
    return this.#parts.program.batch;
  }

  cancel(assignment: View): void {
    if (this.#work?.assignment === assignment) this.#work.controller.abort();
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
    { round, assignment, microBatches }: MemberEffectOf<'compute'>,
    { values, lossSum, computeMs }: Trained,
  ): Answer<'computed'> {
    const { own, cut, key, runId, faults } = this.#parts;
    this.#expectFinite(round, values, lossSum);
    spoil(faults, values, own.latest());
    // What the assignment asked for, whatever a faulty worker really trained: it claims all of it.
    const samples = microBatches.length * this.#batch;
    const contribution = commitTo(values, cut, { runId, round, assignment, microBatches, samples }, key);
    forge(faults, values);
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

  /** @throws DivergedError, GradientOverflowError */
  #expectFinite(round: Round, values: ContributionValues, lossSum: number): void {
    const { summation, program } = this.#parts;
    const unfit = summation.firstUnfit(bytesOf(values));
    if (unfit >= 0 && values instanceof BigInt64Array) throw gradientOverflow(program.layout, unfit);
    if (unfit >= 0 || !Number.isFinite(lossSum)) throw new DivergedError({ round, lossSum });
  }
}
