/** What the coordinator machine is told of a job. */
import { milliseconds } from '@murmuration/protocol';
import type { CoordinatorConfig, Hash, MemberInfo, PaymentConfig, RunId } from '@murmuration/protocol';
import type { LoadedJob } from '../plan/load-job.ts';
import type { RunPlan } from '../plan/plan.ts';

/** A run whose workers don't come fails after so many failure time-outs: enough to load data and compile. */
const GATHER_TIMEOUTS = 30;

export interface ConfigParts {
  readonly runId: RunId;
  readonly plan: RunPlan;
  readonly self: MemberInfo;
  readonly payment: PaymentConfig | null;
  /** Hash of the given state at round 0; null where the seed decides it. */
  readonly startState: Hash | null;
}

export function coordinatorConfig(
  { spec, job }: LoadedJob,
  { runId, plan, self, payment, startState }: ConfigParts,
): CoordinatorConfig {
  const { rounds, microBatch, assignment, onLoss, numerics, evaluateEvery, checkpointEvery } = spec.training;
  const { rate, floor, window, accept, challenge: escalate } = spec.audit;
  const failureTimeout = milliseconds(spec.network.failureTimeout);
  return {
    runId,
    rounds,
    microBatchesPerRound: plan.microBatchesPerRound,
    microBatchSize: microBatch,
    buckets: plan.buckets,
    startMembers: spec.workers.minimum,
    minMembers: 1,
    maxMembers: spec.workers.maximum,
    assignment,
    onLoss,
    numerics,
    failureTimeout,
    // With no workers of its own a run waits for volunteers as long as it takes.
    gatherTimeout: spec.workers.spawn === 0 ? null : milliseconds(GATHER_TIMEOUTS * failureTimeout),
    evaluation: { every: evaluateEvery, samples: job.data.evalSamples },
    checkpointEvery,
    audit: { rate, floor, window, accept, escalate },
    payment,
    self,
    startState,
    job,
  };
}
