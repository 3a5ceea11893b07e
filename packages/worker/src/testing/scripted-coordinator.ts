/** The least shell that a coordinator machine runs in: no store, no chain, no command line. For tests of workers. */
import {
  coordinatorTransition,
  hash,
  milliseconds,
  PROTOCOL_VERSION,
  runId,
  timestamp,
  type CoordinatorConfig,
  type CoordinatorEffect,
  type CoordinatorEffectOf,
  type CoordinatorEvent,
  type CoordinatorState,
  type MemberInfo,
  type PeerId,
  type RunFact,
  type RunFactOf,
  type RunFactType,
  type TimerName,
  type WorkerMessage,
} from '@murmuration/protocol';
import type { ResolvedJob } from '@murmuration/protocol/job';
import {
  createNode,
  newKey,
  PeerFaultError,
  serveControl,
  verifyCommitment,
  type MurmurationNode,
  type WorkerControl,
  Timers,
} from '@murmuration/protocol/net';
import { stateLayout } from '@murmuration/kernels/exact';
import { parameterLayout } from '@murmuration/kernels/graph';
import { fetchState } from '../sync/fetch-state.ts';

type Happening = CoordinatorEvent extends infer E ? (E extends CoordinatorEvent ? Omit<E, 'at'> : never) : never;

export interface ScriptedOptions {
  readonly job: ResolvedJob;
  readonly members: number;
  readonly auditRate?: number;
  readonly evaluateEvery?: number;
}

export class ScriptedCoordinator {
  readonly facts: RunFact[] = [];
  readonly #node: MurmurationNode;
  readonly #job: ResolvedJob;
  readonly #controls = new Map<PeerId, WorkerControl>();
  readonly #timers = new Timers<TimerName>((name) => this.#tell({ type: 'timer', name }));
  readonly #finished = Promise.withResolvers<CoordinatorEffectOf<'finish'>>();
  readonly #watchers: { readonly when: (fact: RunFact) => boolean; readonly resolve: () => void }[] = [];
  readonly #runId = runId('20260101-0000abcd');
  #state: CoordinatorState | null = null;
  /** The bytes of the final state `[state] f32`, as members served them. */
  finalState: Uint8Array | null = null;

  private constructor(node: MurmurationNode, job: ResolvedJob) {
    this.#node = node;
    this.#job = job;
  }

  static async start(options: ScriptedOptions): Promise<ScriptedCoordinator> {
    const failureTimeout = milliseconds(options.job.failureTimeout);
    const node = await createNode({ privateKey: await newKey(), listen: ['/ip4/127.0.0.1/tcp/0'], failureTimeout });
    const coordinator = new ScriptedCoordinator(node, options.job);
    await coordinator.#serve();
    coordinator.#tell({
      type: 'started',
      config: coordinator.#config(options),
      auditSecret: hash(`0x${'5e'.repeat(32)}`),
    });
    return coordinator;
  }

  get self(): MemberInfo {
    return { peerId: this.#node.peerId, addresses: this.#node.addresses() };
  }

  get finished(): Promise<CoordinatorEffectOf<'finish'>> {
    return this.#finished.promise;
  }

  factsOf<T extends RunFactType>(type: T): RunFactOf<T>[] {
    return this.facts.flatMap((fact) => (fact.type === type ? [fact as unknown as RunFactOf<T>] : []));
  }

  /** Resolves when a fact such as this has been decided. */
  seen(when: (fact: RunFact) => boolean): Promise<void> {
    if (this.facts.some(when)) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push({ when, resolve }));
  }

  async close(): Promise<void> {
    this.#timers.cancelAll();
    await Promise.all([...this.#controls.values()].map((control) => control.close()));
    await this.#node.stop();
  }

  /** Ends every connection at once, as a coordinator that was killed does; the machine is not told. */
  async dropConnections(): Promise<void> {
    for (const control of this.#controls.values()) control.abort(new Error('the coordinator was killed'));
  }

  #config({ job, members, auditRate = 0, evaluateEvery = 0 }: ScriptedOptions): CoordinatorConfig {
    const { training, audit } = job;
    const failureTimeout = milliseconds(job.failureTimeout);
    return {
      runId: this.#runId,
      rounds: training.rounds,
      microBatchesPerRound: training.globalBatch / training.microBatch,
      microBatchSize: training.microBatch,
      buckets: Math.ceil(parameterLayout(job.model).size / training.bucketSize),
      startMembers: members,
      minMembers: 1,
      maxMembers: 16,
      assignment: 'fixed',
      failureTimeout,
      gatherTimeout: null,
      evaluation: { every: evaluateEvery, samples: job.data.evalSamples },
      checkpointEvery: 0,
      audit: {
        rate: auditRate,
        floor: auditRate,
        window: audit.window,
        accept: audit.accept,
        escalate: audit.challenge,
      },
      payment: null,
      self: this.self,
      job,
    };
  }

  async #serve(): Promise<void> {
    await serveControl(
      this.#node,
      () => ({
        type: 'terms',
        protocolVersion: PROTOCOL_VERSION,
        runId: this.#runId,
        job: this.#job,
        registration: null,
      }),
      (control) => {
        const { peer } = control;
        this.#controls.set(peer, control);
        return {
          onMessage: (message) => {
            this.#check(peer, message);
            this.#tell({ type: 'message', from: peer, message });
          },
          onClose: (reason) => {
            if (this.#controls.get(peer) !== control) return;
            this.#controls.delete(peer);
            this.#tell({ type: 'disconnected', peerId: peer, reason: reason?.message ?? 'it closed the stream' });
          },
        };
      },
    );
  }

  #check(peer: PeerId, message: WorkerMessage): void {
    if (message.type !== 'commit') return;
    if (!verifyCommitment(peer, { ...message, runId: this.#runId }, message.signature))
      throw new PeerFaultError({ peer, fault: 'forged', detail: 'its commitment' });
  }

  #tell(happening: Happening): void {
    const { state, effects } = coordinatorTransition(this.#state, {
      ...happening,
      at: timestamp(Date.now()),
    });
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: CoordinatorEffect): void {
    if (effect.type === 'send') this.#send(effect);
    if (effect.type === 'disconnect') void this.#controls.get(effect.peerId)?.close();
    if (effect.type === 'setTimer') this.#timers.set(effect.name, effect.delay);
    if (effect.type === 'cancelTimer') this.#timers.cancel(effect.name);
    if (effect.type === 'journal') this.#note(effect.fact);
    if (effect.type === 'checkpoint') void this.#checkpoint(effect);
    if (effect.type === 'finish') this.#finished.resolve(effect);
  }

  #send({ to, message }: CoordinatorEffectOf<'send'>): void {
    for (const peer of to) {
      const control = this.#controls.get(peer);
      if (message.type === 'welcome') control?.admit();
      control?.send(message).catch(() => undefined);
    }
  }

  #note(fact: RunFact): void {
    this.facts.push(fact);
    for (const { when, resolve } of this.#watchers) if (when(fact)) resolve();
  }

  async #checkpoint({ round, stateHash, sources }: CoordinatorEffectOf<'checkpoint'>): Promise<void> {
    const { model, training } = this.#job;
    const bytes = stateLayout(training.optimizer, parameterLayout(model)).length * 4;
    try {
      this.finalState = await fetchState(
        { node: this.#node, runId: this.#runId },
        { round, stateHash, sources: [...sources] },
        bytes,
      );
      this.#tell({ type: 'checkpointed', round, stateHash });
    } catch (error) {
      this.#tell({ type: 'checkpointFailed', round, stateHash, reason: String(error) });
    }
  }
}
