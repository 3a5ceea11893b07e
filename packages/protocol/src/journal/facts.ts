/**
 * What the coordinator decided, one kind of sentence each: the record that `status`, `report` and `explain-pay` read.
 * Facts stand in the journal beside the event that caused them; replay must produce the same ones.
 */
import type { Address, Hash, MicroBatch, PeerId, Round, View } from '../core/ids.ts';
import type { Adapter, BackendName } from '../wire/control.ts';

/** One worker's part of a committed round. */
export interface RoundShare {
  readonly peerId: PeerId;
  readonly microBatches: readonly MicroBatch[];
  readonly samples: number;
  readonly lossSum: number;
  readonly computeMs: number;
  readonly root: Hash;
}

/** How an audit ended. `disputed`: auditors disagreed; `unverifiable`: the target was gone; `expired`: no auditor could do it. */
export type AuditOutcome = 'passed' | 'failed' | 'disputed' | 'unverifiable' | 'expired';

export interface VerdictRecord {
  readonly auditor: PeerId;
  readonly outcome: 'pass' | 'doubt' | 'fail' | 'withheld' | 'expired';
  readonly relativeError: number | null;
  readonly reason: string;
}

interface FactTable {
  runStarted: { rounds: number; minMembers: number; anchor: Hash };
  runResumed: { round: Round; checkpointRound: Round | null };
  memberJoined: {
    peerId: PeerId;
    address: Address;
    payout: Address;
    backend: BackendName;
    adapter: Adapter;
    agent: string;
    dialable: boolean;
    returning: boolean;
  };
  memberReady: { peerId: PeerId; round: Round; samplesPerSecond: number };
  /** One of the first refusals: a run has room for so many, and for one more with each round (`docs/limits.md`). */
  memberRefused: { peerId: PeerId; code: string; reason: string };
  memberGone: {
    peerId: PeerId;
    how: 'lost' | 'left' | 'expelled';
    round: Round;
    phase: string;
    code: string;
    reason: string;
  };
  /** The others waited by its fault, not for the first time: it takes no part in rounds from `round` up to, without, `until`. */
  memberSuspended: { peerId: PeerId; round: Round; until: Round; strikes: number; reason: string };
  memberFlagged: { peerId: PeerId; round: Round; code: string; reason: string };
  roundAssigned: {
    round: Round;
    view: View;
    contributors: readonly { peerId: PeerId; microBatches: readonly MicroBatch[] }[];
    queued: number;
  };
  viewChanged: {
    round: Round;
    view: View;
    reason: string;
    /** Queued again. */
    returned: readonly MicroBatch[];
    /** All that those train now who took over a lost member's work; absent where nobody did. */
    reassigned?: readonly { peerId: PeerId; microBatches: readonly MicroBatch[] }[];
  };
  roundAbandoned: { round: Round; reason: string; returned: readonly MicroBatch[] };
  roundSealed: { round: Round; view: View; digest: Hash; samples: number };
  roundCommitted: {
    round: Round;
    view: View;
    stateHash: Hash;
    digest: Hash;
    trainLoss: number;
    gradientNorm: number;
    samples: number;
    milliseconds: number;
    members: number;
    shares: readonly RoundShare[];
  };
  rolledBack: { from: Round; to: Round; stateHash: Hash | null; returned: readonly MicroBatch[]; reason: string };
  evaluated: {
    evaluation: number;
    round: Round;
    loss: number;
    accuracy: number;
    correct: number;
    predictions: number;
    final: boolean;
  };
  checkpointed: { round: Round; stateHash: Hash };
  checkpointFailed: { round: Round; reason: string };
  auditDrawn: {
    audit: number;
    round: Round;
    target: PeerId;
    auditor: PeerId;
    microBatches: readonly MicroBatch[];
    rate: number;
  };
  auditVerdict: { audit: number; round: Round; target: PeerId; verdict: VerdictRecord };
  auditClosed: {
    audit: number;
    round: Round;
    target: PeerId;
    outcome: AuditOutcome;
    verdicts: readonly VerdictRecord[];
    reason: string;
  };
  /** Micro-batches that will not be paid. */
  payForfeited: { peerId: PeerId; rounds: readonly Round[]; microBatches: number; reason: string };
  epochClosed: {
    epoch: number;
    round: Round;
    totalWei: string;
    workers: readonly { peerId: PeerId; address: Address; verified: number; cumulativeWei: string; deferred: number }[];
  };
  epochSettled: {
    epoch: number;
    transaction: string;
    root: Hash;
    totalWei: string;
    attestations: readonly PeerId[];
    paidWei: Readonly<Record<Address, string>>;
  };
  epochDeferred: { epoch: number; reason: string };
  draining: { reason: string };
  runFinished: {
    outcome: 'finished' | 'failed' | 'drained';
    code: string;
    reason: string;
    rounds: number;
    stateHash: Hash | null;
  };
}

export type RunFactType = keyof FactTable;
export type RunFactOf<T extends RunFactType> = { readonly type: T } & Readonly<FactTable[T]>;
export type RunFact = { [T in RunFactType]: RunFactOf<T> }[RunFactType];
