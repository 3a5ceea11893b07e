/** The newest epoch that the journal knows to stand on chain: what is left to be claimed is claimed on it. */
import type { RunSummary } from '../summary/summary.ts';
import type { LastEpoch } from '../settlement/settlement.ts';

/** Null when nothing was ever settled. */
export function lastEpoch({ epochs }: RunSummary): LastEpoch | null {
  const settled = epochs.findLast(({ transaction }) => transaction !== null);
  return settled === undefined ? null : { epoch: settled.epoch, leaves: settled.leaves };
}
