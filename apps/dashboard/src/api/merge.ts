/**
 * A run as the page holds it: a snapshot, and the changes since merged into it. Pure, and bounded however long the run
 * and the visit are: what falls out of these lists is asked for by page when somebody wants it.
 */
import type { PeerId } from '@murmuration/protocol';
import type {
  LogLine,
  MemberRow,
  RoundLine,
  RunChange,
  RunFigures,
  RunHead,
  RunSnapshot,
} from '@murmuration/protocol/dashboard';

/** The most that is held of each. */
export const HELD = { rounds: 20, log: 100, fresh: 400 } as const;

export interface RunView {
  readonly head: RunHead;
  readonly figures: RunFigures;
  readonly memberCount: number;
  /** Rows of members that changed of late, the last one last: newer than those of any page that was fetched before. */
  readonly fresh: ReadonlyMap<PeerId, MemberRow>;
  /** The newest first. */
  readonly rounds: readonly RoundLine[];
  /** The newest first. */
  readonly log: readonly LogLine[];
  readonly live: boolean;
  readonly read: number;
  /** Why the server can read no more of the journal. */
  readonly fault: RunSnapshot['fault'];
}

/** More of the run may come: it goes on, or its journal is still being read. */
export const isGrowing = ({ live, read }: Pick<RunView, 'live' | 'read'>): boolean => live || read < 1;

export const viewOf = (snapshot: RunSnapshot): RunView => ({
  head: snapshot.head,
  figures: snapshot.figures,
  memberCount: snapshot.memberCount,
  fresh: freshened(new Map(), snapshot.members),
  rounds: mergeRounds([], snapshot.rounds),
  log: mergeLog([], snapshot.log),
  live: snapshot.live,
  read: snapshot.read,
  fault: snapshot.fault,
});

export const merge = (view: RunView, change: RunChange): RunView => ({
  head: view.head,
  figures: change.figures,
  memberCount: change.memberCount,
  fresh: freshened(view.fresh, change.members),
  rounds: mergeRounds(view.rounds, change.rounds),
  log: mergeLog(view.log, change.log),
  live: change.live,
  read: change.read,
  fault: change.fault,
});

/** Rows take the place of those of the same member and become the newest; the oldest fall out. */
function freshened(held: ReadonlyMap<PeerId, MemberRow>, rows: readonly MemberRow[]): ReadonlyMap<PeerId, MemberRow> {
  if (rows.length === 0) return held;
  const fresh = new Map(held);
  for (const row of rows) {
    fresh.delete(row.peerId);
    fresh.set(row.peerId, row);
  }
  for (const peerId of fresh.keys()) {
    if (fresh.size <= HELD.fresh) break;
    fresh.delete(peerId);
  }
  return fresh;
}

/** The newest lines by key; one of `lines` takes the place of a held one. */
function mergeLines<Line>(
  held: readonly Line[],
  lines: readonly Line[],
  key: (line: Line) => number,
  most: number,
): readonly Line[] {
  if (lines.length === 0) return held;
  const byKey = new Map([...held, ...lines].map((line) => [key(line), line]));
  return [...byKey.values()].toSorted((a, b) => key(b) - key(a)).slice(0, most);
}

export const mergeRounds = (
  held: readonly RoundLine[],
  rounds: readonly RoundLine[],
  most: number = HELD.rounds,
): readonly RoundLine[] => mergeLines(held, rounds, (line) => line.assignment, most);

export const mergeLog = (
  held: readonly LogLine[],
  lines: readonly LogLine[],
  most: number = HELD.log,
): readonly LogLine[] => mergeLines(held, lines, (line) => line.id, most);

/** Fills the gaps that a cut change left, from a snapshot that was asked for since. */
export const refill = (view: RunView, snapshot: RunSnapshot): RunView => ({
  ...view,
  rounds: mergeRounds(snapshot.rounds, view.rounds),
  log: mergeLog(snapshot.log, view.log),
});
