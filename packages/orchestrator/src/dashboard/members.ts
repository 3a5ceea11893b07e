/** Questions about members. */
import { apiLimits } from '@murmuration/protocol/dashboard';
import type { MemberRow, MemberSort, MembersQuery, Page } from '@murmuration/protocol/dashboard';
import type { MemberState, RunFold } from '@murmuration/protocol/projection';
import type { PeerId } from '@murmuration/protocol';
import type { IndexFile, Row } from './index-file.ts';
import { bounded } from './page.ts';

const USUAL = 50;

/** What each order sorts by; equal ones by the order in which they came. `:assignment` is the last attempt at a round. */
const orders: Readonly<Record<MemberSort, string>> = {
  status: '-rank, speed',
  speed: 'speed',
  share: 'CASE WHEN assignment = ? THEN assigned ELSE 0 END',
  verified: 'verified',
  earned: 'earned',
  lastSeen: 'seen',
  trust: 'trust',
};

const stateOf = (row: Row): MemberState => JSON.parse(String(row['state'])) as MemberState;

/** Rows that were only named so far (an auditor, say, before its own row) are none yet. */
const IS_MEMBER = "state <> ''";

function orderBy(sort: MemberSort, descending: boolean): string {
  const direction = descending ? 'DESC' : 'ASC';
  return orders[sort]
    .split(', ')
    .map((term) => `${term} ${direction}`)
    .join(', ');
}

export class Members {
  readonly #index: IndexFile;

  constructor(index: IndexFile) {
    this.#index = index;
  }

  state(peerId: PeerId): MemberState | null {
    const row = this.#index.get(`SELECT state FROM members WHERE peer = ? AND ${IS_MEMBER}`, peerId);
    return row === undefined ? null : stateOf(row);
  }

  /** The number that other tables name a peer by; −1, which none has, for an unknown one. */
  id(peerId: PeerId): number {
    return Number(this.#index.get('SELECT id FROM members WHERE peer = ?', peerId)?.['id'] ?? -1);
  }

  count(): number {
    return Number(this.#index.get(`SELECT COUNT(*) AS count FROM members WHERE ${IS_MEMBER}`)?.['count'] ?? 0);
  }

  page(
    fold: RunFold,
    { sort = 'status', descending = false, offset = 0, limit, find = '' }: MembersQuery,
  ): Page<MemberRow> {
    const text = find.slice(0, apiLimits.find).toLowerCase();
    const from = Math.max(0, Math.floor(offset) || 0);
    const most = bounded(limit, USUAL, apiLimits.members);
    const rows = this.#index.all(
      `SELECT state FROM members WHERE ${IS_MEMBER} AND instr(search, ?) > 0
         ORDER BY ${orderBy(sort, descending)}, id LIMIT ? OFFSET ?`,
      text,
      ...(sort === 'share' ? [fold.assignment] : []),
      most,
      from,
    );
    const total = this.#index.get(
      `SELECT COUNT(*) AS count FROM members WHERE ${IS_MEMBER} AND instr(search, ?) > 0`,
      text,
    );
    const count = Number(total?.['count'] ?? 0);
    const next = from + rows.length < count && rows.length > 0 ? from + rows.length : null;
    return { rows: rows.map((row) => fold.row(stateOf(row))), total: count, next };
  }

  /** Those that changed after the entry `sequence`, the latest first, at most `limit`. */
  changed(fold: RunFold, sequence: number, limit: number): MemberRow[] {
    return this.#index
      .all(
        `SELECT state FROM members WHERE changed > ? AND ${IS_MEMBER} ORDER BY changed DESC LIMIT ?`,
        sequence,
        limit,
      )
      .map((row) => fold.row(stateOf(row)));
  }
}
