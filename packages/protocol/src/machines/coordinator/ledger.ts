/** Which micro-batches are handed out: each is trained exactly once or still queued. */
import { microBatch, type MicroBatch } from '../../core/ids.ts';
import type { Ledger } from './state.ts';

export const emptyLedger: Ledger = { next: microBatch(0), returned: [] };

const ascending = (a: number, b: number): number => a - b;

/** Takes `count` micro-batches: returned ones first, lowest number first, then new ones. */
export function takeMicroBatches(
  ledger: Ledger,
  count: number,
): { readonly ledger: Ledger; readonly taken: readonly MicroBatch[] } {
  const again = ledger.returned.slice(0, count);
  const fresh = Array.from({ length: count - again.length }, (_, i) => microBatch(ledger.next + i));
  return {
    ledger: { next: microBatch(ledger.next + fresh.length), returned: ledger.returned.slice(again.length) },
    taken: [...again, ...fresh],
  };
}

/** Puts micro-batches that were not trained back in the queue. */
export const returnMicroBatches = (ledger: Ledger, returned: readonly MicroBatch[]): Ledger =>
  returned.length === 0 ? ledger : { ...ledger, returned: [...ledger.returned, ...returned].toSorted(ascending) };

/** What was trained under `now` and is queued again under the older ledger `then`. */
export function untrainedBetween(then: Ledger, now: Ledger): MicroBatch[] {
  const queued = new Set<number>(now.returned);
  const fresh = Array.from({ length: now.next - then.next }, (_, i) => microBatch(then.next + i));
  return [...then.returned, ...fresh].filter((number) => !queued.has(number));
}
