/** Questions about the log. */
import type { PeerId } from '@murmuration/protocol';
import { apiLimits } from '@murmuration/protocol/dashboard';
import type { LogLine, LogQuery, Page } from '@murmuration/protocol/dashboard';
import type { IndexFile, Row } from './index-file.ts';
import { bounded, NEWEST, pageOf } from './page.ts';

const USUAL = 50;
const COLUMNS = 'log.id, log.sequence, log.at, log.kind, log.severity, log.round, members.peer, log.text';
const TABLES = 'log LEFT JOIN members ON members.id = log.member';

const lineOf = ({ id, sequence, at, kind, severity, round, peer, text }: Row): LogLine => ({
  id: Number(id),
  sequence: Number(sequence),
  at: Number(at),
  kind: String(kind) as LogLine['kind'],
  severity: String(severity) as LogLine['severity'],
  round: round === null ? null : Number(round),
  peerId: (peer ?? null) as PeerId | null,
  text: String(text),
});

export class Log {
  readonly #index: IndexFile;

  constructor(index: IndexFile) {
    this.#index = index;
  }

  /** @param member the number of the peer that is asked for, if one is */
  page({ before = NEWEST, limit, kind, problems = false }: LogQuery, member?: number): Page<LogLine> {
    const most = bounded(limit, USUAL, apiLimits.log);
    const filters = [
      ...(kind === undefined ? [] : [{ sql: 'log.kind = ?', value: kind }]),
      ...(member === undefined ? [] : [{ sql: 'log.member = ?', value: member }]),
      ...(problems ? [{ sql: "log.severity IN ('warning', 'bad')" }] : []),
    ];
    const where = filters.map(({ sql }) => ` AND ${sql}`).join('');
    const values = filters.flatMap(({ value }) => value ?? []);
    const rows = this.#index.all(
      `SELECT ${COLUMNS} FROM ${TABLES} WHERE log.id < ?${where} ORDER BY log.id DESC LIMIT ?`,
      before,
      ...values,
      most + 1,
    );
    const total = this.#index.get(`SELECT COUNT(*) AS count FROM log WHERE id >= 0${where}`, ...values);
    return pageOf(rows.map(lineOf), most, Number(total?.['count'] ?? 0), ({ id }) => id);
  }

  /** Lines of entries after `sequence`, the newest first, at most `limit`. */
  since(sequence: number, limit: number): LogLine[] {
    return this.#index
      .all(
        `SELECT ${COLUMNS} FROM ${TABLES} WHERE log.sequence > ? ORDER BY log.sequence DESC, log.id DESC LIMIT ?`,
        sequence,
        limit,
      )
      .map(lineOf);
  }
}
