/** What the server asks of a run. Answers are bounded, whatever the length of the run. */
import type { PeerId } from '@murmuration/protocol';
import type {
  Curve,
  CurveQuery,
  LogLine,
  LogQuery,
  MemberDetail,
  MemberRow,
  MembersQuery,
  Page,
  PageQuery,
  RoundLine,
  RunChange,
  RunSnapshot,
  WorkLine,
} from '@murmuration/protocol/dashboard';

export interface RunView {
  snapshot(): RunSnapshot;
  /** What changed after the entry `sequence`; null when that is too long ago to say: send a snapshot. */
  changesSince(sequence: number): RunChange | null;
  curve(query: CurveQuery): Curve;
  members(query: MembersQuery): Page<MemberRow>;
  /** Null: nobody of that id was ever here. */
  member(peerId: PeerId): MemberDetail | null;
  work(peerId: PeerId, query: PageQuery): Page<WorkLine>;
  rounds(query: PageQuery): Page<RoundLine>;
  log(query: LogQuery): Page<LogLine>;
  /** Reads more of the journal, for about so long. True: there is more to read. */
  advance(budgetMs: number): boolean;
  close(): void;
}
