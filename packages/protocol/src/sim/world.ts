/** The simulated world: one coordinator, a changing crowd of workers, and the weather. */
import { address, peerId as brandPeerId, type Bucket, type Hash, type PeerId, type RunId } from '../core/ids.ts';
import { milliseconds } from '../core/units.ts';
import type { CoordinatorConfig } from '../machines/coordinator/config.ts';
import type { MemberEffect } from '../machines/member/effects.ts';
import {
  coordinatorMessageSchema,
  workerMessageSchema,
  type CoordinatorMessage,
  type WorkerMessage,
} from '../wire/control.ts';
import { PROTOCOL_VERSION } from '../wire/names.ts';
import { coordinatorCodec, workerCodec } from '../wire/codec.ts';
import { Link, type ControlConnection } from './network.ts';
import type { Vector } from './numbers.ts';
import { Oracle } from './oracle.ts';
import { Random } from './random.ts';
import { Scheduler } from './scheduler.ts';
import { SimCoordinator } from './sim-coordinator.ts';
import type { Lie } from './lies.ts';
import { SimWorker, type WorkerTraits } from './sim-worker.ts';
import type { Weather } from './weather.ts';

const COORDINATOR = brandPeerId(`16Uiu2HAmCoordinator${'1'.repeat(33)}`);
const ALPHABET = 'abcdefghijkmnopqrstuvwxyz';

export interface WorldOptions {
  readonly seed: number;
  readonly weather: Weather;
  readonly config: Omit<CoordinatorConfig, 'self' | 'job'>;
  /** Workers at the start, and the number below which a new one always comes. */
  readonly workers: number;
  /** Of the first workers, so many lie. */
  readonly liars: number;
  readonly lie: Lie;
  /** Liars die, and come back, as soon as an auditor asks for what they contributed. */
  readonly fleeing: boolean;
  /** Every message goes through the codec. */
  readonly wire: boolean;
  /** Which of the workers, in the order in which they come, cannot be dialled: they contribute and receive, and own nothing. */
  readonly isClient: (index: number) => boolean;
  /** Called after each effect that a worker performs: puts a fault at an exact point. */
  readonly afterEffect?: ((world: World, worker: SimWorker, effect: MemberEffect) => void) | undefined;
}

export class World {
  readonly scheduler = new Scheduler();
  readonly random: Random;
  readonly weather: Weather;
  readonly oracle: Oracle;
  readonly coordinator: SimCoordinator;
  readonly buckets: number;
  readonly microBatchSize: number;
  /** What befell, for whoever reads a failing run. */
  readonly log: string[] = [];
  readonly #options: WorldOptions;
  readonly #workers = new Map<PeerId, SimWorker>();
  readonly #links = new Map<string, Link>();
  readonly #connections = new Map<SimWorker, ControlConnection>();
  #born = 0;
  /** Those that cannot be dialled. */
  readonly clients = new Set<PeerId>();

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    this.weather = options.weather;
    this.buckets = options.config.buckets;
    this.microBatchSize = options.config.microBatchSize;
    this.oracle = new Oracle(this.buckets, new Set(Array.from({ length: options.liars }, (_, i) => nameOf(i))));
    this.coordinator = new SimCoordinator(this);
  }

  get runId(): RunId {
    return this.#options.config.runId;
  }

  get workers(): readonly SimWorker[] {
    return [...this.#workers.values()];
  }

  /** Starts everything; from here on `scheduler.step` is the run. */
  begin(): void {
    const config = {
      ...this.#options.config,
      self: { peerId: COORDINATOR, addresses: ['/memory/coordinator'] },
      job: { name: 'simulated' },
    };
    this.coordinator.tell({
      type: 'started',
      config,
      auditSecret: `0x${this.#options.seed.toString(16).padStart(64, '0')}` as Hash,
    });
    for (let i = 0; i < this.#options.workers; i++) this.spawn(i < this.#options.liars);
    this.#recur(this.weather.death, () => this.#killSomebody());
    this.#recur(this.weather.cut, () => this.#cutSomebody());
    this.#recur(this.weather.arrival, () => this.spawn(false));
    this.#recur(this.weather.restart, () => this.#restartCoordinator());
    this.#recur(
      1_000,
      () => {
        if (this.workers.length < this.#options.workers) this.spawn(false);
      },
      true,
    );
  }

  /** Happens again and again, on average every `mean`, or exactly so. */
  #recur(mean: number, happen: () => void, exact = false): void {
    if (!Number.isFinite(mean)) return;
    this.scheduler.after(exact ? mean : this.random.wait(mean), () => {
      happen();
      this.#recur(mean, happen, exact);
    });
  }

  spawn(liar: boolean, name: PeerId = this.#newcomer()): void {
    const slow = this.random.chance(this.weather.slow);
    const traits: WorkerTraits = {
      pace: this.random.between(2, 6) * (slow ? 100 : 1),
      lie: liar ? this.#options.lie : null,
    };
    const account = address(`0x${Array.from(name.slice(-20), (letter) => letter.charCodeAt(0).toString(16)).join('')}`);
    const worker = new SimWorker(
      this,
      {
        peerId: name,
        auditWindow: this.#options.config.audit.window,
        sealedWindow: 8,
        reconnectDelay: milliseconds(50),
        identity: {
          protocolVersion: PROTOCOL_VERSION,
          agent: 'simulated',
          address: account,
          payout: account,
          possession: '0x' as never,
          backend: 'exact',
          adapter: { name: 'simulated', kind: 'cpu', class: 'exact' },
          addresses: this.clients.has(name) ? [] : [`/memory/${name}`],
        },
      },
      traits,
    );
    this.#workers.set(name, worker);
    this.#note(`${name} ${slow ? 'crawls' : 'comes'}`);
    worker.connect();
  }

  #newcomer(): PeerId {
    const index = this.#born++;
    const name = nameOf(index);
    if (this.#options.isClient(index)) this.clients.add(name);
    return name;
  }

  connect(worker: SimWorker): ControlConnection | null {
    const link = (): Link => new Link(this.scheduler, this.random, this.weather.delay);
    const connection = { up: link(), down: link() };
    if (!this.coordinator.accept(worker, connection)) return null;
    this.#connections.set(worker, connection);
    return connection;
  }

  /** SIGKILL. Half of the time nobody is told: only silence shows it. */
  kill(worker: SimWorker, why: string): void {
    if (!worker.isAlive) return;
    worker.die();
    this.#note(`${worker.peerId} dies ${why}`);
    this.#close(worker, this.random.chance(0.5));
    this.#forget(worker);
    if (this.random.chance(this.weather.returns)) {
      this.scheduler.after(this.random.between(10, 2_000), () => {
        if (!this.#workers.has(worker.peerId) && this.coordinator.finish === null)
          this.spawn(worker.traits.lie !== null, worker.peerId);
      });
    }
  }

  /** The weather's and the test's chance to strike. */
  performed(worker: SimWorker, effect: MemberEffect): void {
    this.#options.afterEffect?.(this, worker, effect);
    if (this.random.chance(this.weather.deadly[effect.type] ?? 0)) this.kill(worker, `after ${effect.type}`);
  }

  exited(worker: SimWorker): void {
    worker.die();
    this.#close(worker, true);
    this.#forget(worker);
  }

  #close(worker: SimWorker, told: boolean): void {
    const connection = this.#connections.get(worker);
    if (connection === undefined) return;
    this.#connections.delete(worker);
    if (told) connection.up.deliver(() => this.coordinator.lost(connection, worker.peerId));
    connection.down.close();
  }

  #forget(worker: SimWorker): void {
    if (this.#workers.get(worker.peerId) === worker) this.#workers.delete(worker.peerId);
  }

  #killSomebody(): void {
    const worker = this.random.pick(this.workers);
    if (worker !== undefined) this.kill(worker, 'by the weather');
  }

  #cutSomebody(): void {
    const worker = this.random.pick(this.workers);
    if (worker === undefined) return;
    this.#note(`${worker.peerId} is cut off`);
    const connection = this.#connections.get(worker);
    this.#close(worker, true);
    if (connection !== undefined) worker.cut();
  }

  #restartCoordinator(): void {
    if (!this.coordinator.isUp || this.coordinator.finish !== null) return;
    this.#note('the coordinator restarts');
    this.coordinator.crash(this.random.between(10, 500));
  }

  /** A tensor frame from one worker to another; frames between the same two keep their order. */
  frame(from: SimWorker, to: PeerId, receive: (receiver: SimWorker) => void): void {
    const key = `${from.peerId}>${to}`;
    const link = this.#links.get(key) ?? new Link(this.scheduler, this.random, this.weather.delay);
    this.#links.set(key, link);
    link.deliver(() => {
      const receiver = this.#workers.get(to);
      if (receiver?.isAlive === true) receive(receiver);
    });
  }

  stateOf(peer: PeerId, round: number): Vector | undefined {
    return peer === COORDINATOR ? this.coordinator.stateAt(round) : this.#workers.get(peer)?.tensors.stateAt(round);
  }

  sealedOf(peer: PeerId, round: number, bucket: Bucket, hash: Hash): number | undefined {
    const found = this.#workers.get(peer)?.tensors.sealed.get(round)?.get(bucket);
    return found?.hash === hash ? found.value : undefined;
  }

  contributionOf(peer: PeerId, root: Hash): Vector | undefined {
    const worker = this.#workers.get(peer);
    if (worker !== undefined && worker.traits.lie !== null && this.#options.fleeing)
      this.kill(worker, 'fleeing from an auditor');
    return worker?.isAlive === true ? worker.tensors.own.get(root)?.values : undefined;
  }

  /** As the other side sees it: through the codec where asked for, so that nothing passes that the schema does not know. */
  throughWire<T extends CoordinatorMessage | WorkerMessage>(message: T): T {
    if (!this.#options.wire) return message;
    const codec = workerMessageSchema.safeParse(message).success
      ? workerCodec
      : coordinatorMessageSchema.safeParse(message).success
        ? coordinatorCodec
        : workerCodec;
    return codec.decode(codec.encode(message as never)) as T;
  }

  #note(line: string): void {
    this.log.push(`${Math.round(this.scheduler.now)} ms: ${line}`);
  }
}

function nameOf(index: number): PeerId {
  const letters = [index % 25, Math.floor(index / 25) % 25, Math.floor(index / 625) % 25]
    .map((i) => ALPHABET[i])
    .reverse()
    .join('');
  return brandPeerId(`16Uiu2HAm${'1'.repeat(41)}${letters}`);
}
