/** Reads a run's journal with nothing of the product's own: what came in, and what was decided. */
import { DatabaseSync } from 'node:sqlite';

export interface Fact {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A message that a member sent to the coordinator. */
export interface MemberMessage {
  readonly from: string;
  readonly message: { readonly type: string; readonly [field: string]: unknown };
}

function column<T>(directory: string, name: 'facts' | 'event'): T[] {
  const database = new DatabaseSync(`${directory}/journal.sqlite`, { readOnly: true });
  try {
    const rows = database.prepare(`SELECT ${name} AS text FROM entries ORDER BY sequence`).all() as { text: string }[];
    return rows.map(({ text }) => JSON.parse(text) as T);
  } finally {
    database.close();
  }
}

/** All facts of a run's journal, in order. */
export const journalFacts = (directory: string): Fact[] => column<Fact[]>(directory, 'facts').flat();

/** All messages of members in a run's journal, in order. */
export const journalMessages = (directory: string): MemberMessage[] =>
  column<{ type: string } & MemberMessage>(directory, 'event').filter(({ type }) => type === 'message');

/** The state hashes that members reported, by round: `[peer id, hash]` each. */
export function appliedHashes(directory: string): Map<number, [peerId: string, stateHash: string][]> {
  const applied = new Map<number, [string, string][]>();
  for (const { from, message } of journalMessages(directory)) {
    if (message.type !== 'applied') continue;
    const round = message['round'] as number;
    applied.set(round, [...(applied.get(round) ?? []), [from, message['stateHash'] as string]]);
  }
  return applied;
}
