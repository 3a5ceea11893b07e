/** Reads from a run's journal what became of every micro-batch. */
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';

interface Fact {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface Share {
  readonly peerId: string;
  readonly microBatches: readonly number[];
}

/** All facts of a run's journal, in order. */
export function journalFacts(directory: string): Fact[] {
  const database = new DatabaseSync(`${directory}/journal.sqlite`, { readOnly: true });
  try {
    const rows = database.prepare('SELECT facts FROM entries ORDER BY sequence').all() as { facts: string }[];
    return rows.flatMap(({ facts }) => JSON.parse(facts) as Fact[]);
  } finally {
    database.close();
  }
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
 * `rounds` rounds were committed.
 */
export function expectExactlyOnce(directory: string, rounds: number): void {
  const committed = committedShares(directory);
  expect(committed.size).toBe(rounds);
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
