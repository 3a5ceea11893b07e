/** The newest epoch that stands on chain, as the machine's accounts have it: what is left to be claimed is claimed on it. */
import type { CoordinatorState, PayLeaf } from '@murmuration/protocol';

export interface LastEpoch {
  readonly epoch: number;
  readonly leaves: readonly PayLeaf[];
}

/** Null when nothing was ever settled. */
export function lastEpoch(state: CoordinatorState | null): LastEpoch | null {
  const payment = state?.config.payment;
  if (state === null || payment === null || payment === undefined || BigInt(state.settlement.settledWei) === 0n) return null;
  const leaves = Object.values(state.accounts)
    .filter(({ verified }) => verified > 0)
    .map(({ peerId, address, verified }) => ({ peerId, address, verified, cumulativeWei: (BigInt(payment.microBatchWei) * BigInt(verified)).toString() }));
  return { epoch: state.settlement.nextEpoch - 1, leaves };
}
