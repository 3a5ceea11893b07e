/** Price × verified work, and whether the budget bears another round. */
import type { CoordinatorState } from '../state.ts';
import { microBatchesIn } from './accounts.ts';

/** What so many verified micro-batches earn, in the token's smallest unit. */
export const earned = (microBatchWei: string, verified: number): bigint => BigInt(microBatchWei) * BigInt(verified);

/** All work that is or may yet have to be paid, and one more round of it. */
export function budgetAllowsRound({ config, accounts }: CoordinatorState): boolean {
  const { payment, microBatchesPerRound } = config;
  if (payment === null) return true;
  const promised = Object.values(accounts).reduce(
    (sum, { verified, unsettled }) => sum + verified + microBatchesIn(unsettled),
    0,
  );
  return earned(payment.microBatchWei, promised + microBatchesPerRound) <= BigInt(payment.budgetWei);
}
