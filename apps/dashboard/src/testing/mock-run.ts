/**
 * A made-up run that answers everything a page can ask, for the pages' development and tests: of any size, the same for
 * the same shape, and as long as wanted, since rounds, log lines and work follow from their numbers and none is stored.
 */
import type { PeerId, RunId } from '@murmuration/protocol';
import type {
  Curve,
  CurveAxis,
  CurveName,
  CurvePoint,
  JoinOffer,
  LogLine,
  MemberDetail,
  MemberRow,
  Page,
  RoundLine,
  RunChange,
  RunFigures,
  RunHead,
  RunSnapshot,
  WorkLine,
} from '@murmuration/protocol/dashboard';
import { ENTRIES, PRICE, logLine, memberDetail, workLine } from './lines.ts';
import { addressOfMember, hashOf, kindOf, peerIdOf, speedOf } from './names.ts';
import { chance } from './random.ts';
import { evaluationAt, lossAt, roundLine } from './rounds.ts';
import { mockShape } from './shape.ts';
import type { MockShape } from './shape.ts';

const EVALUATION_EVERY = 25;
/** The run began on this day, always: pictures and tests don't depend on the clock. */
const STARTED_AT = Date.UTC(2026, 10, 20, 9, 30);

export type Search = URLSearchParams;

const whole = (search: Search, name: string, otherwise: number): number => {
  const value = Number(search.get(name) ?? otherwise);
  return Number.isSafeInteger(value) ? value : otherwise;
};

export class MockRun {
  readonly shape: MockShape;
  /** Rounds committed. */
  round: number;
  live = true;
  outcome: RunFigures['outcome'] = null;
  /** Part of the journal that has been read. */
  read = 1;

  constructor(given: Partial<MockShape> = {}) {
    this.shape = mockShape(given);
    this.round = this.shape.rounds;
  }

  #at(round: number): number {
    return STARTED_AT + Math.round(round * this.shape.roundMs);
  }

  get head(): RunHead {
    const { shape } = this;
    return {
      runId: '20261120-5f3a9c1e' as RunId,
      name: 'mnist',
      model: 'mlp 784-512-512-10, 669,706 parameters, adam',
      parameters: 669_706,
      targetRounds: shape.targetRounds,
      microBatch: shape.microBatch,
      microBatches: shape.microBatches,
      numerics: 'exact',
      payment: shape.paid
        ? { priceWei: String(PRICE), depositWei: String(this.#committed()), symbol: 'MDT', decimals: 18 }
        : null,
      startedAt: STARTED_AT,
    };
  }

  #committed(): bigint {
    return BigInt(this.shape.targetRounds * this.shape.microBatches) * PRICE;
  }

  get figures(): RunFigures {
    const { shape, round } = this;
    const evaluated = Math.floor(round / EVALUATION_EVERY) * EVALUATION_EVERY;
    const perRound = shape.microBatches * shape.microBatch;
    return {
      phase: this.outcome ? 'over' : 'training',
      reason: this.outcome?.reason ?? `round ${round}: ${shape.members} of ${shape.members} members compute`,
      round,
      samples: round * perRound,
      trainLoss: round === 0 ? null : lossAt(shape, round - 1),
      evaluation: evaluated === 0 ? null : { round: evaluated, ...evaluationAt(shape, evaluated) },
      stateHash: hashOf(round),
      members: shape.members,
      samplesPerSecond: (perRound / shape.roundMs) * 1000,
      utilisation: 0.44 + 0.06 * chance(71, round),
      bytesPerRound: shape.members * 669_706 * 8,
      roundMs: shape.roundMs,
      secondsLeft: this.outcome ? 0 : ((shape.targetRounds - round) * shape.roundMs) / 1000,
      spentWei: shape.paid ? String(BigInt(round * shape.microBatches) * PRICE) : '0',
      committedWei: shape.paid ? String(this.#committed()) : '0',
      restarts: 0,
      lastAt: this.#at(round),
      outcome: this.outcome,
    };
  }

  row(member: number): MemberRow {
    const { shape, round } = this;
    const kind = kindOf(member);
    const gone = chance(72, member) < 0.08;
    const verified = Math.floor(round * (shape.microBatches / shape.members) * (0.6 + 0.8 * chance(73, member)));
    const failed = chance(74, member) < 0.04 ? 1 : 0;
    const passed = Math.floor(round * 0.03 * (0.5 + chance(75, member)));
    return {
      peerId: peerIdOf(member),
      address: addressOfMember(member),
      backend: kind.backend,
      adapter: kind.adapter,
      agent: kind.agent,
      dialable: !kind.agent.includes('Chrome'),
      status: failed > 0 ? 'expelled' : gone ? 'lost' : 'ready',
      suspendedUntil: null,
      samplesPerSecond: speedOf(member),
      share: gone || failed > 0 ? 0 : (1 / shape.members) * (0.6 + 0.8 * chance(73, member)),
      trust: { passed, failed, rate: 0.02 + 0.28 * 0.9 ** passed },
      lastSeenAt: gone || failed > 0 ? this.#at(Math.floor(round * chance(76, member))) : this.#at(round),
      verified,
      forfeited: failed * 2,
      earnedWei: shape.paid ? String(BigInt(verified) * PRICE) : '0',
      paidWei: shape.paid ? String(BigInt(Math.floor(verified * 0.8)) * PRICE) : '0',
    };
  }

  members(search: Search): Page<MemberRow> {
    const find = (search.get('find') ?? '').toLowerCase();
    const sort = search.get('sort') ?? 'status';
    const sign = search.get('descending') === '1' ? -1 : 1;
    const rows = Array.from({ length: this.shape.members }, (_, member) => this.row(member))
      .filter((row) =>
        `${row.peerId} ${row.address} ${row.adapter.name} ${row.backend} ${row.status}`.toLowerCase().includes(find),
      )
      .toSorted((a, b) => sign * (keyOf(a, sort) - keyOf(b, sort)));
    const offset = whole(search, 'offset', 0);
    const limit = Math.min(200, whole(search, 'limit', 50));
    const next = offset + limit;
    return { rows: rows.slice(offset, next), total: rows.length, next: next < rows.length ? next : null };
  }

  #memberNumber(peerId: string): number {
    return Array.from({ length: this.shape.members }, (_, member) => peerIdOf(member)).indexOf(peerId as PeerId);
  }

  member(peerId: string): MemberDetail | null {
    const member = this.#memberNumber(peerId);
    return member < 0 ? null : memberDetail(this.shape, this.row(member), member, this.round, STARTED_AT);
  }

  work(peerId: string, search: Search): Page<WorkLine> | null {
    const member = this.#memberNumber(peerId);
    if (member < 0) return null;
    return this.#page(search, this.round, 50, 2, (round) => workLine(this.shape, member, round, this.#at(round)));
  }

  rounds(search: Search): Page<RoundLine> {
    const running = this.outcome === null;
    return this.#page(search, this.round + Number(running), 20, 2, (round) =>
      roundLine(this.shape, round, this.#at(round), round === this.round),
    );
  }

  log(search: Search): Page<LogLine> {
    const kind = search.get('kind');
    const problems = search.get('problems') === '1';
    const keep = (line: LogLine): boolean =>
      (kind === null || line.kind === kind) && (!problems || line.severity === 'warning' || line.severity === 'bad');
    return this.#page(search, this.round * ENTRIES, 50, 1, (sequence) => this.#logLine(sequence), keep);
  }

  #logLine(sequence: number): LogLine {
    return logLine(this.shape, sequence, this.#at(sequence / ENTRIES));
  }

  /** Rows of the numbers below `before`, the highest first; a row's key is its number × `stride` + (stride − 1). */
  #page<Row>(
    search: Search,
    end: number,
    limit: number,
    stride: number,
    row: (number: number) => Row,
    keep?: (row: Row) => boolean,
  ): Page<Row> {
    const rows: Row[] = [];
    const wanted = Math.min(200, whole(search, 'limit', limit));
    let number = Math.min(end, Math.floor(whole(search, 'before', end * stride) / stride)) - 1;
    for (; number >= 0 && rows.length < wanted; number--) {
      const made = row(number);
      if (keep?.(made) ?? true) rows.push(made);
    }
    return { rows, total: end, next: number < 0 ? null : (number + 1) * stride };
  }

  curve(search: Search): Curve {
    const curve = (search.get('curve') ?? 'trainLoss') as CurveName;
    const axis = (search.get('x') ?? 'round') as CurveAxis;
    const points = Math.min(2000, whole(search, 'points', 800));
    const from = search.has('from') ? Number(search.get('from')) : -Infinity;
    const to = search.has('to') ? Number(search.get('to')) : Infinity;
    const step = curve.startsWith('eval') ? EVALUATION_EVERY : 1;
    const all = Array.from({ length: Math.floor(this.round / step) }, (_, index) =>
      this.#point(curve, (index + 1) * step),
    )
      .map((point) => ({ ...point, x: xOf(point, axis) }))
      .filter(({ x }) => x >= from && x <= to);
    const size = Math.max(1, Math.ceil(all.length / points));
    const groups = Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
      all.slice(index * size, (index + 1) * size),
    );
    return {
      curve,
      axis,
      x: groups.map((group) => group[group.length - 1]!.x),
      y: groups.map((group) => group.reduce((sum, { y }) => sum + y, 0) / group.length),
      low: groups.map((group) => Math.min(...group.map(({ y }) => y))),
      high: groups.map((group) => Math.max(...group.map(({ y }) => y))),
    };
  }

  #point(curve: CurveName, round: number): CurvePoint {
    const { shape } = this;
    const y = {
      trainLoss: () => lossAt(shape, round),
      evalLoss: () => evaluationAt(shape, round).loss,
      evalAccuracy: () => evaluationAt(shape, round).accuracy,
      gradientNorm: () => 0.4 + lossAt(shape, round) * (0.5 + chance(81, round)),
      samplesPerSecond: () =>
        ((shape.microBatches * shape.microBatch) / shape.roundMs) * (800 + 400 * chance(82, round)),
      members: () => shape.members - Math.floor(3 * chance(83, Math.floor(round / 40))),
    }[curve]();
    return { curve, round, samples: round * shape.microBatches * shape.microBatch, at: this.#at(round), y };
  }

  snapshot(): RunSnapshot {
    const none = new URLSearchParams();
    const search = new URLSearchParams({ sort: 'speed', descending: '1' });
    return {
      head: this.head,
      figures: this.figures,
      members: this.members(search).rows,
      memberCount: this.shape.members,
      rounds: this.rounds(none).rows,
      log: this.log(none).rows,
      live: this.live,
      read: this.read,
      fault: null,
      sequence: this.round * ENTRIES,
    };
  }

  /** Commits one more round; answers what changed by it. */
  advance(): RunChange {
    this.round += 1;
    const { round, shape } = this;
    const changed = Math.min(50, shape.members);
    const curves: CurveName[] = ['trainLoss', 'gradientNorm', 'samplesPerSecond', 'members'];
    if (round % EVALUATION_EVERY === 0) curves.push('evalLoss', 'evalAccuracy');
    return {
      figures: this.figures,
      members: Array.from({ length: changed }, (_, place) => this.row((round * changed + place) % shape.members)),
      memberCount: shape.members,
      rounds: [roundLine(shape, round, this.#at(round), true), roundLine(shape, round - 1, this.#at(round - 1))],
      log: Array.from({ length: ENTRIES }, (_, part) => this.#logLine(round * ENTRIES - 1 - part)),
      points: curves.map((curve) => this.#point(curve, round)),
      cut: [],
      fault: null,
      live: this.live,
      read: this.read,
      sequence: round * ENTRIES,
    };
  }

  /** The run ends as it should. */
  finish(): RunChange {
    const change = this.advance();
    this.live = false;
    this.outcome = {
      outcome: 'finished',
      code: 'ROUNDS_DONE',
      reason: `All ${this.shape.targetRounds} rounds are committed.`,
    };
    return { ...change, figures: this.figures, live: false };
  }

  joinOffer(origin: string): JoinOffer {
    const { host } = new URL(origin);
    const [name, port] = host.split(':');
    return {
      runId: this.head.runId,
      name: this.head.name,
      model: this.head.model,
      parameters: this.head.parameters,
      protocolVersion: '1.0.0',
      open: this.live,
      reason: this.live ? 'The run trains and takes members.' : 'The run is over.',
      addresses: [`/ip4/${name}/tcp/${port}/ws/p2p/${peerIdOf(9_999_999)}`],
      sameOrigin: true,
      tokenRequired: false,
      payment: this.head.payment,
      microBatch: this.shape.microBatch,
      numerics: 'exact',
      dataBytes: 54_950_048,
      stateBytes: 8_036_472,
      files: [],
    };
  }
}

const statusOrder = ['ready', 'joined', 'lost', 'left', 'expelled', 'refused'];

const keys: Readonly<Record<string, (row: MemberRow) => number>> = {
  status: (row) => (row.samplesPerSecond ?? 0) - 1e12 * statusOrder.indexOf(row.status),
  speed: (row) => row.samplesPerSecond ?? 0,
  share: (row) => row.share,
  verified: (row) => row.verified,
  earned: (row) => Number(row.earnedWei),
  lastSeen: (row) => row.lastSeenAt,
  trust: (row) => row.trust.passed - 100 * row.trust.failed,
};

const keyOf = (row: MemberRow, sort: string): number => (keys[sort] ?? keys['status']!)(row);

const xOf = (point: CurvePoint, axis: CurveAxis): number =>
  axis === 'round' ? point.round : axis === 'samples' ? point.samples : point.at;
