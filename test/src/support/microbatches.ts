/** Reads from a run's journal what became of every micro-batch. */
import { expect } from 'vitest';
import { journalFacts } from './journal.ts';

interface Share {
  readonly peerId: string;
  readonly microBatches: readonly number[];
}

/** The committed rounds' shares, after rollbacks. */
function committedShares(directory: string): Map<number, readonly Share[]> {
  const committed = new Map<number, readonly Share[]>();
  for (const fact of journalFacts(directory)) {
    if (fact.type === 'rolledBack')
      for (const round of committed.keys()) if (round >= (fact['to'] as number)) committed.delete(round);
    if (fact.type === 'roundCommitted') committed.set(fact['round'] as number, fact['shares'] as readonly Share[]);
  }
  return committed;
}

/**
 * Asserts that every micro-batch number below the highest one was trained exactly once or is still queued, and that
 * `rounds` rounds were committed, if that is known.
 */
export function expectExactlyOnce(directory: string, rounds?: number): void {
  const committed = committedShares(directory);
  if (rounds !== undefined) expect(committed.size).toBe(rounds);
  const trained = [...committed.values()].flatMap((shares) => shares.flatMap(({ microBatches }) => microBatches));
  expect(new Set(trained).size, 'a micro-batch was trained twice').toBe(trained.length);
  const assigned = new Set(
    journalFacts(directory).flatMap((fact) =>
      fact.type === 'roundAssigned'
        ? (fact['contributors'] as readonly Share[]).flatMap(({ microBatches }) => microBatches)
        : [],
    ),
  );
  const returned = new Set(
    journalFacts(directory).flatMap((fact) =>
      ['viewChanged', 'roundAbandoned', 'rolledBack'].includes(fact.type)
        ? (fact['returned'] as readonly number[])
        : [],
    ),
  );
  const lost = [...assigned].filter((number) => !trained.includes(number) && !returned.has(number));
  expect(lost, 'micro-batches that were neither trained nor returned').toEqual([]);
}
