/** A run as its journal tells it: what `status`, `run.finished` and the report show. Made by `fold.ts`. */
import type {
  Address,
  Adapter,
  AuditOutcome,
  BackendName,
  Hash,
  PayLeaf,
  PeerId,
  RunFactOf,
  VerdictRecord,
} from '@murmuration/protocol';

/** A round that stands: committed and not rolled back. `at` in milliseconds since 1970. */
export interface CommittedRound extends Omit<RunFactOf<'roundCommitted'>, 'type'> {
  readonly at: number;
}

export interface Evaluation extends Omit<RunFactOf<'evaluated'>, 'type'> {
  readonly at: number;
}

export type WorkerStatus = 'joined' | 'lost' | 'left' | 'expelled';

/** A worker over the whole run, however often it came and went. */
export interface WorkerSummary {
  readonly peerId: PeerId;
  readonly address: Address;
  readonly payout: Address;
  readonly backend: BackendName;
  readonly adapter: Adapter;
  readonly agent: string;
  readonly status: WorkerStatus;
  readonly joinedAt: number;
  /** Of all rounds that were committed, those too that were rolled back later: the work was done. */
  readonly microBatches: number;
  readonly samples: number;
  readonly rounds: number;
  readonly computeMs: number;
  /** Micro-batches that were not paid for because an audit failed. */
  readonly forfeited: number;
  /** Micro-batches that pay follows. */
  readonly verified: number;
  readonly earnedWei: bigint;
  readonly paidWei: bigint;
  readonly auditsPassed: number;
  readonly auditsFailed: number;
}

/** Something that went wrong, or was suspected to. */
export interface FaultLine {
  readonly at: number;
  readonly round: number | null;
  readonly peerId: PeerId | null;
  readonly kind: string;
  readonly reason: string;
}

export interface AuditLine {
  readonly audit: number;
  readonly round: number;
  readonly target: PeerId;
  readonly microBatches: number;
  readonly rate: number;
  /** Null while it is open. */
  readonly outcome: AuditOutcome | null;
  readonly verdicts: readonly VerdictRecord[];
  readonly reason: string;
}

export interface EpochLine {
  readonly epoch: number;
  readonly totalWei: bigint;
  readonly root: Hash | null;
  readonly transaction: string | null;
  readonly attestations: number;
  readonly deferred: string | null;
  /** What each worker has earned since the run began. */
  readonly leaves: readonly PayLeaf[];
}

export interface RunSummary {
  readonly runId: string;
  /** Rounds that the job asks for. */
  readonly target: number;
  readonly startedAt: number;
  readonly lastAt: number;
  readonly restarts: number;
  readonly rounds: readonly CommittedRound[];
  readonly evaluations: readonly Evaluation[];
  readonly workers: readonly WorkerSummary[];
  readonly faults: readonly FaultLine[];
  readonly audits: readonly AuditLine[];
  readonly epochs: readonly EpochLine[];
  readonly checkpoints: readonly { readonly round: number; readonly stateHash: Hash }[];
  readonly outcome: Omit<RunFactOf<'runFinished'>, 'type'> | null;
}
