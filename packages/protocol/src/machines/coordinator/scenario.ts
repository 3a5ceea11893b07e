/** A coordinator machine in a test's hands: workers are single letters, every step is one line. */
import { address, hash, microBatch, peerId, round, runId, type Hash, type PeerId } from '../../core/ids.ts';
import { milliseconds, timestamp } from '../../core/units.ts';
import { isJournalled, nextJournalEntry } from '../../journal/chain.ts';
import type { JournalEntry } from '../../journal/events.ts';
import type { RunFact, RunFactOf, RunFactType } from '../../journal/facts.ts';
import { tensorTreeOfHashes } from '../../merkle/tensor-tree.ts';
import type { CoordinatorMessageOf, CoordinatorMessage, WorkerMessage, WorkerMessageOf } from '../../wire/control.ts';
import { PROTOCOL_VERSION } from '../../wire/names.ts';
import type { CoordinatorConfig } from './config.ts';
import type { CoordinatorEffect, CoordinatorEffectOf, CoordinatorEffectType, TimerName } from './effects.ts';
import type { CoordinatorEvent } from './events.ts';
import { ownedBy } from '../member/state.ts';
import type { CoordinatorState, RoundState } from './state.ts';
import { coordinatorTransition } from './transition.ts';

export const scenarioConfig: CoordinatorConfig = {
  runId: runId('test-00000001'),
  rounds: 10,
  microBatchesPerRound: 6,
  microBatchSize: 2,
  buckets: 4,
  startMembers: 3,
  minMembers: 1,
  maxMembers: 5,
  assignment: 'fixed',
  failureTimeout: milliseconds(1_000),
  gatherTimeout: milliseconds(30_000),
  evaluation: null,
  checkpointEvery: 0,
  audit: { rate: 0, floor: 0, window: 4, accept: 5e-5, escalate: 2e-4 },
  payment: null,
  self: { peerId: peerId(`16Uiu2HAm${'C'.repeat(44)}`), addresses: ['/memory/c'] },
  job: {},
};

/** The peer id of a worker that a test calls by a letter. */
export const idOf = (name: string): PeerId => peerId(`16Uiu2HAm${name.repeat(44)}`);
/** A hash that a test calls by a number. */
export const hashNo = (number: number): Hash => hash(`0x${number.toString(16).padStart(64, '0')}`);

type Happening = CoordinatorEvent extends infer E ? (E extends CoordinatorEvent ? Omit<E, 'at'> : never) : never;

export class Scenario {
  readonly journal: JournalEntry[] = [];
  /** All effects so far. */
  readonly effects: CoordinatorEffect[] = [];
  reason = '';
  #state: CoordinatorState | null = null;
  #now = 0;

  constructor(config: Partial<CoordinatorConfig> = {}) {
    this.tell({ type: 'started', config: { ...scenarioConfig, ...config }, auditSecret: hashNo(99) });
  }

  get state(): CoordinatorState {
    return this.#state!;
  }

  /** The round under way. */
  get round(): RoundState {
    const { phase } = this.state;
    if (phase.name !== 'training' && phase.name !== 'applying')
      throw new Error(`no round is under way but ${phase.name}`);
    return phase.round;
  }

  /** Feeds an event; returns the effects that it had. */
  tell(happening: Happening): readonly CoordinatorEffect[] {
    const event = { ...happening, at: timestamp((this.#now += 10)) } as CoordinatorEvent;
    const before = this.#state;
    const decision = coordinatorTransition(before, event);
    if (isJournalled(before, decision))
      this.journal.push(nextJournalEntry(this.journal.at(-1) ?? null, event, decision));
    this.#state = decision.state;
    this.reason = decision.reason;
    this.effects.push(...decision.effects);
    return decision.effects;
  }

  /** Time passes. */
  wait(milliseconds: number): void {
    this.#now += milliseconds;
  }

  say(name: string, message: WorkerMessage): readonly CoordinatorEffect[] {
    return this.tell({ type: 'message', from: idOf(name), message });
  }

  fire(name: TimerName): readonly CoordinatorEffect[] {
    return this.tell({ type: 'timer', name });
  }

  lose(...names: string[]): void {
    for (const name of names) this.tell({ type: 'disconnected', peerId: idOf(name), reason: 'gone' });
  }

  hello(name: string, fields: Partial<WorkerMessageOf<'hello'>> = {}): readonly CoordinatorEffect[] {
    const account = address(`0x${name.charCodeAt(0).toString(16).padStart(40, '0')}`);
    return this.say(name, {
      type: 'hello',
      protocolVersion: PROTOCOL_VERSION,
      agent: 'test',
      address: account,
      payout: account,
      possession: '0x' as never,
      token: null,
      backend: 'onnx',
      adapter: { name: 'cpu', kind: 'cpu', class: 'tolerance' },
      addresses: [`/memory/${name}`],
      holds: null,
      ...fields,
    });
  }

  ready(name: string, at = this.state.committed as number, stateHash = hashNo(at)): readonly CoordinatorEffect[] {
    return this.say(name, { type: 'ready', round: round(at), stateHash, samplesPerSecond: 100 });
  }

  /** Workers come and hold the state. */
  join(...names: string[]): this {
    for (const name of names) this.hello(name);
    for (const name of names) this.ready(name);
    return this;
  }

  commit(name: string, fields: Partial<WorkerMessageOf<'commit'>> = {}): readonly CoordinatorEffect[] {
    const { assignment, microBatches: work } = this.round.contributors.find(({ peerId: id }) => id === idOf(name)) ?? {
      assignment: this.round.assignment,
      microBatches: [],
    };
    return this.say(name, {
      type: 'commit',
      round: this.round.round,
      assignment,
      root: rootOf(name),
      microBatches: [...work],
      samples: work.length * this.state.config.microBatchSize,
      lossSum: work.length,
      computeMs: 10,
      signature: '0x' as never,
      ...fields,
    });
  }

  reduced(name: string, fields: Partial<WorkerMessageOf<'reduced'>> = {}): readonly CoordinatorEffect[] {
    const { owners, contributors, view } = this.round;
    return this.say(name, {
      type: 'reduced',
      round: this.round.round,
      view,
      buckets: ownedBy(owners, idOf(name)).map((bucket) => ({ bucket, hash: bucketHash(view, bucket) })),
      commitments: contributors.map(({ peerId, microBatches }) => ({
        root: rootOf(peerId.at(-1)),
        samples: microBatches.length * this.state.config.microBatchSize,
        signature: '0x' as never,
      })),
      ...fields,
    });
  }

  gathered(
    name: string,
    digest = tensorTreeOfHashes(this.round.owners.map((_, bucket) => bucketHash(this.round.view, bucket))).root,
  ): readonly CoordinatorEffect[] {
    return this.say(name, { type: 'gathered', round: this.round.round, view: this.round.view, digest });
  }

  applied(name: string, stateHash = hashNo(this.round.round + 1)): readonly CoordinatorEffect[] {
    return this.say(name, {
      type: 'applied',
      round: this.round.round,
      view: this.round.view,
      stateHash,
      gradientNorm: 1,
    });
  }

  /** Brings the round under way to its seal by those named. */
  seal(...names: string[]): this {
    for (const name of names)
      if (this.round.contributors.some(({ peerId: id }) => id === idOf(name))) this.commit(name);
    for (const name of names) if (ownedBy(this.round.owners, idOf(name)).length > 0) this.reduced(name);
    for (const name of names) this.gathered(name);
    return this;
  }

  /** A whole round by those named. */
  play(...names: string[]): this {
    this.seal(...names);
    for (const name of names) this.applied(name);
    return this;
  }

  /** What was sent to a worker, in order. */
  heard<T extends CoordinatorMessage['type']>(name: string, type: T): CoordinatorMessageOf<T>[] {
    return this.effects.flatMap((effect) =>
      effect.type === 'send' && effect.to.includes(idOf(name)) && effect.message.type === type
        ? [effect.message as CoordinatorMessageOf<T>]
        : [],
    );
  }

  done<T extends CoordinatorEffectType>(type: T): CoordinatorEffectOf<T>[] {
    return this.effects.filter((effect): effect is CoordinatorEffectOf<T> & CoordinatorEffect => effect.type === type);
  }

  facts<T extends RunFactType>(type: T): RunFactOf<T>[] {
    const facts: RunFact[] = this.done('journal').map(({ fact }) => fact);
    return facts.filter((fact): fact is RunFact & RunFactOf<T> => fact.type === type);
  }
}

/** What a worker commits to. */
export const rootOf = (name: string): Hash => hashNo(1_000 + name.charCodeAt(0));
const bucketHash = (view: number, bucket: number): Hash => hashNo(1_000_000 + view * 1_000 + bucket);
export const numbers = (...values: number[]) => values.map(microBatch);
