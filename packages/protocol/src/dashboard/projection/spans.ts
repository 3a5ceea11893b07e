/**
 * What each member did when in an attempt at a round, from the times at which the coordinator heard of it. Two things
 * nobody reports and they are inferred: computing ended with the commitment and took as long as its maker says; and no
 * contribution took longer on its way than the last one did, which is there when the first owner has reduced.
 */
import type { RoundSpan } from '../api.ts';
import type { Attempt, Participant } from './attempt.ts';
import { asSentence } from './sentences.ts';

type What = RoundSpan['what'];

/** Times that hold for the whole attempt. */
interface Course {
  /** The last contribution was made. */
  readonly computedMs: number;
  /** The first owner had everything. */
  readonly deliveredMs: number;
  readonly sealedMs: number | null;
  /** As far as is known: the end, or now. */
  readonly untilMs: number;
}

function courseOf({ participants, sealedMs }: Attempt, untilMs: number): Course {
  const committed = participants.flatMap(({ committed: made }) => (made === null ? [] : [made.atMs]));
  const isComputing = participants.some(
    ({ microBatches, committed: made, lost }) => microBatches.length > 0 && made === null && lost === null,
  );
  const computedMs = isComputing ? untilMs : Math.max(0, ...committed);
  const reduced = participants.flatMap((participant) => participant.reduced).filter((at) => at >= computedMs);
  return { computedMs, deliveredMs: reduced.reduce((a, b) => Math.min(a, b), untilMs), sealedMs, untilMs };
}

/** The spans of each participant, in order. */
export function spansOf(attempt: Attempt, untilMs: number): (participant: Participant) => RoundSpan[] {
  const course = courseOf(attempt, untilMs);
  return (participant) => {
    const line = new Line(Math.min(untilMs, participant.lost?.atMs ?? untilMs));
    contributed(line, participant, course);
    exchanged(line, participant, course);
    if (participant.lost !== null)
      line.put(
        'failed',
        participant.lost.atMs,
        Math.max(participant.lost.atMs, untilMs),
        asSentence(participant.lost.reason),
      );
    return line.spans;
  };
}

/** Spans that follow each other; none is empty, none goes beyond the end of what the member did. */
class Line {
  readonly spans: RoundSpan[] = [];
  readonly #endMs: number;
  #atMs = 0;

  constructor(endMs: number) {
    this.#endMs = endMs;
  }

  /** On from the last span to `toMs`. */
  until(what: What, toMs: number, note = ''): void {
    const to = Math.min(toMs, this.#endMs);
    if (to > this.#atMs) this.put(what, this.#atMs, to, note);
  }

  put(what: What, fromMs: number, toMs: number, note = ''): void {
    this.spans.push({ what, fromMs, toMs, note });
    this.#atMs = Math.max(this.#atMs, toMs);
  }

  /** Leaves out what nobody knows of. */
  skipTo(ms: number): void {
    this.#atMs = Math.max(this.#atMs, ms);
  }
}

function contributed(line: Line, participant: Participant, course: Course): void {
  const { microBatches, committed, superseded, reduced, lost } = participant;
  const { computedMs, deliveredMs } = course;
  if (microBatches.length === 0) return;
  for (const { atMs, computeMs } of superseded) {
    line.skipTo(Math.round(atMs - computeMs));
    line.until('computed', atMs);
  }
  if (committed === null) return line.until('computed', lost?.atMs ?? course.untilMs, 'Not yet done.');
  line.skipTo(Math.max(0, Math.round(committed.atMs - committed.computeMs)));
  line.until('computed', committed.atMs);
  const there = reduced.length > 0 ? computedMs : deliveredMs;
  line.until('pushed', Math.min(there, committed.atMs + Math.max(0, deliveredMs - computedMs)));
  line.until('waited', there, 'For the slowest contribution.');
}

function exchanged(line: Line, { microBatches, reduced, gathered, applied }: Participant, course: Course): void {
  if (microBatches.length === 0)
    line.until('waited', reduced.length > 0 ? course.computedMs : course.deliveredMs, 'It had no work in this round.');
  const marks = [
    ...reduced.map((at) => ({ what: 'reduced' as const, at })),
    ...gathered.map((at) => ({ what: 'gathered' as const, at })),
  ].toSorted((a, b) => a.at - b.at);
  for (const { what, at } of marks) line.until(what, at);
  if (course.sealedMs === null) return;
  line.until('waited', course.sealedMs, 'Until everybody held everything.');
  if (applied !== null) line.until('applied', applied);
}
