/**
 * What the pages ask of the server that shows a run, and what it answers: JSON over HTTP, and one stream of
 * server-sent events. Amounts are decimal text in the token's smallest unit (`…Wei`), times are milliseconds since 1970
 * (`…At`, `at`) or durations (`…Ms`). Every list is a page of bounded length: nothing here grows with the run.
 */
import type { Address, Hash, PeerId, RunId } from '../core/ids.ts';
import type { Adapter, BackendName } from '../wire/control.ts';
import type { AuditOutcome, VerdictRecord } from '../journal/facts.ts';

/** Paths of the server. `:peerId` stands for a peer id, `:sha256` for 64 hexadecimal digits. */
export const apiPaths = {
  /** → {@link RunSnapshot} */
  run: '/api/run',
  /** server-sent events: one `snapshot` ({@link RunSnapshot}), then `change` ({@link RunChange}) at most ten times a second */
  events: '/api/events',
  /** {@link CurveQuery} (`?curve=trainLoss&x=round&points=800&from=100&to=900`) → {@link Curve} */
  curve: '/api/curve',
  /** {@link MembersQuery} (`?sort=earned&descending=1&offset=0&limit=50&find=text`) → {@link Page} of {@link MemberRow} */
  members: '/api/members',
  /** → {@link MemberDetail} */
  member: '/api/members/:peerId',
  /** {@link PageQuery} (`?before=1234&limit=50`; before: an `assignment`) → {@link Page} of {@link WorkLine} */
  work: '/api/members/:peerId/work',
  /** {@link PageQuery} (`?before=1234&limit=20`; before: an `assignment`) → {@link Page} of {@link RoundLine} */
  rounds: '/api/rounds',
  /** {@link LogQuery} (`?before=5678&limit=50&kind=audit&problems=1&peer=16Uiu2…`; before: an `id`) → {@link Page} of {@link LogLine} */
  log: '/api/log',
  /** → {@link JoinOffer} */
  join: '/api/join',
  /** → {@link TokenState} of the join token in `Authorization: Bearer …`; asking is no use of it */
  token: '/api/token',
  /** The bytes of one of the job's data files, named by its hash; `Range` is honoured. */
  data: '/api/data/:sha256',
  health: '/healthz',
  metrics: '/metrics',
} as const;

/** The most that one answer holds; who asks for more gets so much. `find` in characters, all others in rows or points. */
export const apiLimits = { members: 200, work: 200, rounds: 100, log: 200, points: 4000, find: 100 } as const;

/** A page of a list that begins with the newest. */
export interface PageQuery {
  /** Rows older than the one with this key; from the newest on where it is left out. */
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
}

export interface LogQuery extends PageQuery {
  readonly kind?: LogKind | undefined;
  /** Lines about this member. */
  readonly peer?: PeerId | undefined;
  /** Severity `warning` and `bad` alone. */
  readonly problems?: boolean | undefined;
}

export interface MembersQuery {
  readonly sort?: MemberSort | undefined;
  readonly descending?: boolean | undefined;
  readonly offset?: number | undefined;
  readonly limit?: number | undefined;
  /** Part of a peer id, address, adapter's name or agent, in any case. */
  readonly find?: string | undefined;
}

export interface CurveQuery {
  readonly curve: CurveName;
  readonly x?: CurveAxis | undefined;
  /** At most so many come back. */
  readonly points?: number | undefined;
  /** A part of the axis, in its unit, both ends included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** What does not change while a run goes on. */
export interface RunHead {
  readonly runId: RunId;
  /** The job's name. */
  readonly name: string;
  /** One line: `mlp 784-128-10, 101,770 parameters, adam`. */
  readonly model: string;
  readonly parameters: number;
  readonly targetRounds: number;
  /** Samples of a micro-batch, and micro-batches of a round. */
  readonly microBatch: number;
  readonly microBatches: number;
  readonly numerics: 'fast' | 'exact';
  /** Null: `payment: none`. `symbol` names the token's unit to people; `decimals` its places. */
  readonly payment: {
    readonly priceWei: string;
    readonly depositWei: string;
    readonly symbol: string;
    readonly decimals: number;
  } | null;
  readonly startedAt: number;
}

export type RunPhase = 'gathering' | 'training' | 'evaluating' | 'closing' | 'over';

/** What a person watches. Rates are over the last rounds; null before there are any. */
export interface RunFigures {
  readonly phase: RunPhase;
  /** Why the run is where it is: the reason of the last decision. */
  readonly reason: string;
  /** Rounds committed. */
  readonly round: number;
  readonly samples: number;
  readonly trainLoss: number | null;
  readonly evaluation: { readonly round: number; readonly loss: number; readonly accuracy: number } | null;
  readonly stateHash: Hash | null;
  readonly members: number;
  readonly samplesPerSecond: number | null;
  /** Part of the members' time that they computed in, 0 to 1. */
  readonly utilisation: number | null;
  /** Bytes of gradients that a round moves between members. */
  readonly bytesPerRound: number | null;
  readonly roundMs: number | null;
  readonly secondsLeft: number | null;
  /** Worth of the verified work so far, and of what the whole job would come to. */
  readonly spentWei: string;
  readonly committedWei: string;
  readonly restarts: number;
  readonly lastAt: number;
  readonly outcome: {
    readonly outcome: 'finished' | 'failed' | 'drained';
    readonly code: string;
    readonly reason: string;
  } | null;
}

export type MemberStatus = 'joined' | 'ready' | 'lost' | 'left' | 'expelled' | 'refused';

/** A member over the whole run, however often it came and went. */
export interface MemberRow {
  readonly peerId: PeerId;
  readonly address: Address;
  readonly backend: BackendName;
  readonly adapter: Adapter;
  readonly agent: string;
  /** False: it cannot be dialled and owns no bucket. */
  readonly dialable: boolean;
  readonly status: MemberStatus;
  /** It takes no part in rounds before this one, for the others waited by its fault; null when it does. */
  readonly suspendedUntil: number | null;
  readonly samplesPerSecond: number | null;
  /** Part of the last round's micro-batches that it trains, 0 to 1. */
  readonly share: number;
  /** Part of its closed audits that passed; null before the first. The rate at which it is drawn. */
  readonly trust: { readonly passed: number; readonly failed: number; readonly rate: number | null };
  readonly lastSeenAt: number;
  /** Micro-batches of committed rounds that pay follows, and those that were forfeited. */
  readonly verified: number;
  readonly forfeited: number;
  readonly earnedWei: string;
  readonly paidWei: string;
}

export type MemberSort = 'status' | 'speed' | 'share' | 'verified' | 'earned' | 'lastSeen' | 'trust';

export interface MemberDetail extends MemberRow {
  readonly payout: Address;
  readonly joinedAt: number;
  readonly rounds: number;
  readonly samples: number;
  readonly computeMs: number;
  /** The newest first, at most 100. */
  readonly audits: readonly AuditRow[];
  /** Those in which it earned something new; the newest first, at most 100. */
  readonly epochs: readonly MemberEpoch[];
  /** Whole sentences: how the pay came about (`214 micro-batches × 0.3 = …`), what is held back and until when. */
  readonly pay: readonly string[];
}

export interface AuditRow {
  readonly audit: number;
  readonly round: number;
  readonly microBatches: number;
  /** Null while it is open. */
  readonly outcome: AuditOutcome | null;
  readonly verdicts: readonly VerdictRecord[];
  readonly reason: string;
}

export interface MemberEpoch {
  readonly epoch: number;
  readonly round: number;
  readonly verified: number;
  readonly cumulativeWei: string;
  /** Null until the epoch is settled. */
  readonly transaction: string | null;
  readonly paidWei: string | null;
  readonly deferred: string | null;
}

/** One member's part of one round, with what became of each of its micro-batches. */
export interface WorkLine {
  readonly round: number;
  /** The view in which the work was handed out: names this attempt at the round, as in {@link RoundLine}. */
  readonly assignment: number;
  readonly at: number;
  readonly microBatches: readonly number[];
  readonly samples: number;
  readonly lossMean: number | null;
  readonly computeMs: number | null;
  readonly outcome: 'committed' | 'requeued' | 'rolled back' | 'pending';
  /** `waits`: committed, and in no closed epoch yet; `not due`: it did not become part of a committed round. */
  readonly pay: 'pays' | 'waits' | 'forfeited' | 'not due' | 'unpaid job';
  /** The epoch that it is paid in; null where it is in none. */
  readonly epoch: number | null;
  /** The audit that looked at it. */
  readonly audit: { readonly audit: number; readonly outcome: AuditOutcome | null } | null;
  /** A sentence. */
  readonly reason: string;
}

/** What a member did in a span of a round; times in milliseconds since the round was assigned. */
export interface RoundSpan {
  readonly what: 'computed' | 'pushed' | 'reduced' | 'gathered' | 'waited' | 'applied' | 'failed' | 'audited';
  readonly fromMs: number;
  readonly toMs: number;
  /** For people; empty when there is nothing to add. */
  readonly note: string;
}

/** One attempt at a round. A round that was abandoned or rolled back has several, each with its own `assignment`. */
export interface RoundLine {
  readonly round: number;
  /** The view in which the work was handed out. It grows through the whole run: the key of this line, and its place in the list. */
  readonly assignment: number;
  /** The view that it came to. */
  readonly view: number;
  readonly startedAt: number;
  /** Null while it goes on. */
  readonly milliseconds: number | null;
  readonly outcome: 'committed' | 'under way' | 'abandoned' | 'rolled back';
  readonly trainLoss: number | null;
  readonly samples: number;
  readonly stateHash: Hash | null;
  /** At most 64; `hidden` members more took part. */
  readonly members: readonly {
    readonly peerId: PeerId;
    readonly microBatches: number;
    readonly spans: readonly RoundSpan[];
  }[];
  readonly hidden: number;
  /** Views after the first, with their reasons. */
  readonly events: readonly { readonly atMs: number; readonly reason: string }[];
}

export type LogKind = 'run' | 'member' | 'round' | 'audit' | 'pay' | 'fault' | 'checkpoint' | 'evaluation';

export interface LogLine {
  /** 0, 1, 2, … through the run: the key of this line, and its place in the list. */
  readonly id: number;
  /** Sequence number of the journal's entry. */
  readonly sequence: number;
  readonly at: number;
  readonly kind: LogKind;
  readonly severity: 'info' | 'good' | 'warning' | 'bad';
  readonly round: number | null;
  readonly peerId: PeerId | null;
  /** A whole sentence that names what happened and why. */
  readonly text: string;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Rows there are in all. */
  readonly total: number;
  /** What `before` (or `offset`) would be for the next page; null at the end. */
  readonly next: number | null;
}

export type CurveName = 'trainLoss' | 'evalLoss' | 'evalAccuracy' | 'gradientNorm' | 'samplesPerSecond' | 'members';
export type CurveAxis = 'round' | 'samples' | 'time';

/**
 * A curve thinned to the points asked for; `low` and `high` bound what each point stands for. `x` ascends: rounds, samples
 * trained so far, or milliseconds since 1970.
 */
export interface Curve {
  readonly curve: CurveName;
  readonly axis: CurveAxis;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

export interface RunSnapshot {
  readonly head: RunHead;
  readonly figures: RunFigures;
  /** The 50 that matter most: those in the run first, the fastest first. The rest by {@link apiPaths.members}. */
  readonly members: readonly MemberRow[];
  readonly memberCount: number;
  /** The newest first, 20. */
  readonly rounds: readonly RoundLine[];
  /** The newest first, 50. */
  readonly log: readonly LogLine[];
  /** True while a coordinator writes this run. */
  readonly live: boolean;
  /** Part of the journal that has been read, 0 to 1; below 1 the rest is still being read. */
  readonly read: number;
  /** Why no more of the journal can be read (it was altered, cut, or can't be understood); null while all is well. */
  readonly fault: ApiError['error'] | null;
  /** Place in the stream: an `EventSource` that comes back sends it as `Last-Event-ID`. */
  readonly sequence: number;
}

/** What changed since the last one: rows replace those of the same key (peer id, assignment), log lines are new. */
export interface RunChange {
  readonly figures: RunFigures;
  readonly members: readonly MemberRow[];
  readonly memberCount: number;
  readonly rounds: readonly RoundLine[];
  readonly log: readonly LogLine[];
  /** Points to add to curves that are shown from their beginning: one a committed round or evaluation. */
  readonly points: readonly CurvePoint[];
  /** The lists above that would have been too long and lack rows: what is shown of them is to be fetched anew. */
  readonly cut: readonly ('members' | 'rounds' | 'log' | 'points')[];
  readonly live: boolean;
  readonly read: number;
  readonly fault: ApiError['error'] | null;
  readonly sequence: number;
}

/** After `round` committed rounds; `samples` trained on until then. Points of a greater round than the newest were rolled back. */
export interface CurvePoint {
  readonly curve: CurveName;
  readonly round: number;
  readonly samples: number;
  readonly at: number;
  readonly y: number;
}

/** What a volunteer's tab needs to decide and to begin. */
export interface JoinOffer {
  readonly runId: RunId;
  readonly name: string;
  readonly model: string;
  readonly parameters: number;
  readonly protocolVersion: string;
  /** False: the run is over, or nobody writes it. */
  readonly open: boolean;
  readonly reason: string;
  /** Where the coordinator is dialled from a page, each ending in its peer id; empty when it takes no tabs. */
  readonly addresses: readonly string[];
  /** WebSockets on the page's own origin lead to the coordinator. */
  readonly sameOrigin: boolean;
  readonly tokenRequired: boolean;
  readonly payment: RunHead['payment'];
  /** Samples of a micro-batch. */
  readonly microBatch: number;
  readonly numerics: 'fast' | 'exact';
  /** Bytes that a tab downloads before it computes: data files and the model's state. */
  readonly dataBytes: number;
  readonly stateBytes: number;
  /** By SHA-256, 64 hexadecimal digits. */
  readonly files: readonly { readonly sha256: string; readonly bytes: number }[];
}

/** Whether a join token would let its bearer in now. */
export interface TokenState {
  readonly good: boolean;
  /** A sentence. */
  readonly reason: string;
}

/** Any refusal, with HTTP status 4xx or 5xx. */
export interface ApiError {
  readonly error: { readonly code: string; readonly message: string };
}
