/** How a member's pay came about, in whole sentences. */
import { figure, tokens } from '@murmuration/protocol/dashboard';
import type { MemberEpoch, RunHead } from '@murmuration/protocol/dashboard';
import { verifiedOf } from '@murmuration/protocol/projection';
import type { MemberState } from '@murmuration/protocol/projection';

/** @param epochs the newest first */
export function payStory(
  member: MemberState,
  epochs: readonly MemberEpoch[],
  payment: RunHead['payment'],
): readonly string[] {
  const { trained, rounds, forfeited } = member;
  const verified = verifiedOf(member);
  const work = `It trained ${figure(trained)} micro-batches in ${figure(rounds)} rounds; pay follows ${figure(verified)} of them${forfeited > 0 ? `, ${figure(forfeited)} are not paid` : ''}.`;
  return payment === null
    ? [work, 'This job pays nobody: work is counted all the same.']
    : [work, ...money(member, epochs, payment.priceWei)];
}

function money(member: MemberState, epochs: readonly MemberEpoch[], priceWei: string): string[] {
  const { earnedWei, paidWei, probation } = member;
  const settled = epochs[0]?.verified ?? 0;
  const open = verifiedOf(member) - settled;
  const due = BigInt(earnedWei) - BigInt(paidWei);
  return [
    `${figure(settled)} micro-batches × ${tokens(priceWei)} = ${tokens(earnedWei)} tokens earned in closed epochs.`,
    ...(open > 0
      ? [
          `${figure(open)} micro-batches more, worth ${tokens(BigInt(open) * BigInt(priceWei))} tokens, wait for the end of their epoch and of audits that were drawn.`,
        ]
      : []),
    ...(probation
      ? ['An audit of it could not be made because it was gone: until one passes, work that no audit has proved waits.']
      : []),
    `${tokens(paidWei)} tokens are paid out${due > 0n ? `; ${tokens(due)} follow once the epoch stands on chain and its time for disputes is over` : ''}.`,
  ];
}
