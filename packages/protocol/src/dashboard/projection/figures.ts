/**
 * The figures that a person watches, kept up entry by entry in constant time: a terminal and the pages show the same.
 * What is kept is plain data of bounded size, so that a reader can stop and go on from there.
 */
import type { JournalEntry } from '../../journal/events.ts';
import type { RunFact, RunFactOf } from '../../journal/facts.ts';
import { phaseWords } from '../../machines/coordinator/phases/words.ts';
import type { RunFigures, RunPhase } from '../api.ts';
import { asSentence } from './sentences.ts';

export interface WireBytes {
  readonly contribution: number;
  readonly reduced: number;
}

/** What figures need to know of a job. */
export interface FigureTerms {
  /** Of a micro-batch, in smallest units; `0` where nothing is paid. */
  readonly priceWei: string;
  readonly microBatches: number;
  /** Bytes of a whole contribution and of a whole reduced gradient on the wire; null where they are not known. */
  readonly wire: WireBytes | null;
}

type Entry = Pick<JournalEntry, 'event' | 'facts' | 'reason'>;

interface Commit {
  readonly at: number;
  readonly samples: number;
  readonly members: number;
  readonly computeMs: number;
  readonly milliseconds: number;
}

/** Samples trained on after so many rounds. */
interface Mark {
  readonly round: number;
  readonly samples: number;
}

export interface FiguresState {
  phase: RunPhase;
  reason: string;
  target: number;
  /** A round is handed out and neither committed nor given up. */
  underWay: boolean;
  round: number;
  samples: number;
  trainLoss: number | null;
  evaluation: RunFigures['evaluation'];
  stateHash: RunFigures['stateHash'];
  /** Micro-batches of committed rounds, less those that were forfeited. */
  due: number;
  restarts: number;
  lastAt: number;
  outcome: RunFigures['outcome'];
  /** Contributors and members of the last committed round. */
  crowd: { readonly contributors: number; readonly members: number } | null;
  /** The last commits: rates are taken over them. */
  recent: readonly Commit[];
  /** Where a rollback may lead: the last commits, and checkpoints. */
  marks: readonly Mark[];
  checkpoints: readonly Mark[];
  joined: string[];
}

/** Rounds that a rate is taken over. */
const WINDOW = 20;
/** Rounds that a checkpoint may be late by. */
const MAX_MARKS = 64;
const MAX_CHECKPOINTS = 4;
const MAX_REASON = 400;

const begin = (): FiguresState => ({
  phase: 'gathering',
  reason: '',
  target: 0,
  underWay: false,
  round: 0,
  samples: 0,
  trainLoss: null,
  evaluation: null,
  stateHash: null,
  due: 0,
  restarts: 0,
  lastAt: 0,
  outcome: null,
  crowd: null,
  recent: [],
  marks: [],
  checkpoints: [],
  joined: [],
});

/**
 * Bytes between members in a round: each contributor sends its contribution to the owners, they send the reduced gradient
 * to every member; what an owner sends to itself doesn't move.
 */
const roundBytes = ({ contribution, reduced }: WireBytes, contributors: number, members: number): number =>
  contribution * Math.max(0, contributors - 1) + reduced * Math.max(0, members - 1);

export class FiguresFold {
  readonly #terms: FigureTerms;
  readonly #state: FiguresState;
  readonly #joined: Set<string>;

  /** @param state what {@link saved} gave, to go on from there */
  constructor(terms: FigureTerms, state: FiguresState = begin()) {
    this.#terms = terms;
    this.#state = structuredClone(state);
    this.#joined = new Set(state.joined);
  }

  saved(): FiguresState {
    return { ...this.#state, joined: [...this.#joined] };
  }

  /** Rounds that the job asks for. */
  get target(): number {
    return this.#state.target;
  }

  /** Those who are in the run. */
  get present(): ReadonlySet<string> {
    return this.#joined;
  }

  add({ event, facts, reason }: Entry): void {
    this.#state.lastAt = event.at;
    for (const fact of facts)
      (this.#rules[fact.type] as ((fact: RunFact, at: number) => void) | undefined)?.(fact, event.at);
    this.#enterPhase(facts, reason);
  }

  get figures(): RunFigures {
    const { phase, reason, round, samples, trainLoss, evaluation, stateHash, restarts, lastAt, outcome } = this.#state;
    const { priceWei, microBatches, wire } = this.#terms;
    const { crowd, due, target } = this.#state;
    return {
      phase,
      reason: asSentence(reason),
      round,
      samples,
      trainLoss,
      evaluation,
      stateHash,
      members: this.#joined.size,
      ...this.#rates(),
      bytesPerRound: wire === null || crowd === null ? null : roundBytes(wire, crowd.contributors, crowd.members),
      spentWei: (BigInt(priceWei) * BigInt(due)).toString(),
      committedWei: (BigInt(priceWei) * BigInt(microBatches) * BigInt(target)).toString(),
      restarts,
      lastAt,
      outcome,
    };
  }

  #rates(): Pick<RunFigures, 'samplesPerSecond' | 'utilisation' | 'roundMs' | 'secondsLeft'> {
    const { recent, target, round } = this.#state;
    const counted = recent.slice(1);
    const elapsed = (recent.at(-1)?.at ?? 0) - (recent[0]?.at ?? 0);
    if (elapsed <= 0) return { samplesPerSecond: null, utilisation: null, roundMs: null, secondsLeft: null };
    const sum = (of: (commit: Commit, i: number) => number): number =>
      counted.reduce((total, commit, i) => total + of(commit, i), 0);
    const memberMs = sum(({ at, members }, i) => (at - recent[i]!.at) * members);
    return {
      samplesPerSecond: (sum(({ samples }) => samples) / elapsed) * 1000,
      utilisation: memberMs > 0 ? Math.min(1, sum(({ computeMs }) => computeMs) / memberMs) : null,
      roundMs: sum(({ milliseconds }) => milliseconds) / counted.length,
      secondsLeft: (Math.max(0, target - round) * elapsed) / counted.length / 1000,
    };
  }

  #enterPhase(facts: readonly RunFact[], reason: string): void {
    const before = this.#state.phase;
    this.#state.phase = this.#phaseAfter(facts, reason);
    if (this.#state.phase !== before || facts.length > 0) this.#state.reason = reason.slice(0, MAX_REASON);
  }

  /** While a round is under way it is the phase, whatever members write; between rounds the decision's reason says what comes. */
  #phaseAfter(facts: readonly RunFact[], reason: string): RunPhase {
    if (facts.some(({ type }) => type === 'runFinished')) return 'over';
    if (this.#state.underWay) return 'training';
    const evaluated = facts.some(({ type }) => type === 'evaluated');
    return phaseSaid(reason) ?? (evaluated ? 'training' : this.#state.phase);
  }

  #committed(
    { round, trainLoss, samples, stateHash, milliseconds, members, shares }: RunFactOf<'roundCommitted'>,
    at: number,
  ): void {
    const state = this.#state;
    state.underWay = false;
    // A member's word for its time counts for no longer than the round took.
    const computeMs = shares.reduce((sum, share) => sum + Math.min(share.computeMs, milliseconds), 0);
    state.recent = [...state.recent, { at, samples, members, computeMs, milliseconds }].slice(-WINDOW - 1);
    state.round = round + 1;
    state.samples += samples;
    state.trainLoss = trainLoss;
    state.stateHash = stateHash;
    state.crowd = { contributors: shares.length, members };
    state.due += shares.reduce((sum, share) => sum + share.microBatches.length, 0);
    state.marks = [...state.marks, { round: state.round, samples: state.samples }].slice(-MAX_MARKS);
  }

  #rolledBack({ to, stateHash }: RunFactOf<'rolledBack'>): void {
    const state = this.#state;
    state.samples = [...state.marks, ...state.checkpoints].find(({ round }) => round === to)?.samples ?? 0;
    state.marks = state.marks.filter(({ round }) => round <= to);
    state.checkpoints = state.checkpoints.filter(({ round }) => round <= to);
    state.round = to;
    state.stateHash = stateHash;
    if (state.evaluation !== null && state.evaluation.round > to) state.evaluation = null;
    // A rate over a pause would be none.
    state.recent = [];
  }

  readonly #rules: { readonly [T in RunFact['type']]?: (fact: RunFactOf<T>, at: number) => void } = {
    runStarted: ({ rounds }) => (this.#state.target = rounds),
    // Every connection is gone: those who are still there say hello again.
    runResumed: () => {
      this.#joined.clear();
      Object.assign(this.#state, { restarts: this.#state.restarts + 1, recent: [], outcome: null });
    },
    roundAssigned: () => (this.#state.underWay = true),
    roundAbandoned: () => (this.#state.underWay = false),
    memberJoined: ({ peerId }) => this.#joined.add(peerId),
    memberGone: ({ peerId }) => this.#joined.delete(peerId),
    roundCommitted: (fact, at) => this.#committed(fact, at),
    evaluated: ({ round, loss, accuracy }) => (this.#state.evaluation = { round, loss, accuracy }),
    checkpointed: ({ round }) => {
      const mark = this.#state.marks.find((known) => known.round === round);
      if (mark !== undefined) this.#state.checkpoints = [...this.#state.checkpoints, mark].slice(-MAX_CHECKPOINTS);
    },
    payForfeited: ({ microBatches }) => (this.#state.due -= microBatches),
    rolledBack: (fact) => this.#rolledBack(fact),
    runFinished: ({ outcome, code, reason }) => (this.#state.outcome = { outcome, code, reason }),
  };
}

const phaseOrder = Object.keys(phaseWords) as (keyof typeof phaseWords)[];

/** The phase that a decision's reason speaks of last. */
function phaseSaid(reason: string): RunPhase | undefined {
  const said = reason.split('; ').map((part) => phaseOrder.find((phase) => part.startsWith(phaseWords[phase])));
  return said.findLast((phase) => phase !== undefined);
}
