/** What a job will do and cost, known before it starts: shapes and sizes only, nothing is computed. */
import { bucketCount, buildStepProgram, costOf } from '@murmuration/kernels/graph';
import type { ParameterLayout } from '@murmuration/kernels/graph';
import { roundCostWei } from '@murmuration/protocol/job';
import type { JobSpec, ResolvedJob } from '@murmuration/protocol/job';
import { stateLayoutOf } from './state-layout.ts';

export interface RunPlan {
  readonly parameters: number;
  readonly layout: ParameterLayout;
  readonly buckets: number;
  /** Parameters and optimizer state. */
  readonly stateBytes: number;
  readonly microBatchesPerRound: number;
  /** Samples over all rounds, and how often that passes over the training data. */
  readonly samples: number;
  readonly passes: number;
  readonly flopsPerRound: number;
  /** Workers that the figures below assume. */
  readonly workers: number;
  /** What one worker sends in a round, and receives. */
  readonly bytesPerRoundAndWorker: number;
  readonly costPerRoundWei: bigint;
  readonly costWei: bigint;
}

const F32_BYTES = 4;

/** Bytes of an element of a contribution: f32, or fixed point. */
const contributionBytes = { fast: 4, exact: 8 } as const;

/** Bytes on the wire of a whole contribution, and of a whole reduced gradient. */
export const wireBytes = (
  parameters: number,
  numerics: keyof typeof contributionBytes,
): { readonly contribution: number; readonly reduced: number } => ({
  contribution: contributionBytes[numerics] * parameters,
  reduced: F32_BYTES * parameters,
});

/**
 * Butterfly reduction: a member sends each bucket of its contribution that it doesn't own to its owner, and each reduced
 * bucket that it owns, f32, to all others; buckets are shared out evenly. So it sends (c + 4)·P·(n − 1)/n bytes with c for
 * an element of a contribution, and receives as many.
 */
export const reductionBytes = (
  parameters: number,
  members: number,
  numerics: keyof typeof contributionBytes,
): number => {
  const { contribution, reduced } = wireBytes(parameters, numerics);
  return Math.round(((contribution + reduced) * (members - 1)) / members);
};

/** The plan of a job for `workers` equal workers. */
export function planRun(
  spec: JobSpec,
  job: ResolvedJob,
  workers: number = Math.max(1, spec.workers.spawn, spec.workers.minimum),
): RunPlan {
  const { rounds, microBatch, globalBatch, bucketSize, numerics } = job.training;
  const program = buildStepProgram(job.model, microBatch, bucketSize);
  const microBatchesPerRound = globalBatch / microBatch;
  const perRound = roundCostWei(spec);
  return {
    parameters: program.layout.size,
    layout: program.layout,
    buckets: bucketCount(program.layout),
    stateBytes: stateLayoutOf(job, program.layout).length * F32_BYTES,
    microBatchesPerRound,
    samples: rounds * globalBatch,
    passes: (rounds * globalBatch) / job.data.trainSamples,
    flopsPerRound: costOf(program.train).flops * microBatchesPerRound,
    workers,
    bytesPerRoundAndWorker: reductionBytes(program.layout.trained, workers, numerics),
    costPerRoundWei: perRound,
    costWei: perRound * BigInt(rounds),
  };
}
