/** A worker: one node, one device, one member machine, and the run that it is in. Everything else hangs from here. */
import { identityOf } from '@murmuration/contracts/signing';
import type { Secp256k1PrivateKey } from '@libp2p/interface';
import {
  initialMember,
  memberTransition,
  milliseconds,
  round,
  type Address,
  type MemberEffectOf,
  type MemberEffectType,
  type MemberInfo,
  type MemberTimerName,
  type CoordinatorMessage,
  type Terms,
  type WorkerMessage,
} from '@murmuration/protocol';
import {
  BucketLinks,
  missing,
  serveBuckets,
  serveFetch,
  type MurmurationNode,
  Timers,
} from '@murmuration/protocol/net-core';
import { Attester } from '../audit/attest.ts';
import { ComputeQueue } from '../compute/compute-queue.ts';
import type { Faults } from './faults.ts';
import { complaintsOfRefused } from './complaints.ts';
import { CoordinatorLink } from './coordinator-link.ts';
import { DeviceSlot } from './device-slot.ts';
import { InterruptedError } from './errors.ts';
import { firstConnection, Return } from './first-connection.ts';
import type { WorkerHost } from './host.ts';
import { answering, memberConfig } from './identity.ts';
import { MemberLoop, type Happening, type Performers } from './member-loop.ts';
import { closeRun, prepareRun } from './prepare-run.ts';
import { noticeReport, problemOf, type Reporter } from './report.ts';
import { activate, delegate, dropFrames, type ActiveRun } from './run-performers.ts';

/** Until the job says its own. */
const DEFAULT_FAILURE_TIMEOUT = milliseconds(10_000);

export interface WorkerOptions {
  readonly key: Secp256k1PrivateKey;
  readonly coordinator: MemberInfo;
  /** Where pay goes; null: to the key's own address. */
  readonly payout: Address | null;
  /** Shown to coordinators that ask for one. */
  readonly token: string | null;
  /** The platform. */
  readonly host: WorkerHost;
  readonly faults: Faults;
  readonly report: Reporter;
}

/** How a worker ended. */
export type WorkerEnd = Omit<MemberEffectOf<'exit'>, 'type'>;

export class Worker {
  readonly #options: WorkerOptions;
  readonly #node: MurmurationNode;
  readonly #address: Address;
  readonly #payout: Address;
  readonly #queue = new ComputeQueue();
  readonly #links: BucketLinks;
  readonly #device: DeviceSlot;
  readonly #link: CoordinatorLink;
  readonly #timers: Timers<MemberTimerName>;
  readonly #attester: Attester;
  readonly #interrupt = new AbortController();
  readonly #ended = Promise.withResolvers<WorkerEnd>();
  #terms: Terms | null = null;
  #loop: MemberLoop | null = null;
  #active: ActiveRun | null = null;
  #trained = 0;
  #connecting = false;
  readonly #return = new Return();
  #lastFailure: { readonly code: string; readonly said: string } | null = null;

  private constructor(options: WorkerOptions, node: MurmurationNode) {
    this.#options = options;
    this.#node = node;
    this.#address = identityOf(options.key.raw).address;
    this.#payout = options.payout ?? this.#address;
    this.#links = new BucketLinks(node);
    this.#device = new DeviceSlot(options);
    this.#attester = new Attester({ secretKey: options.key.raw, address: this.#address });
    this.#timers = new Timers((name) => this.#tell({ type: 'timer', name }), options.host.clock);
    this.#link = new CoordinatorLink({
      node,
      coordinator: options.coordinator,
      isReady: ({ job }) => this.#device.isPrepared(job),
      prepare: async ({ job }) => void (await this.#device.prepare(job)),
      onMessage: (message) => this.#heard(message),
      onUnrelayed: (error) => options.report(problemOf(error)),
      onGone: (reason) => this.#disconnected(reason),
    });
  }

  /** Listens and serves; nothing is dialled yet. @throws BadAddressError, PortTakenError, ListenFailedError */
  static async create(options: WorkerOptions): Promise<Worker> {
    const { key: privateKey, coordinator, host } = options;
    const node = await host.createNode({ privateKey, coordinator, failureTimeout: DEFAULT_FAILURE_TIMEOUT });
    const worker = new Worker(options, node);
    await worker.#serve();
    return worker;
  }

  /**
   * Joins the coordinator's run and works until the end.
   * @throws when the coordinator cannot be reached, speaks another version, or states a job that cannot be run here
   */
  async run(): Promise<WorkerEnd> {
    const { report, coordinator, host } = this.#options;
    report({
      event: 'worker.started',
      peerId: this.#node.peerId,
      address: this.#address,
      payout: this.#payout,
      addresses: this.#node.addresses(),
    });
    try {
      this.#start(
        await firstConnection(this.#link, coordinator, { report, clock: host.clock }, this.#interrupt.signal),
      );
      const end = await this.#ended.promise;
      report({ event: 'worker.finished', ...end, microBatches: this.#trained });
      return end;
    } finally {
      await this.#close();
    }
  }

  /** Leaves in good order: {@link run} ends soon. */
  interrupt(reason: string): void {
    if (this.#loop === null) this.#interrupt.abort(new InterruptedError({ reason }));
    else this.#tell({ type: 'interrupted', reason });
  }

  /** A coordinator that was lost is dialled now instead of when the next attempt would come. */
  hurry(): void {
    if (this.#connecting) return;
    this.#timers.cancel('reconnect');
    this.#tell({ type: 'timer', name: 'reconnect' });
  }

  async #serve(): Promise<void> {
    const inbound = (): ActiveRun['inbound'] => this.#active?.inbound ?? dropFrames;
    await serveBuckets(this.#node, {
      destination: (peer, frame, length) => inbound().destination(peer, frame, length),
      received: (peer, frame, body) => inbound().received(peer, frame, body),
    });
    await serveFetch(this.#node, (request) => this.#active?.answer(request) ?? missing('this member is in no run'));
    this.#node.onFault((peerId, fault) => {
      this.#options.report(problemOf(fault));
      const at = this.#loop?.state.held?.round ?? round(0);
      this.#tell({ type: 'faultSeen', peerId, round: at, code: fault.fault, reason: fault.message.slice(0, 1024) });
    });
  }

  /** The machine begins where the shell's first connection left off. */
  #start(terms: Terms): void {
    this.#terms = terms;
    const { key, host } = this.#options;
    const planned = this.#device.planned;
    const config = memberConfig({
      agent: host.agent,
      node: this.#node,
      key,
      address: this.#address,
      payout: this.#payout,
      device: this.#device.description,
      planned,
      terms,
    });
    this.#node.useFailureTimeout(milliseconds(planned.job.failureTimeout));
    this.#loop = new MemberLoop({
      initial: initialMember(config),
      transition: memberTransition,
      performers: this.#performers(),
      onFailure: (effect, error) => this.#failed(effect, error),
    });
    this.#options.report({
      event: 'worker.connected',
      coordinator: this.#options.coordinator.peerId,
      runId: terms.runId,
    });
    this.#tell({ type: 'connected' });
  }

  #heard(message: CoordinatorMessage): void {
    this.#tell({ type: 'message', message });
    for (const complaint of complaintsOfRefused(message, this.#node.faults)) this.#tell(complaint);
  }

  #tell(happening: Happening): void {
    this.#loop?.tell(happening);
  }

  #performers(): Performers {
    return {
      ...delegate(() => this.#active),
      send: ({ message }) => this.#send(message),
      connect: () => this.#reconnect(),
      setTimer: ({ name, delay }) => this.#timers.set(name, delay),
      cancelTimer: ({ name }) => this.#timers.cancel(name),
      prepare: (effect) => this.#prepare(effect),
      attest: async ({ type: _type, ...task }) => {
        const result = this.#attester.attest(task);
        this.#options.report({
          event: 'worker.attested',
          epoch: task.epoch,
          signed: result.signature !== null,
          reason: result.reason,
        });
        return { type: 'attested', ...result };
      },
      notice: ({ notice }) => this.#notice(notice),
      exit: ({ type: _type, ...end }) => this.#end(end),
    };
  }

  #send(message: WorkerMessage): void {
    const { key, token } = this.#options;
    const terms = this.#terms;
    const spoken =
      message.type === 'hello' && terms !== null
        ? answering(message, { key, token, payout: this.#payout, terms, node: this.#node })
        : message;
    this.#link.send(spoken);
  }

  async #reconnect(): Promise<Happening> {
    this.#connecting = true;
    try {
      this.#terms = await this.#link.open(this.#interrupt.signal);
      this.#return.succeeded();
      this.#options.report({
        event: 'worker.connected',
        coordinator: this.#options.coordinator.peerId,
        runId: this.#terms.runId,
      });
      return { type: 'connected' };
    } catch (error) {
      const { code, message } = problemOf(error);
      if (!this.#return.isWorthwhile(error)) this.#end({ outcome: 'failed', code, reason: message });
      return { type: 'disconnected', reason: message };
    } finally {
      this.#connecting = false;
    }
  }

  #disconnected(reason: string): void {
    this.#options.report({ event: 'worker.disconnected', reason });
    this.#tell({ type: 'disconnected', reason });
  }

  async #prepare({ runId, job }: MemberEffectOf<'prepare'>): Promise<Happening> {
    const { host, key, faults, report } = this.#options;
    const { planned, executable } = await this.#device.prepare(job);
    if (this.#active !== null) closeRun(this.#active.run);
    this.#active = null;
    const run = await prepareRun({ ...planned, runId, executable, queue: this.#queue, host });
    this.#active = activate({
      run,
      node: this.#node,
      key,
      queue: this.#queue,
      links: this.#links,
      faults,
      report,
      tell: (happening) => this.#tell(happening),
    });
    return { type: 'prepared', buckets: run.cut.count, samplesPerSecond: run.samplesPerSecond };
  }

  #notice(notice: MemberEffectOf<'notice'>['notice']): void {
    // The notice names the state's round, one more than the round that was applied.
    const microBatches = notice.kind === 'applied' ? (this.#active?.contributedTo(notice.round - 1) ?? 0) : 0;
    this.#trained += microBatches;
    this.#options.report(noticeReport(notice, { job: this.#device.planned.job.name, microBatches }));
  }

  #failed(effect: MemberEffectType, error: unknown): void {
    const { code, message } = problemOf(error);
    const said = `${effect}: ${message}`;
    // A peer that is gone fails every push to it in the same words: they are said once.
    if (said !== this.#lastFailure?.said) this.#options.report({ event: 'worker.problem', code, message: said });
    this.#lastFailure = { code, said };
  }

  /** A machine that gives up names the effect; the error behind it has the code that says whose fault it is. */
  #end(end: WorkerEnd): void {
    this.#loop?.stop();
    this.#ended.resolve(
      end.outcome === 'failed' && this.#lastFailure !== null ? { ...end, code: this.#lastFailure.code } : end,
    );
  }

  async #close(): Promise<void> {
    this.#loop?.stop();
    this.#timers.cancelAll();
    await this.#link.close();
    this.#links.retain(new Set());
    await this.#device.close();
    await this.#node.stop();
  }
}
