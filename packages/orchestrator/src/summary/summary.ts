/**
 * A run as its journal tells it: what `status`, the progress line, `run.finished` and the report show. A fold over
 * facts, so a live run and one opened years later come to the same figures.
 */
import type { Address, Adapter, AuditOutcome, BackendName, Hash, JournalEntry, PayLeaf, PeerId, RunFact, RunFactOf, VerdictRecord } from '@murmuration/protocol';

/** A round that stands: committed and not rolled back. `at` in milliseconds since 1970. */
export interface CommittedRound extends Omit<RunFactOf<'roundCommitted'>, 'type'> {
  readonly at: number;
}

export interface Evaluation extends Omit<RunFactOf<'evaluated'>, 'type'> {
  readonly at: number;
}

export type WorkerStatus = 'joined' | 'lost' | 'left' | 'expelled';

/** A worker over the whole run, however often it came and went. */
export interface WorkerSummary {
  readonly peerId: PeerId;
  readonly address: Address;
  readonly payout: Address;
  readonly backend: BackendName;
  readonly adapter: Adapter;
  readonly agent: string;
  readonly status: WorkerStatus;
  readonly joinedAt: number;
  /** Of rounds that stand. */
  readonly microBatches: number;
  readonly samples: number;
  readonly rounds: number;
  readonly computeMs: number;
  /** Micro-batches that were not paid for because an audit failed. */
  readonly forfeited: number;
  /** Micro-batches that pay follows. */
  readonly verified: number;
  readonly earnedWei: bigint;
  readonly paidWei: bigint;
  readonly auditsPassed: number;
  readonly auditsFailed: number;
}

/** Something that went wrong, or was suspected to. */
export interface FaultLine {
  readonly at: number;
  readonly round: number | null;
  readonly peerId: PeerId | null;
  readonly kind: string;
  readonly reason: string;
}

export interface AuditLine {
  readonly audit: number;
  readonly round: number;
  readonly target: PeerId;
  readonly microBatches: number;
  readonly rate: number;
  /** Null while it is open. */
  readonly outcome: AuditOutcome | null;
  readonly verdicts: readonly VerdictRecord[];
  readonly reason: string;
}

export interface EpochLine {
  readonly epoch: number;
  readonly totalWei: bigint;
  readonly root: Hash | null;
  readonly transaction: string | null;
  readonly attestations: number;
  readonly deferred: string | null;
  /** What each worker has earned since the run began. */
  readonly leaves: readonly PayLeaf[];
}

export interface RunSummary {
  readonly runId: string;
  /** Rounds that the job asks for. */
  readonly target: number;
  readonly startedAt: number;
  readonly lastAt: number;
  readonly restarts: number;
  readonly rounds: readonly CommittedRound[];
  readonly evaluations: readonly Evaluation[];
  readonly workers: readonly WorkerSummary[];
  readonly faults: readonly FaultLine[];
  readonly audits: readonly AuditLine[];
  readonly epochs: readonly EpochLine[];
  readonly checkpoints: readonly { readonly round: number; readonly stateHash: Hash }[];
  readonly outcome: Omit<RunFactOf<'runFinished'>, 'type'> | null;
}

type Draft = { -readonly [K in keyof RunSummary]: RunSummary[K] } & {
  workerTable: Map<PeerId, { -readonly [K in keyof WorkerSummary]: WorkerSummary[K] }>;
  auditTable: Map<number, AuditLine>;
  epochTable: Map<number, EpochLine>;
};

type Folds = { readonly [T in RunFact['type']]?: (draft: Draft, fact: RunFactOf<T>, at: number) => void };

const fault = (draft: Draft, line: FaultLine): void => {
  draft.faults = [...draft.faults, line];
};

function joined(draft: Draft, fact: RunFactOf<'memberJoined'>, at: number): void {
  const { peerId, address, payout, backend, adapter, agent } = fact;
  const before = draft.workerTable.get(peerId);
  draft.workerTable.set(peerId, {
    ...{ joinedAt: at, microBatches: 0, samples: 0, rounds: 0, computeMs: 0, forfeited: 0, verified: 0 },
    ...{ earnedWei: 0n, paidWei: 0n, auditsPassed: 0, auditsFailed: 0 },
    ...before,
    ...{ peerId, address, payout, backend, adapter, agent, status: 'joined' },
  });
}

function rolledBack(draft: Draft, { from, to, reason }: RunFactOf<'rolledBack'>, at: number): void {
  draft.rounds = draft.rounds.filter(({ round }) => round < to);
  draft.evaluations = draft.evaluations.filter(({ round }) => round <= to);
  fault(draft, { at, round: from, peerId: null, kind: 'rolled back', reason: `to round ${to}: ${reason}` });
}

function epochClosed(draft: Draft, { epoch, totalWei, workers }: RunFactOf<'epochClosed'>): void {
  draft.epochTable.set(epoch, { epoch, totalWei: BigInt(totalWei), root: null, transaction: null, attestations: 0, deferred: null, leaves: workers });
  for (const { peerId, cumulativeWei } of workers) {
    const worker = draft.workerTable.get(peerId);
    if (worker !== undefined) worker.earnedWei = BigInt(cumulativeWei);
  }
}

function epochSettled(draft: Draft, { epoch, totalWei, root, transaction, attestations, paidWei }: RunFactOf<'epochSettled'>): void {
  const leaves = draft.epochTable.get(epoch)?.leaves ?? [];
  draft.epochTable.set(epoch, { epoch, totalWei: BigInt(totalWei), root, transaction, attestations: attestations.length, deferred: null, leaves });
  const paid = new Map(Object.entries(paidWei).map(([address, amount]) => [address.toLowerCase(), BigInt(amount)]));
  for (const worker of draft.workerTable.values()) worker.paidWei = paid.get(worker.address.toLowerCase()) ?? worker.paidWei;
}

function auditClosed(draft: Draft, { audit, target, outcome, verdicts, reason }: RunFactOf<'auditClosed'>): void {
  const line = draft.auditTable.get(audit);
  if (line !== undefined) draft.auditTable.set(audit, { ...line, outcome, verdicts, reason });
  const worker = draft.workerTable.get(target);
  if (worker === undefined) return;
  if (outcome === 'passed') worker.auditsPassed += 1;
  if (outcome === 'failed') worker.auditsFailed += 1;
}

const folds: Folds = {
  runStarted: (draft, { rounds }) => (draft.target = rounds),
  runResumed: (draft, { round }, at) => {
    draft.restarts += 1;
    fault(draft, { at, round, peerId: null, kind: 'restarted', reason: 'the coordinator was started again and folded its journal' });
  },
  memberJoined: joined,
  memberGone: (draft, { peerId, how, round, phase, reason }, at) => {
    const worker = draft.workerTable.get(peerId);
    if (worker !== undefined) worker.status = how;
    if (how !== 'left') fault(draft, { at, round, peerId, kind: how, reason: `while ${phase}: ${reason}` });
  },
  memberRefused: (draft, { peerId, code, reason }, at) => fault(draft, { at, round: null, peerId, kind: `refused (${code})`, reason }),
  memberFlagged: (draft, { peerId, round, code, reason }, at) => fault(draft, { at, round, peerId, kind: `flagged (${code})`, reason }),
  roundAbandoned: (draft, { round, reason }, at) => fault(draft, { at, round, peerId: null, kind: 'round abandoned', reason }),
  viewChanged: (draft, { round, view, reason }, at) => fault(draft, { at, round, peerId: null, kind: `view ${view}`, reason }),
  roundCommitted: (draft, { type: _type, ...round }, at) => {
    (draft.rounds as CommittedRound[]).push({ ...round, at });
  },
  rolledBack,
  evaluated: (draft, { type: _type, ...evaluation }, at) => (draft.evaluations = [...draft.evaluations, { ...evaluation, at }]),
  checkpointed: (draft, { round, stateHash }) => (draft.checkpoints = [...draft.checkpoints, { round, stateHash }]),
  checkpointFailed: (draft, { round, reason }, at) => fault(draft, { at, round, peerId: null, kind: 'checkpoint failed', reason }),
  auditDrawn: (draft, { audit, round, target, microBatches, rate }) =>
    draft.auditTable.set(audit, { audit, round, target, microBatches: microBatches.length, rate, outcome: null, verdicts: [], reason: '' }),
  auditVerdict: (draft, { audit, verdict }) => {
    const line = draft.auditTable.get(audit);
    if (line !== undefined) draft.auditTable.set(audit, { ...line, verdicts: [...line.verdicts, verdict] });
  },
  auditClosed,
  payForfeited: (draft, { peerId, microBatches, reason }, at) => {
    const worker = draft.workerTable.get(peerId);
    if (worker !== undefined) worker.forfeited += microBatches;
    fault(draft, { at, round: null, peerId, kind: 'not paid', reason: `${microBatches} micro-batches: ${reason}` });
  },
  epochClosed,
  epochSettled,
  epochDeferred: (draft, { epoch, reason }, at) => {
    const line = draft.epochTable.get(epoch);
    if (line !== undefined) draft.epochTable.set(epoch, { ...line, deferred: reason });
    fault(draft, { at, round: null, peerId: null, kind: 'settlement deferred', reason: `epoch ${epoch}: ${reason}` });
  },
  runFinished: (draft, { type: _type, ...outcome }) => (draft.outcome = outcome),
};

/** Builds a {@link RunSummary} entry by entry; `summary()` may be asked for at any time. */
export class SummaryFold {
  readonly #draft: Draft;

  constructor(runId: string) {
    this.#draft = {
      ...{ runId, target: 0, startedAt: 0, lastAt: 0, restarts: 0, rounds: [], evaluations: [], workers: [], faults: [] },
      ...{ audits: [], epochs: [], checkpoints: [], outcome: null },
      ...{ workerTable: new Map(), auditTable: new Map(), epochTable: new Map() },
    };
  }

  add({ event, facts }: Pick<JournalEntry, 'event' | 'facts'>): void {
    const draft = this.#draft;
    if (draft.startedAt === 0) draft.startedAt = event.at;
    draft.lastAt = event.at;
    for (const fact of facts) {
      const fold = folds[fact.type] as ((draft: Draft, fact: RunFact, at: number) => void) | undefined;
      fold?.(draft, fact, event.at);
    }
  }

  summary(): RunSummary {
    const { workerTable, auditTable, epochTable, ...rest } = this.#draft;
    const worked = workOf(rest.rounds);
    const workers = [...workerTable.values()].map((worker) => {
      const work = worked.get(worker.peerId) ?? noWork;
      return { ...worker, ...work, verified: Math.max(0, work.microBatches - worker.forfeited) };
    });
    return { ...rest, workers, audits: [...auditTable.values()], epochs: [...epochTable.values()] };
  }
}

const noWork = { microBatches: 0, samples: 0, rounds: 0, computeMs: 0 };

/** What each worker did in the rounds that stand. */
function workOf(rounds: readonly CommittedRound[]): Map<PeerId, typeof noWork> {
  const table = new Map<PeerId, typeof noWork>();
  for (const { shares } of rounds) {
    for (const { peerId, microBatches, samples, computeMs } of shares) {
      const work = table.get(peerId) ?? { ...noWork };
      work.microBatches += microBatches.length;
      work.samples += samples;
      work.rounds += 1;
      work.computeMs += computeMs;
      table.set(peerId, work);
    }
  }
  return table;
}

/** The summary of a whole journal. */
export function summarize(runId: string, entries: Iterable<Pick<JournalEntry, 'event' | 'facts'>>): RunSummary {
  const fold = new SummaryFold(runId);
  for (const entry of entries) fold.add(entry);
  return fold.summary();
}
