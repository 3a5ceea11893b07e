/** From a job, as a coordinator states it, to all that a member needs for its rounds. The job is hostile until checked. */
import type { Executable } from '@murmuration/kernels/backend-core';
import { createHostKernels, type HostKernels, type HostVector } from '@murmuration/kernels/exact';
import { buildStepProgram, initialParameters, type StepProgram } from '@murmuration/kernels/graph';
import type { RunId } from '@murmuration/protocol';
import { createSampler, type JobDatasets } from '@murmuration/protocol/data-core';
import { parseResolvedJob, type ResolvedJob } from '@murmuration/protocol/job';
import { BucketCut } from '../collective/bucket-cut.ts';
import { OwnContributions } from '../collective/own-contributions.ts';
import { ReceivedContributions } from '../collective/received-contributions.ts';
import { ReducedBuckets } from '../collective/reduced-buckets.ts';
import { summationOf, type Summation } from '../collective/summation.ts';
import type { ComputeQueue } from '../compute/compute-queue.ts';
import { JobDataMismatchError } from '../compute/errors.ts';
import { StepRunner } from '../compute/step-runner.ts';
import { KeptStates } from '../sync/kept-states.ts';
import { Replica } from '../sync/replica.ts';
import type { WorkerHost } from './host.ts';

/** Times the model that one sender may leave here in buckets that no round has used yet. */
const MODELS_A_SENDER = 3;
/** Copies of the model's size that the kernels' memory holds: parameters, two moments, the gradient, and room to move. */
const MODELS_IN_MEMORY = 5;

/** A job with the program that it means. */
export interface PlannedJob {
  readonly job: ResolvedJob;
  readonly program: StepProgram;
}

/** @throws JobResolutionError, GraphError */
export function planJob(stated: unknown): PlannedJob {
  const job = parseResolvedJob(stated);
  return { job, program: buildStepProgram(job.model, job.training.microBatch, job.training.bucketSize) };
}

/** Everything of one run in this process. */
export interface Run extends PlannedJob {
  readonly runId: RunId;
  readonly cut: BucketCut;
  readonly kernels: HostKernels;
  readonly summation: Summation;
  readonly replica: Replica;
  /** The round's reduced gradient `[n] f32`, in the kernels' memory. */
  readonly gradient: HostVector;
  readonly kept: KeptStates;
  readonly own: OwnContributions;
  readonly received: ReceivedContributions;
  readonly reduced: ReducedBuckets;
  readonly runner: StepRunner;
  readonly samplesPerSecond: number;
}

export interface PrepareOptions extends PlannedJob {
  readonly runId: RunId;
  /** The compiled program. */
  readonly executable: Executable;
  readonly queue: ComputeQueue;
  readonly host: Pick<WorkerHost, 'openData' | 'rest'>;
}

/** Opens the data and times a micro-batch. @throws the errors of data, kernels and device */
export async function prepareRun({ runId, job, program, executable, queue, host }: PrepareOptions): Promise<Run> {
  const datasets = await host.openData(job.data);
  checkSizes(job, datasets);
  const { training } = job;
  const kernels = await createHostKernels({ reserve: MODELS_IN_MEMORY * program.layout.size * 4 });
  const summation = summationOf(training.numerics, kernels);
  const cut = new BucketCut({ ...program.layout, contributionBytes: summation.elementBytes });
  const replica = new Replica(kernels, {
    layout: program.layout,
    optimizer: training.optimizer,
    schedule: training.schedule,
    rounds: training.rounds,
    clipNorm: training.clipNorm,
  });
  const runner = new StepRunner({
    executable,
    train: datasets.train,
    held: datasets.eval,
    sampler: createSampler({ samples: job.data.trainSamples, seed: job.seed, microBatch: training.microBatch }),
    seed: job.seed,
    batch: training.microBatch,
    parameters: cut.size,
    numerics: training.numerics,
    rest: (workedMs, signal) => host.rest?.(workedMs, signal),
  });
  const room = MODELS_A_SENDER * cut.size;
  return {
    runId,
    job,
    program,
    cut,
    kernels,
    summation,
    replica,
    runner,
    gradient: kernels.allocate(cut.size),
    kept: new KeptStates(),
    own: new OwnContributions(),
    received: new ReceivedContributions(room * cut.contributionBytes),
    reduced: new ReducedBuckets(room * 4),
    samplesPerSecond: await queue.run(() => runner.samplesPerSecond(startOf(job))),
  };
}

/** The parameters that the job's seed means `[n] f32`. */
export const startOf = (job: ResolvedJob): Float32Array => initialParameters(job.model, job.seed);

function checkSizes({ data }: ResolvedJob, { train, eval: held }: JobDatasets): void {
  if (train.size !== data.trainSamples)
    throw new JobDataMismatchError({ what: 'training samples', stated: data.trainSamples, found: train.size });
  if (held.size !== data.evalSamples)
    throw new JobDataMismatchError({ what: 'held-out samples', stated: data.evalSamples, found: held.size });
}

/** Gives the run's memory back; the executable stays compiled for another run of the same job. */
export function closeRun({ replica, gradient, kept, own, received, reduced }: Run): void {
  for (const store of [kept, own, received, reduced]) store.clear();
  replica.release();
  gradient.release();
}
