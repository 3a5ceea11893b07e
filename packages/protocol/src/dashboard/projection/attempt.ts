/**
 * One attempt at a round while it goes on: who was handed what, and when each member was heard of. Plain data whose size
 * is bounded by the members that take part.
 */
import type { Hash, MicroBatch, PeerId } from '../../core/ids.ts';
import type { RunFactOf } from '../../journal/facts.ts';
import type { WorkerMessage } from '../../wire/control.ts';
import type { RoundLine } from '../api.ts';
import { asSentence } from './sentences.ts';
import { spansOf } from './spans.ts';

interface Commitment {
  readonly atMs: number;
  readonly computeMs: number;
  readonly lossSum: number;
}

/** A member's part. Times in milliseconds since the round was assigned, in the order in which they came. */
export interface Participant {
  readonly peerId: PeerId;
  /** Empty: it had no work in this round, and gathers and applies all the same. */
  microBatches: readonly MicroBatch[];
  /** The view in which it was handed this work: another one than the attempt's if it took over what a lost member left. */
  assignment: number;
  /** Its commitment to this work. */
  committed: Commitment | null;
  /** Commitments to less work, before it took over more. */
  readonly superseded: Commitment[];
  readonly reduced: number[];
  readonly gathered: number[];
  applied: number | null;
  lost: { readonly atMs: number; readonly reason: string } | null;
}

export interface Attempt {
  readonly round: number;
  readonly assignment: number;
  readonly startedAt: number;
  view: number;
  sealedMs: number | null;
  samples: number;
  readonly participants: Participant[];
  readonly events: { readonly atMs: number; readonly reason: string }[];
}

/** How an attempt ended. */
export interface AttemptEnd {
  readonly outcome: 'committed' | 'abandoned';
  readonly milliseconds: number;
  readonly trainLoss: number | null;
  readonly samples: number;
  readonly stateHash: Hash | null;
}

/** Times that a member says the same in one attempt, once a view: more are not kept. */
const MAX_MARKS = 8;
const MAX_EVENTS = 32;
/** Members of a round that are shown. */
export const MAX_SHOWN = 64;

const newParticipant = (peerId: PeerId, microBatches: readonly MicroBatch[], assignment: number): Participant => ({
  peerId,
  microBatches,
  assignment,
  committed: null,
  superseded: [],
  reduced: [],
  gathered: [],
  applied: null,
  lost: null,
});

export const beginAttempt = ({ round, view, contributors }: RunFactOf<'roundAssigned'>, at: number): Attempt => ({
  round,
  assignment: view,
  startedAt: at,
  view,
  sealedMs: null,
  samples: 0,
  participants: contributors.map(({ peerId, microBatches }) => newParticipant(peerId, microBatches, view)),
  events: [],
});

/** An attempt as it is folded; the index by peer is made anew when a saved one is opened. */
export class AttemptFold {
  readonly attempt: Attempt;
  readonly #byPeer: Map<PeerId, Participant>;

  constructor(attempt: Attempt) {
    this.attempt = attempt;
    this.#byPeer = new Map(attempt.participants.map((participant) => [participant.peerId, participant]));
  }

  participant(peerId: PeerId): Participant | undefined {
    return this.#byPeer.get(peerId);
  }

  /** Micro-batches handed out. */
  get handedOut(): number {
    return this.attempt.participants.reduce((sum, { microBatches }) => sum + microBatches.length, 0);
  }

  /** A message of a member that the machine took: one that it ignores is not in the journal. */
  hear(peerId: PeerId, message: WorkerMessage, at: number): void {
    const atMs = this.#since(at);
    if (message.type === 'commit' && message.assignment === this.#byPeer.get(peerId)?.assignment) {
      const { computeMs, lossSum } = message;
      this.#of(peerId).committed ??= { atMs, computeMs, lossSum };
    }
    if (message.type === 'reduced' && message.round === this.attempt.round) mark(this.#of(peerId).reduced, atMs);
    if (message.type === 'gathered' && message.round === this.attempt.round) mark(this.#of(peerId).gathered, atMs);
    if (message.type === 'applied' && message.round === this.attempt.round) this.#of(peerId).applied ??= atMs;
  }

  lose(peerId: PeerId, reason: string, at: number): void {
    const participant = this.#byPeer.get(peerId);
    if (participant !== undefined) participant.lost ??= { atMs: this.#since(at), reason };
  }

  changeView({ view, reason, reassigned = [] }: RunFactOf<'viewChanged'>, at: number): void {
    this.attempt.view = view;
    for (const { peerId, microBatches } of reassigned) this.#reassign(this.#of(peerId), microBatches, view);
    if (this.attempt.events.length < MAX_EVENTS)
      this.attempt.events.push({ atMs: this.#since(at), reason: asSentence(reason) });
  }

  seal({ samples }: RunFactOf<'roundSealed'>, at: number): void {
    Object.assign(this.attempt, { sealedMs: this.#since(at), samples });
  }

  /** It takes over what a lost member left, and commits anew, to all of its work. */
  #reassign(participant: Participant, microBatches: readonly MicroBatch[], view: number): void {
    const { committed, superseded } = participant;
    if (committed !== null && superseded.length < MAX_MARKS) superseded.push(committed);
    Object.assign(participant, { microBatches, assignment: view, committed: null });
  }

  #since(at: number): number {
    return Math.max(0, at - this.attempt.startedAt);
  }

  #of(peerId: PeerId): Participant {
    const known = this.#byPeer.get(peerId);
    if (known !== undefined) return known;
    const participant = newParticipant(peerId, [], this.attempt.assignment);
    this.attempt.participants.push(participant);
    this.#byPeer.set(peerId, participant);
    return participant;
  }
}

function mark(marks: number[], atMs: number): void {
  if (marks.length < MAX_MARKS) marks.push(atMs);
}

/** Those who were lost first, then those with the most work. */
const byInterest = (a: Participant, b: Participant): number =>
  Number(b.lost !== null) - Number(a.lost !== null) || b.microBatches.length - a.microBatches.length;

/** What people see of an attempt. `end` null: it goes on, and `now` is as far as it is known. */
export function roundLine(attempt: Attempt, end: AttemptEnd | null, now: number): RoundLine {
  const { round, assignment, view, startedAt, participants, events } = attempt;
  const untilMs = end?.milliseconds ?? Math.max(0, now - startedAt);
  const shown = participants.length > MAX_SHOWN ? participants.toSorted(byInterest).slice(0, MAX_SHOWN) : participants;
  const spans = spansOf(attempt, untilMs);
  return {
    round,
    assignment,
    view,
    startedAt,
    milliseconds: end?.milliseconds ?? null,
    outcome: end?.outcome ?? 'under way',
    trainLoss: end?.trainLoss ?? null,
    samples: end?.samples ?? attempt.samples,
    stateHash: end?.stateHash ?? null,
    members: shown.map((participant) => ({
      peerId: participant.peerId,
      microBatches: participant.microBatches.length,
      spans: spans(participant),
    })),
    hidden: participants.length - shown.length,
    events,
  };
}
