/** The journal on disk through the machine that made it. */
import { JournalMismatchError, replayJournal } from '@murmuration/protocol';
import type { JournalEntry, Replayed } from '@murmuration/protocol';
import { JournalAlteredError } from './errors.ts';
import { JournalStore } from './journal-store.ts';

/**
 * Checks every entry's place, hash and decision. Null for an empty journal.
 * @throws JournalAlteredError naming the first entry that is not what was recorded; CorruptFileError
 */
export function replayStored(file: string, watch: (entry: JournalEntry) => void = () => undefined): Replayed | null {
  const journal = JournalStore.read(file);
  try {
    return replayJournal(journal.entries(), watch);
  } catch (error) {
    if (!(error instanceof JournalMismatchError)) throw error;
    throw new JournalAlteredError({
      file,
      position: error.sequence,
      why: `${error.field} differs from what the run decides`,
      cause: error,
    });
  } finally {
    journal.close();
  }
}
