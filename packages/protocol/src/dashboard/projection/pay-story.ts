/** How a worker's pay came about, in whole sentences: on its page, and by `explain-pay`. */
import { figure, tokens } from '../format.ts';

export interface PayStanding {
  /** Micro-batches of committed rounds, and those of them that are not paid. */
  readonly trained: number;
  readonly forfeited: number;
  readonly rounds: number;
  /** Micro-batches in closed epochs, and what they earn. */
  readonly settled: number;
  readonly earnedWei: string;
  readonly paidWei: string;
  /** An audit of it could not be made, and none has passed since. */
  readonly probation: boolean;
  /** Of a micro-batch; null where nothing is paid. */
  readonly priceWei: string | null;
}

export function payStory({ trained, forfeited, rounds, priceWei, ...standing }: PayStanding): readonly string[] {
  const verified = Math.max(0, trained - forfeited);
  const lost = forfeited > 0 ? `, ${figure(forfeited)} are not paid` : '';
  const work = `It trained ${figure(trained)} micro-batches in ${figure(rounds)} rounds; pay follows ${figure(verified)} of them${lost}.`;
  if (priceWei === null) return [work, 'This job pays nobody: work is counted all the same.'];
  return [work, ...money({ ...standing, verified, price: BigInt(priceWei) })];
}

function money({
  verified,
  settled,
  earnedWei,
  paidWei,
  probation,
  price,
}: Pick<PayStanding, 'settled' | 'earnedWei' | 'paidWei' | 'probation'> & {
  readonly verified: number;
  readonly price: bigint;
}): string[] {
  const open = verified - settled;
  const due = BigInt(earnedWei) - BigInt(paidWei);
  const follow = `; ${tokens(due)} follow once the epoch stands on chain and its time for disputes is over`;
  return [
    `${figure(settled)} micro-batches × ${tokens(price)} = ${tokens(earnedWei)} tokens earned in closed epochs.`,
    ...(open > 0
      ? [
          `${figure(open)} micro-batches more, worth ${tokens(BigInt(open) * price)} tokens, wait for the end of their epoch and of audits that were drawn.`,
        ]
      : []),
    ...(probation
      ? ['An audit of it could not be made because it was gone: until one passes, work that no audit has proved waits.']
      : []),
    `${tokens(paidWei)} tokens are paid out${due > 0n ? follow : ''}.`,
  ];
}
