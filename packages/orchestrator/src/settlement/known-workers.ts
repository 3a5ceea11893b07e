/** Workers whose proofs a run's journal holds: a restarted coordinator owes them as before, whether they come back or not. */
import type { Registration } from '@murmuration/contracts';
import type { Address, JournalEntry } from '@murmuration/protocol';

/** By address. What stands in the journal was checked before it was written. */
export function knownWorkers(entries: Iterable<Pick<JournalEntry, 'event'>>): Map<Address, Registration> {
  const known = new Map<Address, Registration>();
  for (const { event } of entries) {
    if (event.type !== 'message' || event.message.type !== 'hello') continue;
    const { address, payout, possession } = event.message;
    known.set(address, { peerId: event.from, payout, possession });
  }
  return known;
}
