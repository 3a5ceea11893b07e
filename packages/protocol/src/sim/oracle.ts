/**
 * What must be true of a run, checked from outside after every decision of the coordinator. The oracle keeps its own
 * books from the facts alone and computes every state again.
 */
import type { Hash, MicroBatch, PeerId, Round, View } from '../core/ids.ts';
import type { RunFact, RunFactOf, RunFactType } from '../journal/facts.ts';
import type { CoordinatorState } from '../machines/coordinator/state.ts';
import { invariant } from './errors.ts';
import { gradientOf, initialState, stateHashOf, stepOf, sumOf, type Vector } from './numbers.ts';

/** A contribution as it was made. */
export interface Made {
  readonly peerId: PeerId;
  readonly round: Round;
  readonly values: Vector;
}

export class Oracle {
  readonly #liars: ReadonlySet<PeerId>;
  /** Contributions by (maker, root, round). */
  readonly #made = new Map<string, Made>();
  readonly #seals = new Map<View, Hash>();
  readonly #sealedRounds = new Set<Round>();
  readonly #trained = new Map<MicroBatch, Round>();
  readonly #states: Vector[];
  committedRounds = 0;

  constructor(buckets: number, liars: ReadonlySet<PeerId>) {
    this.#states = [initialState(buckets)];
    this.#liars = liars;
  }

  /** The state at a round of the present line. */
  stateAt(round: number): Vector | undefined {
    return this.#states[round];
  }

  noteMade(root: Hash, made: Made): void {
    this.#made.set(`${made.peerId}/${root}`, made);
  }

  /** Checks one fact; `state` is the coordinator's after the decision. */
  note(fact: RunFact, state: CoordinatorState): void {
    (this.#rules[fact.type] as ((fact: RunFact, state: CoordinatorState) => void) | undefined)?.(fact, state);
  }

  readonly #rules: { readonly [T in RunFactType]?: (fact: RunFactOf<T>, state: CoordinatorState) => void } = {
    roundSealed: (fact) => this.#sealed(fact),
    roundAbandoned: ({ round }) => void this.#sealedRounds.delete(round),
    roundCommitted: (fact) => this.#committed(fact),
    rolledBack: (fact) => this.#rolledBack(fact),
    memberGone: ({ how, peerId, code, reason }) =>
      invariant(
        this.#liars.has(peerId) || (how !== 'expelled' && code !== 'FAULT_FORGED'),
        'the honest are never expelled, nor cut off for a forgery',
        () => `${peerId}: ${reason}`,
      ),
    auditClosed: ({ outcome, target, reason }) =>
      invariant(
        outcome !== 'failed' || this.#liars.has(target),
        'the honest are never accused',
        () => `${target}: ${reason}`,
      ),
    memberFlagged: ({ peerId, reason }) =>
      invariant(false, 'replicas hold the same bits', () => `${peerId}: ${reason}`),
  };

  #sealed({ view, digest, round }: RunFactOf<'roundSealed'>): void {
    const before = this.#seals.get(view);
    invariant(before === undefined || before === digest, 'a view is sealed once', () => `view ${view}`);
    invariant(!this.#sealedRounds.has(round), 'a round is sealed once, unless it was given up', () => `round ${round}`);
    this.#seals.set(view, digest);
    this.#sealedRounds.add(round);
  }

  #committed({ round, shares, stateHash, view, digest }: RunFactOf<'roundCommitted'>): void {
    invariant(this.#seals.get(view) === digest, 'what is committed was sealed', () => `round ${round}`);
    const state = this.#states[round];
    invariant(
      state !== undefined && this.#states.length === round + 1,
      'rounds are committed in order',
      () => `round ${round}`,
    );
    const contributions = shares.map(({ peerId, root, microBatches }) =>
      this.#checked(state, peerId, root, microBatches),
    );
    for (const { microBatches } of shares) for (const number of microBatches) this.#train(number, round);
    const next = stepOf(
      state,
      state.map((_, bucket) => sumOf(contributions.map((values) => values[bucket]!))),
    );
    invariant(
      stateHash === stateHashOf(round + 1, next),
      'the committed state is the sum of the sealed contributions',
      () => `round ${round}`,
    );
    this.#states.push(next);
    this.committedRounds += 1;
  }

  /** Honest contributions are the gradients at the round's state, not at an older one. */
  #checked(state: Vector, peerId: PeerId, root: Hash, microBatches: readonly MicroBatch[]): Vector {
    const made = this.#made.get(`${peerId}/${root}`);
    invariant(made !== undefined, 'what is sealed was made', () => `${peerId} ${root}`);
    const honest = gradientOf(state, microBatches);
    invariant(
      this.#liars.has(peerId) || made.values.every((value, i) => value === honest[i]),
      'contributions are of the round’s state',
      () => `${peerId} in round ${made.round}`,
    );
    return made.values;
  }

  #train(number: MicroBatch, round: Round): void {
    invariant(
      !this.#trained.has(number),
      'a micro-batch is trained once',
      () => `${number} in rounds ${this.#trained.get(number)} and ${round}`,
    );
    this.#trained.set(number, round);
  }

  #rolledBack({ to, returned }: RunFactOf<'rolledBack'>): void {
    for (const number of returned) {
      invariant(this.#trained.delete(number), 'only trained micro-batches return in a rollback', () => String(number));
    }
    for (const [number, round] of this.#trained)
      invariant(round < to, 'a rollback returns all that was trained since', () => String(number));
    for (const round of this.#sealedRounds) if (round >= to) this.#sealedRounds.delete(round);
    this.#states.length = to + 1;
  }

  /** Every micro-batch handed out is trained, under way, or queued; none is two of these. */
  checkLedger({ ledger, phase }: CoordinatorState): void {
    const underWay =
      phase.name === 'training' || phase.name === 'applying'
        ? phase.round.contributors.flatMap(({ microBatches }) => microBatches)
        : [];
    const open = [...underWay, ...ledger.returned];
    const total = this.#trained.size + open.length;
    const twice = new Set(open).size !== open.length || open.some((number) => this.#trained.has(number));
    invariant(
      !twice && total === ledger.next,
      'each micro-batch is trained once or queued',
      () =>
        `${ledger.next} handed out, ${this.#trained.size} trained, ${underWay.length} under way, ${ledger.returned.length} queued`,
    );
  }
}
