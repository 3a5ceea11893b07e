/** What a coordinator machine needs to know of a job. The orchestrator's shell derives it from the resolved job. */
import type { Address, Hash, RunId } from '../../core/ids.ts';
import type { Milliseconds } from '../../core/units.ts';
import type { MemberInfo } from '../../wire/control.ts';

/** How held-out evaluation is cut up. */
export interface EvaluationConfig {
  /** Rounds between evaluations; 0: only after the last round. */
  readonly every: number;
  /** Held-out samples. */
  readonly samples: number;
}

/** How often contributions are re-executed, and how far two honest results may lie apart. */
export interface AuditConfig {
  /** Probability that a newcomer's contribution is audited. */
  readonly rate: number;
  /** The rate never falls below this, however many audits a worker has passed. */
  readonly floor: number;
  /** Rounds for which members keep what an audit needs. */
  readonly window: number;
  /** Relative L2 error up to which a verdict passes. */
  readonly accept: number;
  /** Relative L2 error above which a verdict fails; between the two it is doubted and escalated. */
  readonly escalate: number;
}

/** The chain terms of a paid run. Amounts are decimal texts of the token's smallest unit. */
export interface PaymentConfig {
  readonly epochRounds: number;
  readonly microBatchWei: string;
  /** All that was deposited; the run ends early rather than promise more. */
  readonly budgetWei: string;
  /** Signatures that the contract wants under an epoch. */
  readonly attestations: number;
  readonly chainId: number;
  readonly settlement: Address;
  readonly jobId: Hash;
}

export interface CoordinatorConfig {
  readonly runId: RunId;
  /** Rounds to commit. */
  readonly rounds: number;
  readonly microBatchesPerRound: number;
  /** Samples a micro-batch. */
  readonly microBatchSize: number;
  readonly buckets: number;
  /** The first round waits for so many ready members, up to `gatherTimeout`. */
  readonly startMembers: number;
  /** Rounds go on with at least so many. */
  readonly minMembers: number;
  readonly maxMembers: number;
  /** `fixed`: round-robin, independent of speed; `adaptive`: in proportion to measured speed. */
  readonly assignment: 'fixed' | 'adaptive';
  /**
   * What becomes of a lost member's micro-batches. `requeue` (also where it is left out): later rounds train them.
   * `recompute`: the other members do, in the same round, so that what a round trains depends on no membership.
   */
  readonly onLoss?: 'recompute' | 'requeue';
  /** `exact`: only adapters of the exact class are taken in, for the others' gradients have other bits. `fast` where it is left out. */
  readonly numerics?: 'fast' | 'exact';
  /** The one time-out; every other is derived from it (see `deadlines.ts`). */
  readonly failureTimeout: Milliseconds;
  /** After so long with fewer than `minMembers` the run fails; null waits for ever. */
  readonly gatherTimeout: Milliseconds | null;
  readonly evaluation: EvaluationConfig | null;
  /** Rounds between checkpoints; 0: only the last. */
  readonly checkpointEvery: number;
  readonly audit: AuditConfig;
  /** `null`: `payment: none`; work is still counted. */
  readonly payment: PaymentConfig | null;
  /** The coordinator as a source of checkpointed state. */
  readonly self: MemberInfo;
  /**
   * The hash of the state at round 0 where the run starts from weights that were given, which the shell stores and serves as
   * a checkpoint; null or absent where every worker makes that state from the job's seed.
   */
  readonly startState?: Hash | null;
  /** Opaque to the machine: the resolved job, sent to each worker in `welcome`. */
  readonly job: unknown;
}
