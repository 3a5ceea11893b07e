/** What became of a member's work, and why it pays or does not. */
import type { AuditOutcome } from '../../journal/facts.ts';
import type { RoundLine, WorkLine } from '../api.ts';
import { figure } from '../format.ts';
import { asSentence } from './sentences.ts';
import type { WorkRow } from './writes.ts';

/** What others know of a piece of work. */
export interface WorkFate {
  /** Of the attempt that it belongs to. */
  readonly outcome: RoundLine['outcome'];
  readonly audit: { readonly audit: number; readonly outcome: AuditOutcome | null } | null;
  /** Why it was forfeited; null when it was not. */
  readonly forfeited: string | null;
  /** The first closed epoch that it is in; null as long as it is in none. */
  readonly epoch: number | null;
  /** The member's unproven work waits for an audit that passes. */
  readonly probation: boolean;
  /** The job pays for work. */
  readonly paid: boolean;
}

type Verdict = Pick<WorkLine, 'outcome' | 'pay' | 'reason'>;

const auditWords = ({ audit }: WorkFate): string =>
  audit === null ? 'No audit was drawn for it' : `Audit ${audit.audit} ${audit.outcome ?? 'is still open'}`;

/** First match decides. */
const rules: readonly {
  readonly when: (row: WorkRow, fate: WorkFate) => boolean;
  readonly say: (row: WorkRow, fate: WorkFate) => Pick<WorkLine, 'pay'> & { readonly reason: string };
}[] = [
  {
    when: (_row, { outcome }) => outcome === 'under way',
    say: () => ({ pay: 'not due', reason: 'the round is under way' }),
  },
  {
    when: ({ requeued }) => requeued !== null,
    say: ({ requeued }) => ({ pay: 'not due', reason: `its micro-batches were handed out again: ${requeued}` }),
  },
  {
    when: (_row, { paid }) => !paid,
    say: (_row, fate) => ({ pay: 'unpaid job', reason: `it counts; this job pays nobody. ${auditWords(fate)}` }),
  },
  {
    when: (_row, { forfeited }) => forfeited !== null,
    say: (_row, { forfeited }) => ({ pay: 'forfeited', reason: `it is not paid: ${forfeited}` }),
  },
  {
    when: (_row, { epoch }) => epoch !== null,
    say: (_row, fate) => ({ pay: 'pays', reason: `it is paid in epoch ${figure(fate.epoch)}. ${auditWords(fate)}` }),
  },
  {
    when: (_row, { audit }) => audit !== null && audit.outcome === null,
    say: (_row, { audit }) => ({ pay: 'waits', reason: `its pay waits for audit ${audit?.audit}` }),
  },
  {
    when: (_row, { probation, audit }) => probation && audit?.outcome !== 'passed',
    say: () => ({
      pay: 'waits',
      reason: 'its pay waits until an audit of this member passes, for an earlier one could not be made',
    }),
  },
  {
    when: () => true,
    say: (_row, fate) => ({ pay: 'waits', reason: `it is paid when the epoch closes. ${auditWords(fate)}` }),
  },
];

function verdictOf(row: WorkRow, fate: WorkFate): Verdict {
  const { pay, reason } = rules.find(({ when }) => when(row, fate))!.say(row, fate);
  if (fate.outcome === 'under way') return { outcome: 'pending', pay, reason: asSentence(reason) };
  if (row.requeued !== null) return { outcome: 'requeued', pay, reason: asSentence(reason) };
  if (fate.outcome !== 'rolled back') return { outcome: 'committed', pay, reason: asSentence(reason) };
  return {
    outcome: 'rolled back',
    pay,
    reason: asSentence(`the round was rolled back, but the work was done: ${reason}`),
  };
}

export function workLine(row: WorkRow, fate: WorkFate): WorkLine {
  const { round, assignment, at, microBatches, samples, lossSum, computeMs } = row;
  const verdict = verdictOf(row, fate);
  return {
    round,
    assignment,
    at,
    microBatches,
    samples,
    lossMean: lossSum === null || samples === 0 ? null : lossSum / samples,
    computeMs,
    ...verdict,
    epoch: verdict.pay === 'pays' ? fate.epoch : null,
    audit: fate.audit,
  };
}
