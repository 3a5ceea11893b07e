/** The few figures that a person watches, kept up entry by entry in constant time. */
import type { CommittedFact } from './facts.ts';
import type { RunFact } from '@murmuration/protocol';

export interface LiveFigures {
  /** Rounds committed, and asked for. */
  readonly round: number;
  readonly target: number;
  readonly trainLoss: number | null;
  readonly evaluation: { readonly round: number; readonly loss: number; readonly accuracy: number } | null;
  readonly members: number;
  /** Over the last rounds; null before there are any. */
  readonly samplesPerSecond: number | null;
  readonly secondsLeft: number | null;
  /** What the work so far is worth, in smallest units. */
  readonly spentWei: bigint;
}

/** Rounds that a rate is taken over. */
const WINDOW = 20;

export class LiveFold {
  readonly #priceWei: bigint;
  #figures: LiveFigures = {
    round: 0,
    target: 0,
    trainLoss: null,
    evaluation: null,
    members: 0,
    samplesPerSecond: null,
    secondsLeft: null,
    spentWei: 0n,
  };
  #recent: { readonly at: number; readonly samples: number }[] = [];
  readonly #joined = new Set<string>();

  /** @param priceWei of a micro-batch; 0 where nothing is paid */
  constructor(priceWei: bigint) {
    this.#priceWei = priceWei;
  }

  get figures(): LiveFigures {
    return this.#figures;
  }

  /** @param at when it happened, milliseconds */
  add(fact: RunFact, at: number): void {
    if (fact.type === 'runStarted') this.#set({ target: fact.rounds });
    if (fact.type === 'memberJoined') this.#joined.add(fact.peerId);
    if (fact.type === 'memberGone') this.#joined.delete(fact.peerId);
    if (fact.type === 'roundCommitted') this.#committed(fact, at);
    if (fact.type === 'evaluated')
      this.#set({ evaluation: { round: fact.round, loss: fact.loss, accuracy: fact.accuracy } });
    if (fact.type === 'payForfeited') this.#spend(-fact.microBatches);
    // A rate over a pause would be none.
    if (fact.type === 'rolledBack' || fact.type === 'runResumed') this.#recent = [];
    if (fact.type === 'rolledBack') this.#set({ round: fact.to });
    this.#set({ members: this.#joined.size });
  }

  #committed({ round, trainLoss, samples, shares }: CommittedFact, at: number): void {
    this.#recent = [...this.#recent, { at, samples }].slice(-WINDOW - 1);
    const [first] = this.#recent;
    const elapsed = first === undefined ? 0 : (at - first.at) / 1000;
    const counted = this.#recent.slice(1);
    const rate = elapsed > 0 ? counted.reduce((sum, entry) => sum + entry.samples, 0) / elapsed : null;
    const left = elapsed > 0 ? ((this.#figures.target - round - 1) * elapsed) / counted.length : null;
    this.#set({ round: round + 1, trainLoss, samplesPerSecond: rate, secondsLeft: left });
    this.#spend(shares.reduce((sum, share) => sum + share.microBatches.length, 0));
  }

  #spend(microBatches: number): void {
    this.#set({ spentWei: this.#figures.spentWei + this.#priceWei * BigInt(microBatches) });
  }

  #set(changed: Partial<LiveFigures>): void {
    this.#figures = { ...this.#figures, ...changed };
  }
}
