/**
 * A run as the pages show it, from its directory: a coordinator's, a finished one, or a copy. It reads the journal into
 * an index of its own and answers from that, so an answer takes as long after a hundred thousand rounds as after ten, and
 * memory does not grow with them. Several may read one run at a time.
 */
import { join } from 'node:path';
import type { PeerId } from '@murmuration/protocol';
import type {
  ApiError,
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
  RunFigures,
  RunHead,
  RunSnapshot,
  WorkLine,
} from '@murmuration/protocol/dashboard';
import type { ResolvedJob } from '@murmuration/protocol/job';
import { payStory } from '@murmuration/protocol/projection';
import { JournalAlteredError } from '../store/errors.ts';
import { JournalStore } from '../store/journal-store.ts';
import { openRunDirectory, writingProcess } from '../store/run-directory.ts';
import type { RunPaths } from '../store/run-directory.ts';
import { Curves } from './curves.ts';
import { RunNotBegunError } from './errors.ts';
import { IndexFile } from './index-file.ts';
import { JournalReader } from './journal-reader.ts';
import { Log } from './log.ts';
import { Members } from './members.ts';
import { Preview } from './preview.ts';
import { Rounds } from './rounds.ts';
import { runOf } from './run-head.ts';
import type { Run } from './run-head.ts';
import { Work } from './work.ts';

/** Rows of a snapshot's lists. */
const SNAPSHOT = { members: 50, rounds: 20, log: 50 } as const;
/** Rows of a change's lists, points by curve; more are cut. */
const CHANGE = { entries: 50_000, members: 100, rounds: 20, log: 100, points: 100 } as const;

export class RunProjection {
  readonly #paths: RunPaths;
  readonly #run: Run;
  readonly #journal: JournalStore;
  readonly #index: IndexFile;
  readonly #reader: JournalReader;
  readonly #members: Members;
  readonly #rounds: Rounds;
  readonly #work: Work;
  readonly #log: Log;
  readonly #curves: Curves;
  /** While the journal's end is far from being read. */
  #preview: Preview | null;

  private constructor(paths: RunPaths, run: Run, journal: JournalStore) {
    this.#paths = paths;
    this.#run = run;
    this.#journal = journal;
    this.#index = IndexFile.open(join(paths.directory, 'dashboard.sqlite'));
    this.#reader = new JournalReader({ file: paths.journal, journal, index: this.#index, terms: run.terms });
    this.#members = new Members(this.#index);
    this.#rounds = new Rounds(this.#index);
    this.#work = new Work(this.#index, run.head.payment !== null);
    this.#log = new Log(this.#index);
    this.#curves = new Curves(this.#index);
    this.#preview = Preview.of(journal, run.terms, this.#reader.sequence + 1);
  }

  /**
   * Opens a run directory. An index that was made before is taken up where it ends; nothing else is read yet.
   * @throws RunNotFoundError, RunNotBegunError, CorruptFileError, JournalAlteredError, IndexUnusableError
   */
  static open(directory: string): RunProjection {
    const { paths } = openRunDirectory(directory);
    const journal = JournalStore.read(paths.journal);
    try {
      return new RunProjection(paths, firstOf(journal, paths), journal);
    } catch (error) {
      journal.close();
      throw error;
    }
  }

  get head(): RunHead {
    return this.#run.head;
  }

  /** The job as workers get it; null where this version can't read it. */
  get job(): ResolvedJob | null {
    return this.#run.job;
  }

  /** Place in the stream of changes: sequence of the last journal entry that was read, −1 before the first. */
  get sequence(): number {
    return this.#reader.sequence;
  }

  /** Another text whenever something changes that no entry says: whether a coordinator writes this run, and what is wrong with the journal. */
  get standing(): string {
    return `${this.#isLive()} ${this.#reader.fault?.code}`;
  }

  /**
   * Reads more of the journal for about so long.
   * @returns whether there is more to read at once; otherwise ask again when the journal has grown
   */
  advance(budgetMs: number): boolean {
    const more = this.#reader.advance(budgetMs);
    if (this.#preview !== null && !this.#stillAhead(this.#preview)) this.#preview = null;
    return more;
  }

  snapshot(): RunSnapshot {
    const { fold } = this.#reader;
    const members = this.#members.page(fold, { limit: SNAPSHOT.members });
    return {
      head: this.head,
      figures: this.#figures(),
      members: members.rows,
      memberCount: members.total,
      rounds: this.#preview?.rounds ?? this.#rounds.page(fold, { limit: SNAPSHOT.rounds }).rows,
      log: this.#log.page({ limit: SNAPSHOT.log }).rows,
      ...this.#standing(),
    };
  }

  /**
   * What changed after the place `sequence` of the stream; null when that was so long ago, or of another reader's stream,
   * that a snapshot says it better.
   */
  changesSince(sequence: number): RunChange | null {
    const { fold } = this.#reader;
    if (sequence > this.#reader.sequence || this.#reader.sequence - sequence > CHANGE.entries) return null;
    const members = this.#members.changed(fold, sequence, CHANGE.members + 1);
    const rounds = this.#rounds.changed(fold, sequence, CHANGE.rounds + 1);
    const log = this.#log.since(sequence, CHANGE.log + 1);
    const points = this.#curves.since(sequence, CHANGE.points + 1);
    const open = fold.roundUnderWay;
    const cut = [
      ...(members.length > CHANGE.members ? ['members' as const] : []),
      ...(rounds.length > CHANGE.rounds ? ['rounds' as const] : []),
      ...(log.length > CHANGE.log ? ['log' as const] : []),
      ...(points.some((_, i) => points[i]?.curve === points[i + CHANGE.points]?.curve) ? ['points' as const] : []),
    ];
    return {
      figures: this.#figures(),
      members: members.slice(0, CHANGE.members),
      memberCount: this.#members.count(),
      rounds: [...(open === null ? [] : [open]), ...rounds.slice(0, CHANGE.rounds)],
      log: log.slice(0, CHANGE.log),
      points: cut.includes('points') ? [] : points,
      cut,
      ...this.#standing(),
    };
  }

  curve(query: CurveQuery): Curve {
    return this.#curves.curve(query);
  }

  members(query: MembersQuery): Page<MemberRow> {
    return this.#members.page(this.#reader.fold, query);
  }

  /** Null for a peer that this run does not know. */
  member(peerId: PeerId): MemberDetail | null {
    const state = this.#members.state(peerId);
    if (state === null) return null;
    const { payout, joinedAt, rounds, samples, computeMs } = state;
    const id = this.#members.id(peerId);
    const epochs = this.#work.epochs(id);
    return {
      ...this.#reader.fold.row(state),
      payout,
      joinedAt,
      rounds,
      samples,
      computeMs,
      audits: this.#work.audits(id),
      epochs,
      pay: [
        ...payStory({ ...state, settled: epochs[0]?.verified ?? 0, priceWei: this.head.payment?.priceWei ?? null }),
        ...this.#troubles(id),
      ],
    };
  }

  /** Nothing for a peer that this run does not know. */
  work(peerId: PeerId, query: PageQuery): Page<WorkLine> {
    const state = this.#members.state(peerId);
    if (state === null) return { rows: [], total: 0, next: null };
    return this.#work.page(this.#reader.fold, state, this.#members.id(peerId), query);
  }

  rounds(query: PageQuery): Page<RoundLine> {
    return this.#rounds.page(this.#reader.fold, query);
  }

  log(query: LogQuery): Page<LogLine> {
    return this.#log.page(query, query.peer === undefined ? undefined : this.#members.id(query.peer));
  }

  close(): void {
    this.#reader.close();
    this.#index.close();
    this.#journal.close();
  }

  /** Whether the preview knows of entries that the reader has yet to come to. */
  #stillAhead(preview: Preview): boolean {
    const { fault, sequence } = this.#reader;
    return fault === null && sequence + 1 < this.#reader.length() && preview.advance();
  }

  /** What a member's pay has come to grief by, the newest first. */
  #troubles(member: number): string[] {
    const { rows } = this.#log.page({ problems: true }, member);
    return rows.filter(({ kind }) => kind === 'pay' || kind === 'audit').map(({ text }) => text);
  }

  #figures(): RunFigures {
    const { figures } = this.#reader.fold;
    return this.#preview?.over(figures) ?? figures;
  }

  #isLive(): boolean {
    return writingProcess(this.#paths) !== null;
  }

  #standing(): Pick<RunSnapshot, 'live' | 'read' | 'fault' | 'sequence'> {
    const { sequence, fault } = this.#reader;
    const length = this.#reader.length();
    return {
      live: this.#isLive(),
      read: length === 0 ? 1 : Math.min(1, (sequence + 1) / length),
      fault: fault && faultOf(fault),
      sequence,
    };
  }
}

const faultOf = ({ code, message }: Error & { readonly code: string }): ApiError['error'] => ({ code, message });

/** What the first entry says. @throws RunNotBegunError, JournalAlteredError */
function firstOf(journal: JournalStore, { directory, journal: file }: RunPaths): Run {
  for (const { event } of journal.entries()) {
    const run = runOf(event);
    if (run === null) throw new JournalAlteredError({ file, position: 0, why: 'it is not how a run begins' });
    return run;
  }
  throw new RunNotBegunError({ directory });
}
