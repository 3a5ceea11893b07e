/** A simulated worker: the real member machine with a shell whose tensors are integers and whose time is virtual. */
import { hex, type PeerId } from '../core/ids.ts';
import { timestamp } from '../core/units.ts';
import type { MemberConfig } from '../machines/member/config.ts';
import type { MemberEffect, MemberEffectOf, MemberEffectType, MemberTimerName } from '../machines/member/effects.ts';
import type { MemberEvent, MemberEventOf } from '../machines/member/events.ts';
import type { MemberState } from '../machines/member/state.ts';
import { initialMember, memberTransition } from '../machines/member/transition.ts';
import type { WorkerMessage } from '../wire/control.ts';
import { invariant } from './errors.ts';
import { accusation, altered, deceivedBy, misreport, secondCommitment, slander, type Lie } from './lies.ts';
import type { ControlConnection } from './network.ts';
import {
  gradientOf,
  initialState,
  rootOf,
  signatureOf,
  stateHashOf,
  stepOf,
  sumOf,
  valueHash,
  type Vector,
} from './numbers.ts';
import { SimTimers } from './scheduler.ts';
import { Tensors } from './tensors.ts';
import type { World } from './world.ts';

export type MemberHappening = MemberEvent extends infer E ? (E extends MemberEvent ? Omit<E, 'at'> : never) : never;
type Performers = { readonly [T in MemberEffectType]?: (effect: MemberEffectOf<T>) => void };

export interface WorkerTraits {
  /** Virtual milliseconds a micro-batch. */
  readonly pace: number;
  /** What it lies about; null when it is honest. */
  readonly lie: Lie | null;
}

/** More tensors than a healthy member ever holds at once: something is never released. */
const MAX_TENSORS = 400;

export class SimWorker {
  readonly peerId: PeerId;
  readonly traits: WorkerTraits;
  readonly tensors = new Tensors();
  readonly #world: World;
  readonly #timers: SimTimers<MemberTimerName>;
  #state: MemberState;
  #connection: ControlConnection | null = null;
  #alive = true;
  /** Device work runs one piece after the other. */
  #deviceFree = 0;

  constructor(world: World, config: MemberConfig, traits: WorkerTraits) {
    this.#world = world;
    this.peerId = config.peerId;
    this.traits = traits;
    this.#state = initialMember(config);
    this.#timers = new SimTimers(world.scheduler, (name) => this.tell({ type: 'timer', name }));
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  get state(): MemberState {
    return this.#state;
  }

  connect(): void {
    this.#connection = this.#world.connect(this);
    if (this.#connection === null) this.#later(1, { type: 'disconnected', reason: 'refused' });
    else this.tell({ type: 'connected' });
  }

  /** The stream is gone; `notice` is when this side finds out. */
  cut(): void {
    if (this.#connection === null) return;
    this.#connection = null;
    this.#later(1, { type: 'disconnected', reason: 'the connection was cut' });
  }

  /** SIGKILL: nothing of it goes on. */
  die(): void {
    this.#alive = false;
    this.#connection = null;
    this.#timers.clear();
  }

  tell(happening: MemberHappening): void {
    if (!this.#alive) return;
    const { state, effects } = memberTransition(this.#state, {
      ...happening,
      at: timestamp(this.#world.scheduler.now),
    });
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    invariant(
      this.tensors.count < MAX_TENSORS,
      'members forget what is no longer needed',
      () => `${this.tensors.count} tensors`,
    );
  }

  #perform(effect: MemberEffect): void {
    if (!this.#alive) return;
    (this.#performers[effect.type] as ((effect: MemberEffect) => void) | undefined)?.(effect);
    this.#world.performed(this, effect);
  }

  /** What it says instead; null for nothing. */
  #said(message: WorkerMessage): WorkerMessage | null {
    const { collective } = this.#state;
    const { lie } = this.traits;
    if (lie === 'slander' && message.type === 'reduced') return slander(this.peerId, message, collective);
    if (lie === 'misreport' && message.type === 'reduced') return misreport(message);
    if (lie === 'accusation' && message.type === 'reduced') return accusation(message, this.peerId, collective);
    return lie === 'dawdling' && message.type === 'applied' ? null : message;
  }

  #later(delay: number, happening: MemberHappening): void {
    this.#world.scheduler.after(delay, () => this.tell(happening));
  }

  /** Runs on the device when it is free; `work` decides at that moment what came of it. */
  #onDevice(duration: number, work: () => MemberHappening | null): void {
    const { scheduler } = this.#world;
    this.#deviceFree = Math.max(this.#deviceFree, scheduler.now) + duration;
    scheduler.after(this.#deviceFree - scheduler.now, () => {
      const happening = this.#alive ? work() : null;
      if (happening !== null) this.tell(happening);
    });
  }

  readonly #performers: Performers = {
    send: ({ message }) => {
      const connection = this.#connection;
      const said = this.#said(message);
      if (said === null) return;
      connection?.up.deliver(() => this.#world.coordinator.receive(this, connection, said));
    },
    connect: () => this.connect(),
    setTimer: ({ name, delay }) => this.#timers.set(name, delay),
    cancelTimer: ({ name }) => this.#timers.cancel(name),
    prepare: () =>
      this.#later(20, { type: 'prepared', buckets: this.#world.buckets, samplesPerSecond: 1000 / this.traits.pace }),
    initialise: () => {
      const values = initialState(this.#world.buckets);
      this.#later(5, this.#come({ round: 0, values }));
    },
    fetchState: (effect) => this.#onDevice(15, () => this.#fetchState(effect)),
    compute: (effect) => this.#compute(effect),
    pushContribution: (effect) => this.#push(effect),
    reduce: (effect) => this.#reduce(effect),
    pushReduced: ({ round, view, bucket, hash, to }) => {
      const value = this.tensors.reduced(view, bucket, hash);
      invariant(value !== undefined, 'what is pushed is held', () => `reduced bucket ${bucket} of view ${view}`);
      for (const { peerId } of to) {
        this.#world.frame(this, peerId, (receiver) => {
          receiver.tensors.putReduced(view, bucket, hash, value);
          receiver.tell({ type: 'reducedReceived', from: this.peerId, round, view, bucket, hash });
        });
      }
    },
    fetchReduced: (effect) => this.#onDevice(8, () => this.#fetchReduced(effect)),
    retain: ({ kind, round }) => {
      const { present } = this.tensors;
      invariant(present?.round === round, 'what is retained is present', () => `${kind} at round ${round}`);
      this.tensors[kind === 'parameters' ? 'parameters' : 'states'].set(round, present.values);
    },
    release: ({ type: _type, ...release }) => this.tensors.release(release),
    discard: (effect) => this.tensors.discard(effect),
    apply: (effect) => this.#onDevice(3, () => this.#apply(effect)),
    evaluate: ({ evaluation, part, start, end }) =>
      this.#onDevice(10, () => ({
        type: 'evaluated',
        evaluation,
        part,
        lossSum: end - start,
        correct: end - start,
        predictions: end - start,
      })),
    audit: (effect) => this.#onDevice(effect.microBatches.length * this.traits.pace, () => this.#audit(effect)),
    attest: ({ epoch, root }) => this.#later(1, { type: 'attested', epoch, root, signature: hex('0x01'), reason: '' }),
    exit: () => this.#world.exited(this),
  };

  #come(present: { round: number; values: Vector }): MemberHappening {
    this.tensors.present = present;
    return { type: 'stateHeld', round: present.round as never, stateHash: stateHashOf(present.round, present.values) };
  }

  #fetchState({ round, stateHash, sources }: MemberEffectOf<'fetchState'>): MemberHappening {
    for (const { peerId } of sources) {
      const values = this.#world.stateOf(peerId, round);
      if (values !== undefined && stateHashOf(round, values) === stateHash) return this.#come({ round, values });
    }
    return { type: 'failed', effect: 'fetchState', reason: 'no source has it' };
  }

  #compute({ round, assignment, microBatches }: MemberEffectOf<'compute'>): void {
    const { present } = this.tensors;
    invariant(present?.round === round, 'members compute on the round’s state', () => `round ${round}`);
    if (this.traits.lie === 'hanging') return;
    const { values: state } = present;
    this.#onDevice(microBatches.length * this.traits.pace, () => {
      const honest = gradientOf(state, microBatches);
      const values = this.traits.lie === 'contribution' ? altered(honest) : honest;
      const root = rootOf(round, values);
      this.tensors.own.set(root, { round, assignment, root, values });
      this.#world.oracle.noteMade(root, { peerId: this.peerId, round, values });
      const { runId, microBatchSize } = this.#world;
      const samples = microBatches.length * microBatchSize;
      return {
        type: 'computed',
        round,
        assignment,
        root,
        microBatches,
        samples,
        lossSum: samples,
        computeMs: microBatches.length * this.traits.pace,
        signature: signatureOf(this.peerId, { runId, round, assignment, root, microBatches, samples }),
      };
    });
  }

  #push({ assignment, to, buckets }: MemberEffectOf<'pushContribution'>): void {
    const own = this.tensors.ownUnder(assignment);
    const signed = this.#state.collective?.own;
    invariant(
      own !== undefined && signed !== undefined && signed !== null,
      'what is pushed is held',
      () => `own contribution under ${assignment}`,
    );
    const lies = this.traits.lie === 'equivocation' && to.peerId === deceivedBy(this.peerId, this.#state.collective);
    const honest = { values: own.values, commitment: signed };
    const { values, commitment } = lies ? secondCommitment(this.peerId, this.#world.runId, honest) : honest;
    for (const bucket of buckets) {
      const value = values[bucket]!;
      this.#world.frame(this, to.peerId, (receiver) => {
        if (this.traits.lie === 'forgery') return this.#refusedBy(receiver, bucket);
        receiver.tensors.receive(assignment, this.peerId, bucket, value);
        receiver.tell({ type: 'contributionReceived', ...commitment, from: this.peerId, bucket });
      });
    }
  }

  /** The receiver's shell finds that the bucket does not belong to what was committed to. */
  #refusedBy(receiver: SimWorker, bucket: number): void {
    const { held } = receiver.state;
    if (held === null) return;
    const reason = `bucket ${bucket} is not in the contribution that it says`;
    receiver.tell({ type: 'faultSeen', peerId: this.peerId, round: held.round, code: 'forged', reason });
  }

  #reduce({ round, view, bucket, terms }: MemberEffectOf<'reduce'>): void {
    const values = terms.map(({ peerId, assignment }) => {
      const value =
        peerId === this.peerId
          ? this.tensors.ownUnder(assignment)?.values[bucket]
          : this.tensors.received(assignment, peerId, bucket);
      invariant(
        value !== undefined,
        'what is reduced is held',
        () => `bucket ${bucket} of ${peerId} under ${assignment}`,
      );
      return value;
    });
    this.#onDevice(1, () => {
      const value = sumOf(values);
      this.tensors.putReduced(view, bucket, valueHash(value), value);
      return { type: 'reduced', round, view, bucket, hash: valueHash(value) };
    });
  }

  #fetchReduced({ round, view, buckets, holders }: MemberEffectOf<'fetchReduced'>): MemberHappening {
    for (const { bucket, hash } of buckets) {
      const value = holders
        .map(({ peerId }) => this.#world.sealedOf(peerId, round, bucket, hash))
        .find((found) => found !== undefined);
      if (value === undefined)
        return { type: 'failed', effect: 'fetchReduced', reason: `nobody has bucket ${bucket} of round ${round}` };
      this.tensors.putReduced(view, bucket, hash, value);
    }
    return { type: 'reducedFetched', round, view, buckets: buckets.map(({ bucket }) => bucket) };
  }

  #apply({ round, view, hashes }: MemberEffectOf<'apply'>): MemberHappening | null {
    const { present } = this.tensors;
    // A resync may have replaced the state while this waited for the device.
    if (present?.round !== round || this.#state.seals[0]?.seal.view !== view) return null;
    const values = hashes.map((hash, bucket) => this.tensors.reduced(view, bucket as never, hash));
    invariant(!values.includes(undefined), 'what is applied is held', () => `round ${round}, view ${view}`);
    this.tensors.sealed.set(
      round,
      new Map(hashes.map((hash, bucket) => [bucket as never, { hash, value: values[bucket]! }])),
    );
    const next = stepOf(present.values, values as number[]);
    this.tensors.present = { round: round + 1, values: next };
    return { type: 'applied', round, view, stateHash: stateHashOf(round + 1, next), gradientNorm: 1 };
  }

  #audit({
    audit,
    round,
    target,
    microBatches,
    root,
  }: MemberEffectOf<'audit'>): MemberEventOf<'audited'> extends infer E
    ? Omit<E & MemberEventOf<'audited'>, 'at'>
    : never {
    const state = this.tensors.parameters.get(round);
    invariant(state !== undefined, 'parameters are kept for audits', () => `round ${round}`);
    const theirs: Vector | undefined = this.#world.contributionOf(target.peerId, root);
    if (theirs === undefined)
      return { type: 'audited', audit, outcome: 'withheld', relativeError: null, reason: 'the target serves nothing' };
    const mine = gradientOf(state, microBatches);
    const same = mine.every((value, i) => value === theirs[i]);
    return { type: 'audited', audit, outcome: 'compared', relativeError: same ? 0 : 1e-6, reason: '' };
  }
}
