/** What each worker has done and what of it is verified. The same books are kept when nothing is paid. */
import type { PeerId, Round } from '../../../core/ids.ts';
import type { AuditOutcome } from '../../../journal/facts.ts';
import type { Account, Audit, SealedRoundState, UnsettledRound } from '../state.ts';
import type { CoordinatorTurn } from '../turn.ts';

/** A committed round: every contributor of the sealed view has its micro-batches to its credit. */
export function creditRound(turn: CoordinatorTurn, { round, contributors }: SealedRoundState): void {
  for (const { peerId, microBatches } of contributors) {
    const account = turn.state.accounts[peerId] ?? newAccount(turn, peerId);
    if (account === undefined || turn.member(peerId)?.status === 'expelled') continue;
    const entry: UnsettledRound = { round, microBatches: microBatches.length, audit: null, proven: false };
    turn.setAccount({
      ...account,
      trained: account.trained + microBatches.length,
      unsettled: [...account.unsettled, entry],
    });
  }
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
  const after = settlements[outcome](account, audit);
  turn.setAccount(after);
  const lost = after.forfeited - account.forfeited;
  if (lost === 0) return;
  const rounds = account.unsettled.filter((entry) => !after.unsettled.includes(entry)).map((entry) => entry.round);
  turn.record({ type: 'payForfeited', peerId: target, rounds, microBatches: lost, reason });
  turn.because(`${target} is not paid for ${lost} micro-batches (round ${round}): ${reason}`);
}
