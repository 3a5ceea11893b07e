/** The rows that the fold gives, put into the index. */
import type { Address, PeerId } from '@murmuration/protocol';
import { verifiedOf } from '@murmuration/protocol/projection';
import type { MemberSource, MemberState, Write, WriteOf, WriteType } from '@murmuration/protocol/projection';
import { CurveLevels } from './curve-levels.ts';
import type { IndexFile } from './index-file.ts';

/** Order of members in a list: those in the run first. */
const ranks: Readonly<Record<MemberState['status'], number>> = {
  ready: 0,
  joined: 1,
  lost: 2,
  left: 3,
  expelled: 4,
  refused: 5,
};

/** Digits of the greatest amount, 2²⁵⁶ − 1: amounts of as many digits are in order as texts. */
const WEI_DIGITS = 78;

/** Numbers of peers that are held. */
const MAX_HELD = 10_000;

type Appliers = { readonly [T in WriteType]: (write: WriteOf<T>) => void };

export class IndexWriter implements MemberSource {
  readonly #index: IndexFile;
  readonly #levels: CurveLevels;
  /** Of peers met lately. */
  readonly #ids = new Map<PeerId, number>();

  constructor(index: IndexFile) {
    this.#index = index;
    this.#levels = new CurveLevels(index);
  }

  member(peerId: PeerId): MemberState | undefined {
    return stateOf(this.#index.get('SELECT state FROM members WHERE peer = ?', peerId));
  }

  memberAt(address: Address): MemberState | undefined {
    return stateOf(this.#index.get('SELECT state FROM members WHERE address = ?', address.toLowerCase()));
  }

  apply(write: Write): void {
    (this.#appliers[write.type] as (write: Write) => void)(write);
  }

  /** Ends a slice: members as they are now, and what curves come to from afar. */
  flush(members: readonly MemberState[]): void {
    for (const member of members) this.#putMember(member);
    this.#levels.flush();
    if (this.#ids.size > MAX_HELD) this.#ids.clear();
  }

  /** What was written since the last commit was taken back. */
  forget(): void {
    this.#levels.forget();
    this.#ids.clear();
  }

  /** Members get their number when they are first named, maybe before their row. */
  #id(peerId: PeerId): number {
    const known = this.#ids.get(peerId);
    if (known !== undefined) return known;
    const row =
      this.#index.get('SELECT id FROM members WHERE peer = ?', peerId) ??
      this.#index.get(
        "INSERT INTO members VALUES (NULL, ?, '', '', 9, 0, -1, 0, 0, '', 0, 0, 0, '') RETURNING id",
        peerId,
      );
    const id = Number(row?.['id']);
    this.#ids.set(peerId, id);
    return id;
  }

  #putMember(member: MemberState): void {
    const { peerId, address, agent, adapter, status, samplesPerSecond, assignment, assigned, earnedWei } = member;
    const { lastSeenAt, auditsPassed, auditsFailed, changed } = member;
    this.#index.run(
      `UPDATE members SET address = ?, search = ?, rank = ?, speed = ?, assignment = ?, assigned = ?, verified = ?,
         earned = ?, seen = ?, trust = ?, changed = ?, state = ? WHERE id = ?`,
      address.toLowerCase(),
      [peerId, address, adapter.name, agent].join('\n').toLowerCase(),
      ranks[status],
      samplesPerSecond,
      assignment,
      assigned,
      verifiedOf(member),
      earnedWei.padStart(WEI_DIGITS, '0'),
      lastSeenAt,
      (auditsPassed + 1) / (auditsPassed + auditsFailed + 2),
      changed,
      JSON.stringify(member),
      this.#id(peerId),
    );
  }

  readonly #appliers: Appliers = {
    round: ({ line, sequence }) => {
      const { assignment, round, outcome } = line;
      const text = JSON.stringify(line);
      this.#index.run('INSERT INTO rounds VALUES (?, ?, ?, ?, ?)', assignment, round, outcome, sequence, text);
    },
    work: ({ peerId, assignment, round, at, microBatches, samples, lossSum, computeMs, requeued, sequence }) =>
      this.#index.run(
        'INSERT INTO work VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)',
        this.#id(peerId),
        assignment,
        round,
        at,
        JSON.stringify(microBatches),
        samples,
        lossSum,
        computeMs,
        requeued,
        sequence,
      ),
    log: ({ id, sequence, at, kind, severity, round, peerId, text }) =>
      this.#index.run(
        'INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        id,
        sequence,
        at,
        kind,
        severity,
        round,
        peerId === null ? null : this.#id(peerId),
        text,
      ),
    point: (point) => this.#levels.add(point),
    rolledBack: (write) => this.#rollBack(write),
    auditDrawn: ({ audit, round, assignment, target, auditor, microBatches, drawnAt }) =>
      this.#index.run(
        "INSERT INTO audits VALUES (?, ?, ?, ?, ?, ?, ?, NULL, '[]', '', NULL, NULL)",
        audit,
        round,
        assignment,
        this.#id(target),
        this.#id(auditor),
        microBatches,
        drawnAt,
      ),
    auditVerdict: ({ audit, verdict }) =>
      this.#index.run(
        "UPDATE audits SET verdicts = json_insert(verdicts, '$[#]', json(?)) WHERE audit = ?",
        JSON.stringify(verdict),
        audit,
      ),
    auditClosed: ({ audit, outcome, verdicts, reason, at, sequence }) => {
      this.#index.run(
        'UPDATE audits SET outcome = ?, verdicts = ?, reason = ?, closedAt = ?, sequence = ? WHERE audit = ?',
        outcome,
        JSON.stringify(verdicts),
        reason,
        at,
        sequence,
        audit,
      );
      this.#index.run(
        'UPDATE rounds SET changed = ? WHERE assignment = (SELECT assignment FROM audits WHERE audit = ?)',
        sequence,
        audit,
      );
    },
    forfeited: (write) => this.#forfeit(write),
    epochClosed: ({ epoch, round, sequence, earned }) => {
      this.#index.run('INSERT INTO epochs VALUES (?, ?, ?, NULL, NULL)', epoch, round, sequence);
      for (const { peerId, verified, cumulativeWei } of earned)
        this.#index.run(
          'INSERT INTO earnings VALUES (?, ?, ?, ?, NULL)',
          this.#id(peerId),
          epoch,
          verified,
          cumulativeWei,
        );
    },
    epochSettled: ({ epoch, transaction, paid }) => {
      this.#index.run('UPDATE epochs SET txHash = ?, deferred = NULL WHERE epoch = ?', transaction, epoch);
      for (const { peerId, paidWei } of paid) this.#pay(this.#id(peerId), epoch, paidWei);
    },
    epochDeferred: ({ epoch, reason }) =>
      this.#index.run('UPDATE epochs SET deferred = ? WHERE epoch = ?', reason, epoch),
  };

  /** An epoch in which a member earned nothing new may still be the one that pays it. */
  #pay(member: number, epoch: number, paidWei: string): void {
    this.#index.run(
      `INSERT INTO earnings SELECT member, ?, verified, cumulative, ? FROM earnings
         WHERE member = ? AND epoch <= ? ORDER BY epoch DESC LIMIT 1
         ON CONFLICT DO UPDATE SET paid = excluded.paid`,
      epoch,
      paidWei,
      member,
      epoch,
    );
  }

  #rollBack({ to, sequence }: WriteOf<'rolledBack'>): void {
    this.#index.run(
      "UPDATE rounds SET outcome = 'rolled back', changed = ? WHERE round >= ? AND outcome = 'committed'",
      sequence,
      to,
    );
    this.#levels.cut(to);
  }

  /** The newest contributions to the rounds that are named, as often as they are: a round may have been rolled back and done again. */
  #forfeit({ peerId, rounds, reason }: WriteOf<'forfeited'>): void {
    const left = new Map<number, number>();
    for (const round of rounds) left.set(round, (left.get(round) ?? 0) + 1);
    const member = this.#id(peerId);
    const rows = this.#index.all(
      `SELECT assignment, round FROM work WHERE member = ? AND requeued IS NULL AND forfeited IS NULL
         AND assignment >= (SELECT MIN(assignment) FROM rounds WHERE round >= ?) ORDER BY assignment DESC`,
      member,
      rounds.reduce((least, round) => Math.min(least, round), Infinity),
    );
    for (const row of rows) {
      const count = left.get(Number(row['round'])) ?? 0;
      if (count === 0) continue;
      left.set(Number(row['round']), count - 1);
      this.#index.run(
        'UPDATE work SET forfeited = ? WHERE member = ? AND assignment = ?',
        reason,
        member,
        row['assignment'] ?? null,
      );
    }
  }
}

const stateOf = (row: Readonly<Record<string, unknown>> | undefined): MemberState | undefined =>
  row === undefined || row['state'] === '' ? undefined : (JSON.parse(String(row['state'])) as MemberState);
