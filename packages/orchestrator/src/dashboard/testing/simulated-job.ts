/** The job and the terms of a simulated run. */
import { address, hash, milliseconds, runId } from '@murmuration/protocol';
import type { CoordinatorConfig } from '@murmuration/protocol';
import type { ResolvedJob } from '@murmuration/protocol/job';
import { randomOf, simulant } from './crowd.ts';

export interface SimulatedRun {
  readonly seed: number;
  readonly members: number;
  readonly rounds: number;
  /** Members with work in a round: the next ones of the crowd, in turn. */
  readonly contributors: number;
  /** Of the last so many rounds the journal has every message, as a real one has of all. */
  readonly talkative: number;
}

export const MICRO_BATCH = 32;
export const PRICE_WEI = 10n ** 16n;
export const EPOCH_ROUNDS = 1000;
export const EVALUATE_EVERY = 100;
export const CHECKPOINT_EVERY = 1000;

const sha = '0'.repeat(64);
const source = {
  type: 'idx',
  images: 'images',
  labels: 'labels',
  mean: 0,
  std: 1,
  sha256: { images: sha, labels: sha },
} as const;

const jobOf = (rounds: number, globalBatch: number): ResolvedJob => ({
  name: 'simulated',
  seed: 0,
  model: { type: 'mlp', inputs: 784, hidden: [256, 128], outputs: 10, activation: 'relu', dropout: 0 },
  data: { train: source, eval: source, trainSamples: 60_000, evalSamples: 10_000 },
  training: {
    rounds,
    microBatch: MICRO_BATCH,
    globalBatch,
    optimizer: { type: 'adamw', learningRate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
    schedule: { type: 'constant', warmup: 0 },
    numerics: 'fast',
    bucketSize: 65_536,
  },
  audit: { rate: 0.1, floor: 0.02, window: 4, accept: 5e-5, challenge: 2e-4 },
  failureTimeout: 10_000,
});

export const configOf = ({ rounds, contributors, members }: SimulatedRun): CoordinatorConfig => ({
  runId: runId('simulated-20260101-00000000'),
  rounds,
  microBatchesPerRound: contributors,
  microBatchSize: MICRO_BATCH,
  buckets: 4,
  startMembers: 1,
  minMembers: 1,
  maxMembers: members,
  assignment: 'adaptive',
  failureTimeout: milliseconds(10_000),
  gatherTimeout: null,
  evaluation: { every: EVALUATE_EVERY, samples: 10_000 },
  checkpointEvery: CHECKPOINT_EVERY,
  audit: { rate: 0.1, floor: 0.02, window: 4, accept: 5e-5, escalate: 2e-4 },
  payment: {
    epochRounds: EPOCH_ROUNDS,
    microBatchWei: PRICE_WEI.toString(),
    budgetWei: (PRICE_WEI * BigInt(rounds * contributors)).toString(),
    attestations: 1,
    chainId: 31_337,
    settlement: address(`0x${'5'.repeat(40)}`),
    jobId: hash(`0x${'7'.repeat(64)}`),
  },
  self: { peerId: simulant(randomOf(0)).peerId, addresses: ['/memory/c'] },
  job: jobOf(rounds, contributors * MICRO_BATCH),
});
