/**
 * The journal of a run of any length, written straight from its facts: what a coordinator would have noted of a crowd that
 * comes and goes, of rounds, audits, evaluations, checkpoints and epochs. No machine decided it, so it can't be replayed;
 * its chain of hashes is whole. The journals that machines make, in `@murmuration/protocol/sim`, are short.
 */
import { canonicalJson, JOURNAL_START, microBatch, round as roundOf, timestamp, view } from '@murmuration/protocol';
import type { CoordinatorEvent, JournalEntry, PeerId, RunFact, RunFactOf, WorkerMessage } from '@murmuration/protocol';
import { randomOf, simulant, type Simulant } from './crowd.ts';
import { digestOf, hashNo, Books } from './simulated-books.ts';
import { configOf, MICRO_BATCH, type SimulatedRun } from './simulated-job.ts';

const START = 1_790_000_000_000;
const ROUND_MS = 400;
/** Chance that a member leaves for a while in a round. */
const LOSS_RATE = 0.01;

/** The entries, one after the other. */
export function* simulatedJournal(run: SimulatedRun): Generator<JournalEntry> {
  let last: Pick<JournalEntry, 'sequence' | 'hash'> = { sequence: -1, hash: JOURNAL_START };
  const decision = digestOf('not decided');
  for (const { event, facts, reason } of new Story(run).tell()) {
    const entry = { sequence: last.sequence + 1, previous: last.hash, event, facts, decision, reason };
    last = { sequence: entry.sequence, hash: digestOf(canonicalJson(entry)) };
    yield { ...entry, hash: last.hash };
  }
}

type Told = Pick<JournalEntry, 'event' | 'facts' | 'reason'>;

class Story {
  readonly #run: SimulatedRun;
  readonly #random: () => number;
  readonly #crowd: readonly Simulant[];
  readonly #books: Books;
  readonly #gone = new Set<PeerId>();
  #at = START;

  constructor(run: SimulatedRun) {
    this.#run = run;
    this.#random = randomOf(run.seed);
    this.#crowd = Array.from({ length: run.members }, () => simulant(this.#random));
    this.#books = new Books(this.#random, this.#crowd);
  }

  *tell(): Generator<Told> {
    const { rounds, members } = this.#run;
    const started = {
      type: 'started',
      at: timestamp(this.#at),
      config: configOf(this.#run),
      auditSecret: hashNo('secret', 0),
    } as const;
    yield {
      event: started,
      facts: [{ type: 'runStarted', rounds, minMembers: 1, anchor: hashNo('anchor', 0) }],
      reason: 'waiting for 1 members',
    };
    for (const one of this.#crowd) {
      yield this.#said(one.peerId, one.hello, [one.joined], `${one.peerId} joins`);
      const { peerId, speed } = one;
      const ready = {
        type: 'ready',
        round: roundOf(0),
        stateHash: hashNo('state', 0),
        samplesPerSecond: speed,
      } as const;
      yield this.#said(
        peerId,
        ready,
        [{ type: 'memberReady', peerId, round: roundOf(0), samplesPerSecond: speed }],
        `${peerId} is ready`,
      );
    }
    let assigned = this.#assign(0);
    yield this.#said(
      this.#crowd[0]!.peerId,
      heartbeat(0),
      [assigned],
      `round 0 begins with ${assigned.contributors.length} contributors of ${members} members`,
    );
    for (let round = 0; round < rounds; round++) {
      yield* this.#train(assigned);
      const next = round + 1 < rounds ? this.#assign(round + 1) : null;
      yield* this.#commit(assigned, next);
      if (next !== null) assigned = next;
    }
    yield this.#happens({
      type: 'runFinished',
      outcome: 'finished',
      code: 'DONE',
      reason: `all ${rounds} rounds are committed`,
      rounds,
      stateHash: hashNo('state', rounds),
    });
  }

  #assign(round: number): RunFactOf<'roundAssigned'> {
    const { contributors } = this.#run;
    const here = this.#crowd.filter(({ peerId }) => !this.#gone.has(peerId));
    const first = (round * contributors) % here.length;
    const chosen = [
      ...here.slice(first, first + contributors),
      ...here.slice(0, Math.max(0, first + contributors - here.length)),
    ];
    return {
      type: 'roundAssigned',
      round: roundOf(round),
      view: view(round + 1),
      contributors: chosen
        .slice(0, contributors)
        .map(({ peerId }, i) => ({ peerId, microBatches: [microBatch(round * contributors + i)] })),
      queued: 0,
    };
  }

  *#train({ round, view: assignment, contributors }: RunFactOf<'roundAssigned'>): Generator<Told> {
    const talks = round >= this.#run.rounds - this.#run.talkative;
    if (talks)
      for (const { peerId, microBatches } of contributors) {
        this.#at += Math.floor(this.#random() * 20);
        const message: WorkerMessage = {
          type: 'commit',
          round,
          assignment,
          root: hashNo(peerId, round),
          microBatches: [...microBatches],
          samples: MICRO_BATCH,
          lossSum: 1,
          computeMs: 20,
          signature: '0x' as never,
        };
        yield this.#said(peerId, message, [], `${peerId} committed to round ${round}`);
      }
    this.#at += talks ? 20 : ROUND_MS;
    const digest = hashNo('digest', round);
    for (const [i, { peerId }] of contributors.entries()) {
      const isLast = i === contributors.length - 1;
      if (!talks && !isLast) continue;
      const sealed: RunFact[] = isLast
        ? [{ type: 'roundSealed', round, view: assignment, digest, samples: contributors.length * MICRO_BATCH }]
        : [];
      yield this.#said(
        peerId,
        { type: 'gathered', round, view: assignment, digest },
        sealed,
        `${peerId} gathered round ${round}`,
      );
    }
  }

  *#commit(assigned: RunFactOf<'roundAssigned'>, next: RunFactOf<'roundAssigned'> | null): Generator<Told> {
    const { round, view: inView, contributors } = assigned;
    const committed = round + 1;
    const stateHash = hashNo('state', committed);
    const trainLoss = 0.05 + 2.3 * Math.exp((-6 * Number(round)) / this.#run.rounds) + 0.05 * this.#random();
    const shares = contributors.map(({ peerId, microBatches }) => ({
      peerId,
      microBatches,
      samples: MICRO_BATCH,
      lossSum: trainLoss * MICRO_BATCH,
      computeMs: 10 + 20 * this.#random(),
      root: hashNo(peerId, round),
    }));
    this.#at += 10;
    const facts: RunFact[] = [
      {
        type: 'roundCommitted',
        round,
        view: inView,
        stateHash,
        gradientNorm: 1 / (1 + round / 1000),
        members: this.#crowd.length - this.#gone.size,
        digest: hashNo('digest', round),
        trainLoss,
        samples: shares.length * MICRO_BATCH,
        milliseconds: ROUND_MS,
        shares,
      },
      ...this.#books.after(assigned),
      ...(next === null ? [] : [next]),
    ];
    const { peerId } = contributors[0]!;
    yield this.#said(
      peerId,
      { type: 'applied', round, view: inView, stateHash, gradientNorm: 1 },
      facts,
      `${peerId} applied round ${round}; round ${round} is committed by ${contributors.length} members`,
    );
    yield* this.#comeAndGo(assigned);
  }

  /** Now and then somebody is lost, and the one that was lost before comes back. */
  *#comeAndGo({ round }: RunFactOf<'roundAssigned'>): Generator<Told> {
    if (this.#random() >= LOSS_RATE || this.#crowd.length < 2 * this.#run.contributors) return;
    for (const one of this.#crowd.filter(({ peerId }) => this.#gone.has(peerId))) {
      this.#gone.delete(one.peerId);
      yield this.#said(one.peerId, one.hello, [{ ...one.joined, returning: true }], `${one.peerId} returns`);
      yield this.#happens({ type: 'memberReady', peerId: one.peerId, round, samplesPerSecond: one.speed });
    }
    const { peerId } = this.#crowd[Math.floor(this.#random() * this.#crowd.length)]!;
    this.#gone.add(peerId);
    yield this.#happens({
      type: 'memberGone',
      peerId,
      how: 'lost',
      round,
      phase: 'training',
      code: 'SILENT',
      reason: 'it was silent for 10000 ms',
    });
  }

  #said(from: PeerId, message: WorkerMessage, facts: readonly RunFact[], reason: string): Told {
    return { event: { type: 'message', at: timestamp(this.#at++), from, message }, facts, reason };
  }

  #happens(fact: RunFact): Told {
    const event: CoordinatorEvent = { type: 'timer', at: timestamp(this.#at++), name: 'round' };
    return { event, facts: [fact], reason: 'told' };
  }
}

const heartbeat = (round: number): WorkerMessage => ({ type: 'heartbeat', round: roundOf(round), phase: 'computing' });
