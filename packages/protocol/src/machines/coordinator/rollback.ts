/** Going back to the newest checkpoint (or to the start) when nobody holds the present state any more. */
import { round as roundOf } from '../../core/ids.ts';
import { emptyLedger, untrainedBetween } from './ledger.ts';
import { presentMembers } from './select.ts';
import { asFarAhead } from './standing.ts';
import type { MemberRecord } from './state.ts';
import type { CoordinatorTurn } from './turn.ts';

/** Restores round and ledger; the micro-batches trained since are queued again. Who sits out does so for as many rounds as before. */
export function rollBack(turn: CoordinatorTurn, reason: string): void {
  const { committed, ledger, checkpoints, stateHashes, evaluatedAt } = turn.state;
  const target = checkpoints.at(-1);
  const to = roundOf(target?.round ?? 0);
  const restored = target?.ledger ?? emptyLedger;
  const kept = stateHashes.filter(({ round }) => round < to);
  turn.set({
    committed: to,
    ledger: restored,
    stateHashes: target === undefined ? kept : [...kept, { round: to, stateHash: target.stateHash }],
    snapshot: null,
    evaluatedAt: evaluatedAt !== null && evaluatedAt > to ? null : evaluatedAt,
  });
  for (const { peerId, status } of presentMembers(turn.state))
    if (status !== 'waiting') turn.setMember(peerId, { status: 'waiting', held: null });
  for (const { peerId, standing, servedFrom } of Object.values<MemberRecord>(turn.state.members))
    turn.setMember(peerId, {
      standing: { ...standing, suspendedUntil: asFarAhead(standing.suspendedUntil, committed, to) },
      servedFrom: asFarAhead(servedFrom, committed, to),
    });
  turn.record({
    type: 'rolledBack',
    from: committed,
    to,
    stateHash: target?.stateHash ?? null,
    returned: untrainedBetween(restored, ledger),
    reason,
  });
  turn.because(`rolled back from round ${committed} to ${to}: ${reason}`);
}
