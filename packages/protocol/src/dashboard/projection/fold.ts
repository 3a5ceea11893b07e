/**
 * The journal as people look at it: each entry becomes rows ({@link Write}) for whoever keeps them. What is kept here is
 * the figures, the round under way and the members heard of lately: it grows with members, never with rounds. The fold is
 * a function of the entries alone; a saved one goes on where it stopped.
 */
import type { Address, PeerId } from '../../core/ids.ts';
import { JournalMismatchError } from '../../journal/errors.ts';
import type { JournalEntry } from '../../journal/events.ts';
import type { RunFact, RunFactOf } from '../../journal/facts.ts';
import type { MemberRow, RoundLine, RunFigures } from '../api.ts';
import { AttemptFold, beginAttempt, roundLine, type Attempt, type AttemptEnd, type Participant } from './attempt.ts';
import { FiguresFold } from './figures.ts';
import { firstCounts, type FoldCounts, type FoldState, type RunTerms } from './fold-state.ts';
import { MemberCache, type MemberSource } from './member-cache.ts';
import { audited, credited, isPresent, joinedMember, memberRow, refusedMember, type MemberState } from './member.ts';
import { asSentence, factLine, subjectOf } from './sentences.ts';
import type { WorkRow, Write } from './writes.ts';

type Entry = Pick<JournalEntry, 'sequence' | 'event' | 'facts' | 'reason'>;

/** Smallest units as decimal text, up to 2²⁵⁶ − 1. */
const AMOUNT = /^\d{1,78}$/;

export class RunFold {
  readonly #terms: RunTerms;
  readonly #figures: FiguresFold;
  readonly #members: MemberCache;
  #attempt: AttemptFold | null;
  #state: FoldCounts;
  #entry: Entry | null = null;
  #writes: Write[] = [];

  constructor(terms: RunTerms, source: MemberSource, saved?: FoldState) {
    this.#terms = terms;
    this.#members = new MemberCache(source);
    this.#figures = new FiguresFold(terms, saved?.figures);
    this.#attempt = saved?.attempt ? new AttemptFold(structuredClone(saved.attempt)) : null;
    const { assignment, handedOut, logLines, evaluations } = saved ?? firstCounts;
    this.#state = { assignment, handedOut, logLines, evaluations };
  }

  saved(): FoldState {
    return { figures: this.#figures.saved(), attempt: this.#attempt?.attempt ?? null, ...this.#state };
  }

  get figures(): RunFigures {
    return this.#figures.figures;
  }

  /** The last attempt at a round, under way or ended; −1 before the first. */
  get assignment(): number {
    return this.#state.assignment;
  }

  /** Lines of the log so far. */
  get logLines(): number {
    return this.#state.logLines;
  }

  /** The round under way; null between rounds. */
  get roundUnderWay(): RoundLine | null {
    return this.#attempt === null ? null : roundLine(this.#attempt.attempt, null, this.figures.lastAt);
  }

  /** A member's part of the round under way. */
  workUnderWay(peerId: PeerId): WorkRow | null {
    const participant = this.#attempt?.participant(peerId);
    if (this.#attempt === null || participant === undefined || participant.microBatches.length === 0) return null;
    const { attempt } = this.#attempt;
    return this.#workRow(attempt, participant, null, attempt.startedAt);
  }

  row(member: MemberState): MemberRow {
    return memberRow(member, { audit: this.#terms.audit, ...this.#state });
  }

  /**
   * The rows that an entry changes. Members come from {@link takeMembers}.
   * @throws JournalMismatchError where an entry says what no run says and people would be shown
   */
  add(entry: Entry): readonly Write[] {
    this.#check('at', Number.isFinite(entry.event.at), entry.event.at, entry);
    this.#entry = entry;
    this.#writes = [];
    const { event, facts } = entry;
    if (event.type === 'message') {
      this.#see(event.from, event.at);
      this.#attempt?.hear(event.from, event.message, event.at);
    }
    // The figures know who was there before a restart only until they have heard of it.
    for (const fact of facts) if (fact.type === 'runResumed') this.#loseAll();
    this.#figures.add(entry);
    for (const fact of facts) {
      (this.#rules[fact.type] as ((fact: RunFact) => void) | undefined)?.(fact);
      this.#log(fact);
    }
    return this.#writes;
  }

  /** Members that changed since the last call. From here on their source has them. */
  takeMembers(): MemberState[] {
    return this.#members.take();
  }

  #check(field: string, holds: boolean, found: unknown, { sequence, event } = this.#entry!): void {
    if (!holds) throw new JournalMismatchError({ sequence, event: event.type, field, expected: 'a number', found });
  }

  #checkAmount(amount: unknown): void {
    this.#check('amount', typeof amount === 'string' && AMOUNT.test(amount), amount);
  }

  get #at(): number {
    return this.#entry!.event.at;
  }

  #write(write: Write): void {
    this.#writes.push(write);
  }

  /** Replaces a member; `shown` when its row differs by it. */
  #set(member: MemberState, shown = true): void {
    this.#members.set(shown ? { ...member, changed: this.#entry!.sequence } : member);
  }

  #change(peerId: PeerId, change: (member: MemberState) => MemberState): void {
    const member = this.#members.get(peerId);
    if (member !== undefined) this.#set(change(member));
  }

  #see(peerId: PeerId, at: number): void {
    const member = this.#members.get(peerId);
    if (member !== undefined) this.#set({ ...member, lastSeenAt: at }, false);
  }

  #loseAll(): void {
    for (const peerId of this.#figures.present)
      this.#change(peerId as PeerId, (member) => ({ ...member, status: 'lost' }));
  }

  #log(fact: RunFact): void {
    const line = factLine(fact);
    if (line === null) return;
    const { kind, severity, text } = line;
    this.#write({
      type: 'log',
      id: this.#state.logLines,
      sequence: this.#entry!.sequence,
      at: this.#at,
      kind,
      severity,
      round: 'round' in fact ? fact.round : null,
      peerId: subjectOf(fact),
      text: asSentence(text),
    });
    this.#state = { ...this.#state, logLines: this.#state.logLines + 1 };
  }

  #refused({ peerId }: RunFactOf<'memberRefused'>): void {
    const { event } = this.#entry!;
    const known = this.#members.get(peerId);
    // Whoever was a member before keeps the status that it had.
    if (known === undefined && event.type === 'message' && event.message.type === 'hello')
      this.#set(refusedMember(peerId, event.message, event.at));
  }

  #gone({ peerId, how, reason }: RunFactOf<'memberGone'>): void {
    this.#attempt?.lose(peerId, reason, this.#at);
    this.#change(peerId, (member) => ({ ...member, status: how }));
  }

  #assigned(fact: RunFactOf<'roundAssigned'>): void {
    this.#attempt = new AttemptFold(beginAttempt(fact, this.#at));
    this.#state = { ...this.#state, assignment: fact.view, handedOut: this.#attempt.handedOut };
    for (const { peerId, microBatches } of fact.contributors) this.#handOut(peerId, microBatches.length);
  }

  #handOut(peerId: PeerId, microBatches: number): void {
    const { assignment } = this.#state;
    this.#change(peerId, (member) => ({ ...member, assignment, assigned: microBatches, suspendedUntil: null }));
  }

  #committed(fact: RunFactOf<'roundCommitted'>): void {
    const { milliseconds, trainLoss, samples, stateHash, shares } = fact;
    const trained = new Set(shares.map(({ peerId }) => peerId));
    this.#end({ outcome: 'committed', milliseconds, trainLoss, samples, stateHash }, ({ peerId, lost }) =>
      trained.has(peerId) ? null : (lost?.reason ?? 'it was not part of the view that was sealed'),
    );
    for (const share of shares) this.#change(share.peerId, (member) => credited(member, share));
    this.#plotRound(fact);
  }

  #plotRound({ round, trainLoss, gradientNorm, members }: RunFactOf<'roundCommitted'>): void {
    const { samples, samplesPerSecond } = this.figures;
    const at = { ordinal: round, round: round + 1, samples, at: this.#at, sequence: this.#entry!.sequence };
    const values = { trainLoss, gradientNorm, members, samplesPerSecond };
    for (const curve of ['trainLoss', 'gradientNorm', 'members', 'samplesPerSecond'] as const) {
      const y = values[curve];
      if (y !== null) this.#write({ type: 'point', curve, ...at, y });
    }
  }

  #abandoned({ reason }: RunFactOf<'roundAbandoned'>): void {
    const milliseconds = Math.max(0, this.#at - (this.#attempt?.attempt.startedAt ?? this.#at));
    const end = { outcome: 'abandoned', milliseconds, trainLoss: null, samples: 0, stateHash: null } as const;
    this.#end(end, () => reason);
  }

  /** @param requeued why a participant's micro-batches are queued again; null when they are trained */
  #end(end: AttemptEnd, requeued: (participant: Participant) => string | null): void {
    if (this.#attempt === null) return;
    const { attempt } = this.#attempt;
    this.#attempt = null;
    for (const participant of attempt.participants)
      if (participant.microBatches.length > 0)
        this.#write({ type: 'work', ...this.#workRow(attempt, participant, requeued(participant), this.#at) });
    this.#write({ type: 'round', line: roundLine(attempt, end, this.#at), sequence: this.#entry!.sequence });
  }

  #workRow({ assignment, round }: Attempt, participant: Participant, requeued: string | null, at: number): WorkRow {
    const { peerId, microBatches, committed } = participant;
    return {
      peerId,
      assignment,
      round,
      at,
      microBatches,
      samples: microBatches.length * this.#terms.microBatch,
      lossSum: committed?.lossSum ?? null,
      computeMs: committed?.computeMs ?? null,
      requeued,
      sequence: this.#entry?.sequence ?? 0,
    };
  }

  #epochClosed({ epoch, round, workers }: RunFactOf<'epochClosed'>): void {
    const earned = workers.filter(
      ({ peerId, cumulativeWei }) => this.#members.get(peerId)?.earnedWei !== cumulativeWei,
    );
    for (const { cumulativeWei } of earned) this.#checkAmount(cumulativeWei);
    for (const { peerId, cumulativeWei } of earned)
      this.#change(peerId, (member) => ({ ...member, earnedWei: cumulativeWei }));
    const { sequence } = this.#entry!;
    this.#write({ type: 'epochClosed', epoch, round, sequence, earned });
  }

  #epochSettled({ epoch, transaction, paidWei }: RunFactOf<'epochSettled'>): void {
    const paid = Object.entries(paidWei).flatMap(([address, amount]) => {
      const member = this.#members.at(address as Address);
      if (member === undefined || member.paidWei === amount) return [];
      this.#checkAmount(amount);
      this.#set({ ...member, paidWei: amount });
      return [{ peerId: member.peerId, paidWei: amount }];
    });
    this.#write({ type: 'epochSettled', epoch, transaction, paid });
  }

  readonly #rules: { readonly [T in RunFact['type']]?: (fact: RunFactOf<T>) => void } = {
    memberJoined: (fact) => this.#set(joinedMember(this.#members.get(fact.peerId), fact, this.#at)),
    memberReady: ({ peerId, samplesPerSecond }) =>
      this.#change(peerId, (member) => ({ ...member, status: 'ready', samplesPerSecond })),
    memberRefused: (fact) => this.#refused(fact),
    memberGone: (fact) => this.#gone(fact),
    memberSuspended: ({ peerId, until }) => this.#change(peerId, (member) => ({ ...member, suspendedUntil: until })),
    memberFlagged: ({ peerId }) =>
      this.#change(peerId, (member) => (isPresent(member) ? { ...member, status: 'joined' } : member)),
    roundAssigned: (fact) => this.#assigned(fact),
    viewChanged: (fact) => {
      this.#attempt?.changeView(fact, this.#at);
      for (const { peerId, microBatches } of fact.reassigned ?? []) this.#handOut(peerId, microBatches.length);
    },
    roundSealed: (fact) => this.#attempt?.seal(fact, this.#at),
    roundAbandoned: (fact) => this.#abandoned(fact),
    roundCommitted: (fact) => this.#committed(fact),
    rolledBack: ({ to }) => {
      for (const peerId of this.#figures.present)
        this.#change(peerId as PeerId, (member) => ({ ...member, status: 'joined' }));
      this.#write({ type: 'rolledBack', to, sequence: this.#entry!.sequence });
    },
    evaluated: ({ round, loss, accuracy }) => this.#evaluated(round, { evalLoss: loss, evalAccuracy: accuracy }),
    auditDrawn: ({ audit, round, target, auditor, microBatches }) =>
      this.#write({
        type: 'auditDrawn',
        audit,
        round,
        assignment: this.#state.assignment,
        target,
        auditor,
        microBatches: microBatches.length,
        drawnAt: this.#at,
      }),
    auditVerdict: ({ audit, verdict }) => this.#write({ type: 'auditVerdict', audit, verdict }),
    auditClosed: (fact) => {
      this.#change(fact.target, (member) => audited(member, fact));
      const { audit, outcome, verdicts, reason } = fact;
      const { sequence } = this.#entry!;
      this.#write({ type: 'auditClosed', audit, outcome, verdicts, reason, at: this.#at, sequence });
    },
    payForfeited: ({ peerId, rounds, microBatches, reason }) => {
      this.#change(peerId, (member) => ({ ...member, forfeited: member.forfeited + microBatches }));
      this.#write({ type: 'forfeited', peerId, rounds, reason });
    },
    epochClosed: (fact) => this.#epochClosed(fact),
    epochSettled: (fact) => this.#epochSettled(fact),
    epochDeferred: ({ epoch, reason }) => this.#write({ type: 'epochDeferred', epoch, reason }),
  };

  #evaluated(round: number, values: { readonly evalLoss: number; readonly evalAccuracy: number }): void {
    const ordinal = this.#state.evaluations;
    this.#state = { ...this.#state, evaluations: ordinal + 1 };
    const at = { ordinal, round, samples: this.figures.samples, at: this.#at, sequence: this.#entry!.sequence };
    for (const curve of ['evalLoss', 'evalAccuracy'] as const)
      this.#write({ type: 'point', curve, ...at, y: values[curve] });
  }
}
