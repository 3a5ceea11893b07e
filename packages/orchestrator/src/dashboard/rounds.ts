/** Questions about rounds. */
import { apiLimits, shortPeer } from '@murmuration/protocol/dashboard';
import type { Page, PageQuery, RoundLine, RoundSpan } from '@murmuration/protocol/dashboard';
import { asSentence } from '@murmuration/protocol/projection';
import type { RunFold } from '@murmuration/protocol/projection';
import type { IndexFile, Row } from './index-file.ts';
import { bounded, NEWEST, pageOf } from './page.ts';

const USUAL = 20;

export class Rounds {
  readonly #index: IndexFile;

  constructor(index: IndexFile) {
    this.#index = index;
  }

  page(fold: RunFold, { before = NEWEST, limit }: PageQuery): Page<RoundLine> {
    const most = bounded(limit, USUAL, apiLimits.rounds);
    const rows = this.#index.all(
      'SELECT * FROM rounds WHERE assignment < ? ORDER BY assignment DESC LIMIT ?',
      before,
      most + 1,
    );
    const ended = rows.map((row) => this.#line(row, fold));
    const open = fold.roundUnderWay;
    const lines = open !== null && open.assignment < before ? [open, ...ended] : ended;
    const count = Number(this.#index.get('SELECT COUNT(*) AS count FROM rounds')?.['count'] ?? 0);
    return pageOf(lines, most, count + (open === null ? 0 : 1), ({ assignment }) => assignment);
  }

  /** Those that ended, or changed since they had, after the entry `sequence`: the latest first, at most `limit`. */
  changed(fold: RunFold, sequence: number, limit: number): RoundLine[] {
    return this.#index
      .all('SELECT * FROM rounds WHERE changed > ? ORDER BY changed DESC LIMIT ?', sequence, limit)
      .map((row) => this.#line(row, fold));
  }

  #line(row: Row, fold: RunFold): RoundLine {
    const line = JSON.parse(String(row['line'])) as RoundLine;
    const audits = this.#index.all(
      `SELECT audits.*, target.peer AS targetPeer, auditor.peer AS auditorPeer FROM audits
         JOIN members AS target ON target.id = audits.target LEFT JOIN members AS auditor ON auditor.id = audits.auditor
         WHERE audits.assignment = ? ORDER BY audit`,
      line.assignment,
    );
    const spans = Map.groupBy(audits, (audit) => String(audit['targetPeer']));
    return {
      ...line,
      outcome: String(row['outcome']) as RoundLine['outcome'],
      members: line.members.map((member) => ({
        ...member,
        spans: [
          ...member.spans,
          ...(spans.get(member.peerId) ?? []).map((audit) => auditSpan(audit, line.startedAt, fold.figures.lastAt)),
        ],
      })),
    };
  }
}

/** From the draw to the last verdict; an open audit lasts until now. */
function auditSpan(audit: Row, startedAt: number, now: number): RoundSpan {
  const { drawnAt, closedAt, outcome, reason } = audit;
  const by = shortPeer(String(audit['auditorPeer']));
  const text =
    outcome === null
      ? `audit ${audit['audit']}, drawn for ${by}, is open`
      : `audit ${audit['audit']} ${outcome}: ${reason}`;
  return {
    what: 'audited',
    fromMs: Math.max(0, Number(drawnAt) - startedAt),
    toMs: Math.max(0, Number(closedAt ?? now) - startedAt),
    note: asSentence(text),
  };
}
