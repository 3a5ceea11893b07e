/** What a journal entry changes of what people see: rows for whoever keeps them, in order. */
import type { MicroBatch, PeerId } from '../../core/ids.ts';
import type { AuditOutcome, VerdictRecord } from '../../journal/facts.ts';
import type { CurveName, LogLine, RoundLine } from '../api.ts';

/** One member's part of an attempt at a round that has ended; see `workLine` for what people see of it. */
export interface WorkRow {
  readonly peerId: PeerId;
  readonly assignment: number;
  readonly round: number;
  readonly at: number;
  readonly microBatches: readonly MicroBatch[];
  readonly samples: number;
  readonly lossSum: number | null;
  readonly computeMs: number | null;
  /** Why its micro-batches were queued again; null: they are in the round that was committed. */
  readonly requeued: string | null;
  /** Sequence of the entry that ended the attempt. */
  readonly sequence: number;
}

export interface AuditRecord {
  readonly audit: number;
  readonly round: number;
  readonly assignment: number;
  readonly target: PeerId;
  readonly auditor: PeerId;
  readonly microBatches: number;
  readonly drawnAt: number;
}

interface WriteTable {
  /** An attempt at a round ended. */
  round: { readonly line: RoundLine; readonly sequence: number };
  work: WorkRow;
  log: LogLine;
  /** Point number `ordinal` of a curve; one of the same number before was rolled back. */
  point: {
    readonly curve: CurveName;
    readonly ordinal: number;
    readonly round: number;
    readonly samples: number;
    readonly at: number;
    readonly y: number;
    readonly sequence: number;
  };
  /** Rounds from `to` on, and points after it, don't stand any more. */
  rolledBack: { readonly to: number; readonly sequence: number };
  auditDrawn: AuditRecord;
  auditClosed: {
    readonly audit: number;
    readonly outcome: AuditOutcome;
    readonly verdicts: readonly VerdictRecord[];
    readonly reason: string;
    readonly at: number;
    readonly sequence: number;
  };
  auditVerdict: { readonly audit: number; readonly verdict: VerdictRecord };
  /** So many contributions of these rounds as they are named, the newest of each, will not be paid. */
  forfeited: { readonly peerId: PeerId; readonly rounds: readonly number[]; readonly reason: string };
  /** `earned`: of those who earned something since the epoch before. */
  epochClosed: {
    readonly epoch: number;
    readonly round: number;
    readonly sequence: number;
    readonly earned: readonly { readonly peerId: PeerId; readonly verified: number; readonly cumulativeWei: string }[];
  };
  epochSettled: {
    readonly epoch: number;
    readonly transaction: string;
    /** Of those who had been paid another amount before. */
    readonly paid: readonly { readonly peerId: PeerId; readonly paidWei: string }[];
  };
  epochDeferred: { readonly epoch: number; readonly reason: string };
}

export type WriteType = keyof WriteTable;
export type WriteOf<T extends WriteType> = { readonly type: T } & WriteTable[T];
export type Write = { [T in WriteType]: WriteOf<T> }[WriteType];
