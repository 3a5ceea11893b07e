/** A journal folded into a {@link RunSummary}: a live run and one opened years later come to the same figures. */
import type { JournalEntry, PeerId, RoundShare, RunFact, RunFactOf } from '@murmuration/protocol';
import type { AuditLine, CommittedRound, EpochLine, FaultLine, RunSummary, WorkerSummary } from './summary.ts';

type Draft = { -readonly [K in keyof RunSummary]: RunSummary[K] } & {
  workerTable: Map<PeerId, { -readonly [K in keyof WorkerSummary]: WorkerSummary[K] }>;
  auditTable: Map<number, AuditLine>;
  epochTable: Map<number, EpochLine>;
};

type Folds = { readonly [T in RunFact['type']]?: (draft: Draft, fact: RunFactOf<T>, at: number) => void };

const fault = (draft: Draft, line: FaultLine): void => {
  draft.faults = [...draft.faults, line];
};

const newcomer = {
  microBatches: 0,
  samples: 0,
  rounds: 0,
  computeMs: 0,
  forfeited: 0,
  verified: 0,
  earnedWei: 0n,
  paidWei: 0n,
  auditsPassed: 0,
  auditsFailed: 0,
};

function joined(draft: Draft, fact: RunFactOf<'memberJoined'>, at: number): void {
  const { peerId, address, payout, backend, adapter, agent } = fact;
  const before = draft.workerTable.get(peerId) ?? { ...newcomer, joinedAt: at };
  draft.workerTable.set(peerId, { ...before, peerId, address, payout, backend, adapter, agent, status: 'joined' });
}

function rolledBack(draft: Draft, { from, to, reason }: RunFactOf<'rolledBack'>, at: number): void {
  draft.rounds = draft.rounds.filter(({ round }) => round < to);
  draft.evaluations = draft.evaluations.filter(({ round }) => round <= to);
  fault(draft, { at, round: from, peerId: null, kind: 'rolled back', reason: `to round ${to}: ${reason}` });
}

function epochClosed(draft: Draft, { epoch, totalWei, workers }: RunFactOf<'epochClosed'>): void {
  draft.epochTable.set(epoch, {
    epoch,
    totalWei: BigInt(totalWei),
    root: null,
    transaction: null,
    attestations: 0,
    deferred: null,
    leaves: workers,
  });
  for (const { peerId, cumulativeWei } of workers) {
    const worker = draft.workerTable.get(peerId);
    if (worker !== undefined) worker.earnedWei = BigInt(cumulativeWei);
  }
}

function epochSettled(
  draft: Draft,
  { epoch, totalWei, root, transaction, attestations, paidWei }: RunFactOf<'epochSettled'>,
): void {
  const leaves = draft.epochTable.get(epoch)?.leaves ?? [];
  draft.epochTable.set(epoch, {
    epoch,
    totalWei: BigInt(totalWei),
    root,
    transaction,
    attestations: attestations.length,
    deferred: null,
    leaves,
  });
  const paid = new Map(Object.entries(paidWei).map(([address, amount]) => [address.toLowerCase(), BigInt(amount)]));
  for (const worker of draft.workerTable.values())
    worker.paidWei = paid.get(worker.address.toLowerCase()) ?? worker.paidWei;
}

function auditClosed(draft: Draft, { audit, target, outcome, verdicts, reason }: RunFactOf<'auditClosed'>): void {
  const line = draft.auditTable.get(audit);
  if (line !== undefined) draft.auditTable.set(audit, { ...line, outcome, verdicts, reason });
  const worker = draft.workerTable.get(target);
  if (worker === undefined) return;
  if (outcome === 'passed') worker.auditsPassed += 1;
  if (outcome === 'failed') worker.auditsFailed += 1;
}

function credit(draft: Draft, { peerId, microBatches, samples, computeMs }: RoundShare): void {
  const worker = draft.workerTable.get(peerId);
  if (worker === undefined) return;
  worker.microBatches += microBatches.length;
  worker.samples += samples;
  worker.rounds += 1;
  worker.computeMs += computeMs;
}

const folds: Folds = {
  runStarted: (draft, { rounds }) => (draft.target = rounds),
  runResumed: (draft, { round }, at) => {
    draft.restarts += 1;
    fault(draft, {
      at,
      round,
      peerId: null,
      kind: 'restarted',
      reason: 'the coordinator was started again and folded its journal',
    });
  },
  memberJoined: joined,
  memberGone: (draft, { peerId, how, round, phase, reason }, at) => {
    const worker = draft.workerTable.get(peerId);
    if (worker !== undefined) worker.status = how;
    if (how !== 'left') fault(draft, { at, round, peerId, kind: how, reason: `while ${phase}: ${reason}` });
  },
  memberRefused: (draft, { peerId, code, reason }, at) =>
    fault(draft, { at, round: null, peerId, kind: `refused (${code})`, reason }),
  memberFlagged: (draft, { peerId, round, code, reason }, at) =>
    fault(draft, { at, round, peerId, kind: `flagged (${code})`, reason }),
  memberSuspended: (draft, { peerId, round, until, reason }, at) =>
    fault(draft, { at, round, peerId, kind: `sits out until round ${until}`, reason }),
  roundAbandoned: (draft, { round, reason }, at) =>
    fault(draft, { at, round, peerId: null, kind: 'round abandoned', reason }),
  viewChanged: (draft, { round, view, reason }, at) =>
    fault(draft, { at, round, peerId: null, kind: `view ${view}`, reason }),
  roundCommitted: (draft, { type: _type, ...round }, at) => {
    (draft.rounds as CommittedRound[]).push({ ...round, at });
    for (const share of round.shares) credit(draft, share);
  },
  rolledBack,
  evaluated: (draft, { type: _type, ...evaluation }, at) =>
    (draft.evaluations = [...draft.evaluations, { ...evaluation, at }]),
  checkpointed: (draft, { round, stateHash }) => (draft.checkpoints = [...draft.checkpoints, { round, stateHash }]),
  checkpointFailed: (draft, { round, reason }, at) =>
    fault(draft, { at, round, peerId: null, kind: 'checkpoint failed', reason }),
  auditDrawn: (draft, { audit, round, target, microBatches, rate }) =>
    draft.auditTable.set(audit, {
      audit,
      round,
      target,
      microBatches: microBatches.length,
      rate,
      outcome: null,
      verdicts: [],
      reason: '',
    }),
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

function emptyDraft(runId: string): Draft {
  return {
    runId,
    target: 0,
    startedAt: 0,
    lastAt: 0,
    restarts: 0,
    rounds: [],
    evaluations: [],
    workers: [],
    faults: [],
    audits: [],
    epochs: [],
    checkpoints: [],
    outcome: null,
    workerTable: new Map(),
    auditTable: new Map(),
    epochTable: new Map(),
  };
}

function addEntry(draft: Draft, { event, facts }: Pick<JournalEntry, 'event' | 'facts'>): void {
  if (draft.startedAt === 0) draft.startedAt = event.at;
  draft.lastAt = event.at;
  for (const fact of facts) {
    const fold = folds[fact.type] as ((draft: Draft, fact: RunFact, at: number) => void) | undefined;
    fold?.(draft, fact, event.at);
  }
}

/** The summary of a journal, or of as much of it as there is. */
export function summarize(runId: string, entries: Iterable<Pick<JournalEntry, 'event' | 'facts'>>): RunSummary {
  const draft = emptyDraft(runId);
  for (const entry of entries) addEntry(draft, entry);
  const { workerTable, auditTable, epochTable, ...rest } = draft;
  const workers = [...workerTable.values()].map((worker) => ({
    ...worker,
    verified: Math.max(0, worker.microBatches - worker.forfeited),
  }));
  return { ...rest, workers, audits: [...auditTable.values()], epochs: [...epochTable.values()] };
}
