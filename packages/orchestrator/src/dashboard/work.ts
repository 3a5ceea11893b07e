/** Questions about one member's work: what became of it, and why it pays or does not. */
import type { MicroBatch } from '@murmuration/protocol';
import { apiLimits } from '@murmuration/protocol/dashboard';
import type { AuditRow, MemberEpoch, Page, PageQuery, RoundLine, WorkLine } from '@murmuration/protocol/dashboard';
import { workLine } from '@murmuration/protocol/projection';
import type { MemberState, RunFold, WorkFate, WorkRow } from '@murmuration/protocol/projection';
import type { IndexFile, Row } from './index-file.ts';
import { bounded, NEWEST, pageOf } from './page.ts';

const USUAL = 50;
/** Audits and epochs that a member's page shows. */
const SHOWN = 100;
/** Epochs that a member's work is searched in while it had to be proved; later ones are not looked at. */
const MAX_EPOCHS = 1000;

const textOrNull = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));
const numberOrNull = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value));

const workRowOf = (row: Row, { peerId }: MemberState): WorkRow => ({
  peerId,
  assignment: Number(row['assignment']),
  round: Number(row['round']),
  at: Number(row['at']),
  microBatches: JSON.parse(String(row['microBatches'])) as MicroBatch[],
  samples: Number(row['samples']),
  lossSum: numberOrNull(row['lossSum']),
  computeMs: numberOrNull(row['computeMs']),
  requeued: textOrNull(row['requeued']),
  sequence: Number(row['sequence']),
});

type AuditFate = NonNullable<WorkFate['audit']> & { readonly sequence: number | null };

export class Work {
  readonly #index: IndexFile;
  /** Whether the job pays. */
  readonly #paid: boolean;

  constructor(index: IndexFile, paid: boolean) {
    this.#index = index;
    this.#paid = paid;
  }

  /** @param id the member's number */
  page(fold: RunFold, member: MemberState, id: number, { before = NEWEST, limit }: PageQuery): Page<WorkLine> {
    const most = bounded(limit, USUAL, apiLimits.work);
    const rows = this.#index.all(
      `SELECT work.*, rounds.outcome FROM work LEFT JOIN rounds ON rounds.assignment = work.assignment
         WHERE member = ? AND work.assignment < ? ORDER BY work.assignment DESC LIMIT ?`,
      id,
      before,
      most + 1,
    );
    const open = fold.workUnderWay(member.peerId);
    const count = this.#index.get('SELECT COUNT(*) AS count FROM work WHERE member = ?', id);
    const lines = [
      ...(open !== null && open.assignment < before ? [workLine(open, this.#fateUnderWay(member))] : []),
      ...rows.map((row) => this.#line(row, member, id)),
    ];
    return pageOf(lines, most, Number(count?.['count'] ?? 0) + (open === null ? 0 : 1), ({ assignment }) => assignment);
  }

  audits(id: number): AuditRow[] {
    return this.#index
      .all('SELECT * FROM audits WHERE target = ? ORDER BY audit DESC LIMIT ?', id, SHOWN)
      .map(({ audit, round, microBatches, outcome, verdicts, reason }) => ({
        audit: Number(audit),
        round: Number(round),
        microBatches: Number(microBatches),
        outcome: outcome as AuditRow['outcome'],
        verdicts: JSON.parse(String(verdicts)) as AuditRow['verdicts'],
        reason: String(reason),
      }));
  }

  epochs(id: number): MemberEpoch[] {
    return this.#index
      .all(
        `SELECT * FROM earnings JOIN epochs ON epochs.epoch = earnings.epoch
           WHERE member = ? ORDER BY earnings.epoch DESC LIMIT ?`,
        id,
        SHOWN,
      )
      .map(({ epoch, round, verified, cumulative, txHash, paid, deferred }) => ({
        epoch: Number(epoch),
        round: Number(round),
        verified: Number(verified),
        cumulativeWei: String(cumulative),
        transaction: textOrNull(txHash),
        paidWei: textOrNull(paid),
        deferred: textOrNull(deferred),
      }));
  }

  #fateUnderWay({ probation }: MemberState): WorkFate {
    return { outcome: 'under way', audit: null, forfeited: null, epoch: null, probation, paid: this.#paid };
  }

  #line(row: Row, member: MemberState, id: number): WorkLine {
    const work = workRowOf(row, member);
    const audit = this.#audit(id, work.assignment);
    return workLine(work, {
      outcome: String(row['outcome']) as RoundLine['outcome'],
      audit: audit && { audit: audit.audit, outcome: audit.outcome },
      forfeited: textOrNull(row['forfeited']),
      epoch: this.#epochOf(work, member, id, audit),
      probation: member.probation,
      paid: this.#paid,
    });
  }

  #audit(id: number, assignment: number): AuditFate | null {
    const row = this.#index.get('SELECT * FROM audits WHERE assignment = ? AND target = ?', assignment, id);
    if (row === undefined) return null;
    return {
      audit: Number(row['audit']),
      outcome: row['outcome'] as AuditFate['outcome'],
      sequence: numberOrNull(row['sequence']),
    };
  }

  /** The first epoch that closed when the work could go into one; null when none has, or the work can go into none. */
  #epochOf(work: WorkRow, member: MemberState, id: number, audit: AuditFate | null): number | null {
    if (work.requeued !== null || (audit !== null && audit.sequence === null)) return null;
    const from = Math.max(work.sequence, audit?.sequence ?? 0);
    const proven = audit?.outcome === 'passed';
    const limit = proven || member.unverifiable === 0 ? 1 : MAX_EPOCHS;
    const epochs = this.#index.all(
      'SELECT epoch, sequence FROM epochs WHERE sequence >= ? ORDER BY sequence LIMIT ?',
      from,
      limit,
    );
    const first = epochs.find(({ sequence }) => limit === 1 || !this.#wasOnProbation(id, Number(sequence)));
    return first === undefined ? null : Number(first['epoch']);
  }

  /** Whether an audit of it could not be made before the entry `sequence`, and none has passed since. */
  #wasOnProbation(id: number, sequence: number): boolean {
    const last = this.#index.get(
      `SELECT outcome FROM audits WHERE target = ? AND outcome IN ('passed', 'unverifiable') AND sequence <= ?
         ORDER BY sequence DESC, audit DESC LIMIT 1`,
      id,
      sequence,
    );
    return last?.['outcome'] === 'unverifiable';
  }
}
