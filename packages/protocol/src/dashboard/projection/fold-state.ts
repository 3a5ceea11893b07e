/** What the fold is told of a job, and what it is between two entries. */
import type { AuditConfig } from '../../machines/coordinator/config.ts';
import type { Attempt } from './attempt.ts';
import type { FiguresState, FigureTerms } from './figures.ts';

/** What the fold needs to know of a job. */
export interface RunTerms extends FigureTerms {
  readonly audit: AuditConfig;
  /** Samples of a micro-batch. */
  readonly microBatch: number;
}

export interface FoldCounts {
  /** The last attempt, under way or ended, and the micro-batches handed out in it. */
  readonly assignment: number;
  readonly handedOut: number;
  readonly logLines: number;
  readonly evaluations: number;
}

/** A fold between two entries: plain data. */
export interface FoldState extends FoldCounts {
  readonly figures: FiguresState;
  readonly attempt: Attempt | null;
}

export const firstCounts: FoldCounts = { assignment: -1, handedOut: 0, logLines: 0, evaluations: 0 };
