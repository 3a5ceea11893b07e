/** What each worker has done and what of it is verified. The same books are kept when nothing is paid. */
import type { PeerId, Round } from '../../../core/ids.ts';
import type { AuditOutcome } from '../../../journal/facts.ts';
import type { Account, Audit, SealedRoundState, UnsettledRound } from '../state.ts';
import type { CoordinatorTurn } from '../turn.ts';

/**
 * A committed round: every contributor of the sealed view has its micro-batches to its credit, but for one that was
 * expelled since the seal.
 */
export function creditRound(turn: CoordinatorTurn, { round, contributors }: SealedRoundState): void {
  for (const { peerId, microBatches } of contributors) {
    const account = turn.state.accounts[peerId] ?? newAccount(turn, peerId);
    if (account === undefined) continue;
    const entry: UnsettledRound = { round, microBatches: microBatches.length, audit: null, proven: false };
    const unsettled = [...account.unsettled, entry];
    turn.setAccount({ ...account, trained: account.trained + microBatches.length, unsettled });
    if (turn.member(peerId)?.status === 'expelled')
      takeFrom(turn, peerId, (open) => open === entry, 'it was expelled before the round was committed');
  }
}

/** The end of a finished run: work that still waits to be proved never will be. */
export function forfeitUnproven(turn: CoordinatorTurn): void {
  for (const account of Object.values<Account>(turn.state.accounts)) {
    const due = settleable(account);
    takeFrom(turn, account.peerId, (entry) => !due.includes(entry), 'the run ended before an audit proved it');
  }
}

function takeFrom(
  turn: CoordinatorTurn,
  peerId: PeerId,
  lost: (entry: UnsettledRound) => boolean,
  reason: string,
): void {
  const account = turn.state.accounts[peerId];
  if (account !== undefined) bookForfeit(turn, account, forfeit(account, lost), reason);
}

function newAccount(turn: CoordinatorTurn, peerId: PeerId): Account | undefined {
  const member = turn.member(peerId);
  return (
    member && {
      peerId,
      address: member.address,
      trained: 0,
      verified: 0,
      forfeited: 0,
      unsettled: [],
      probation: false,
      paidWei: '0',
    }
  );
}

/** The round's pay waits for the audit. */
export function markAudited(turn: CoordinatorTurn, peerId: PeerId, round: Round, audit: number): void {
  const account = turn.state.accounts[peerId];
  if (account === undefined) return;
  const index = account.unsettled.findLastIndex((entry) => entry.round === round);
  const entry = account.unsettled[index];
  if (entry !== undefined)
    turn.setAccount({ ...account, unsettled: account.unsettled.with(index, { ...entry, audit }) });
}

/** What an audit's outcome does to the target's account. */
const settlements: Record<AuditOutcome, (account: Account, audit: number) => Account> = {
  passed: (account, audit) => ({ ...release(account, audit, true), probation: false }),
  disputed: (account, audit) => release(account, audit, false),
  expired: (account, audit) => release(account, audit, false),
  unverifiable: (account, audit) => ({ ...forfeit(account, (entry) => entry.audit === audit), probation: true }),
  failed: (account) =>
    forfeit(
      account,
      (entry, index) => !entry.proven && index > account.unsettled.findLastIndex(({ proven }) => proven),
    ),
};

const release = (account: Account, audit: number, proven: boolean): Account => ({
  ...account,
  unsettled: account.unsettled.map((entry) => (entry.audit === audit ? { ...entry, audit: null, proven } : entry)),
});

function forfeit(account: Account, lost: (entry: UnsettledRound, index: number) => boolean): Account {
  const kept = account.unsettled.filter((entry, index) => !lost(entry, index));
  return {
    ...account,
    unsettled: kept,
    forfeited: account.forfeited + microBatchesIn(account.unsettled) - microBatchesIn(kept),
  };
}

/** What may go into an epoch now. */
export const settleable = ({ unsettled, probation }: Account): readonly UnsettledRound[] =>
  unsettled.filter(({ audit, proven }) => audit === null && (proven || !probation));

export const microBatchesIn = (entries: readonly UnsettledRound[]): number =>
  entries.reduce((sum, { microBatches }) => sum + microBatches, 0);

/** Books an audit's end. A failed one takes all unsettled work since the last that an audit proved: the holdback is the worker's stake. */
export function settleAudit(
  turn: CoordinatorTurn,
  { audit, target, round }: Audit,
  outcome: AuditOutcome,
  reason: string,
): void {
  const account = turn.state.accounts[target];
  if (account === undefined) return;
  bookForfeit(turn, account, settlements[outcome](account, audit), `audit of round ${round}: ${reason}`);
}

/** Everything that is not paid has a fact that says so: trained = verified + forfeited + unsettled. */
function bookForfeit(turn: CoordinatorTurn, before: Account, after: Account, reason: string): void {
  turn.setAccount(after);
  const microBatches = after.forfeited - before.forfeited;
  if (microBatches === 0) return;
  const { peerId } = before;
  const rounds = before.unsettled.filter((entry) => !after.unsettled.includes(entry)).map((entry) => entry.round);
  turn.record({ type: 'payForfeited', peerId, rounds, microBatches, reason });
  turn.because(`${peerId} is not paid for ${microBatches} micro-batches: ${reason}`);
}
