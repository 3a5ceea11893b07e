/**
 * A ring all-reduce over bare TCP: what the wire and a plain summation allow, with no encryption, no hashes, no checks
 * and no care for failures. Each rank sends to the next and receives from the one before; a piece is summed and passed
 * on as soon as it is here, so all links are busy all the time.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Rank, RankSettings } from '../all-reduce/rank.ts';

const HOST = '127.0.0.1';
const FLOAT_BYTES = 4;
/** Bytes read at once. */
const READ_BYTES = 1 << 20;

/** The steps of one reduction as the receiver sees them; the chunk of step k is the one that is sent on in step k + 1. */
interface Progress {
  step: number;
  /** Bytes of the step's chunk that are here. */
  received: number;
  readonly finished: Pick<PromiseWithResolvers<void>, 'resolve' | 'reject'>;
}

export class TcpRing implements Rank {
  readonly name = 'ring over bare TCP';
  readonly #settings: RankSettings;
  readonly #own: Float32Array;
  readonly #result: Float32Array;
  /** Where partial sums arrive: one chunk at a time. */
  readonly #incoming: Float32Array;
  readonly #server: Server;
  readonly #next = Promise.withResolvers<Socket>();
  #to: Socket | null = null;
  #from: Socket | null = null;
  /** Null between two reductions. */
  #progress: Progress | null = null;
  /** What came from a rank that began earlier. */
  #early: Uint8Array[] = [];

  private constructor(settings: RankSettings, own: Float32Array, server: Server) {
    this.#settings = settings;
    this.#own = own;
    this.#result = new Float32Array(own.length);
    this.#incoming = new Float32Array(Math.ceil(own.length / settings.ranks));
    this.#server = server;
    server.once('connection', (socket) => this.#next.resolve(socket.setNoDelay(true)));
  }

  /** @param own what this rank brings, `[elements] f32` */
  static async open(settings: RankSettings, own: Float32Array): Promise<TcpRing> {
    const server = createServer().listen(0, HOST);
    await once(server, 'listening');
    return new TcpRing(settings, own, server);
  }

  get address(): string {
    return String((this.#server.address() as AddressInfo).port);
  }

  async connect(addresses: readonly string[]): Promise<void> {
    const { rank, ranks } = this.#settings;
    const buffer = new Uint8Array(READ_BYTES);
    const onread = { buffer, callback: (count: number): boolean => this.#received(buffer.subarray(0, count)) };
    this.#from = connect({ host: HOST, port: Number(addresses[(rank + ranks - 1) % ranks]), onread });
    await once(this.#from, 'connect');
    this.#to = await this.#next.promise;
    for (const socket of [this.#from, this.#to]) socket.on('error', (error) => this.#progress?.finished.reject(error));
  }

  /** The sum over all ranks. No rank may begin before all have ended the reduction before. */
  async reduce(): Promise<Float32Array> {
    const { promise, ...finished } = Promise.withResolvers<void>();
    this.#progress = { step: 0, received: 0, finished };
    const [start, end] = this.#chunk(this.#settings.rank);
    this.#send(this.#own.subarray(start, end));
    this.#skipEmpty(this.#progress);
    for (const data of this.#early.splice(0)) this.#received(data);
    await promise;
    return this.#result;
  }

  async close(): Promise<void> {
    this.#from?.destroy();
    this.#to?.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** First and last element of a chunk. */
  #chunk(index: number): readonly [number, number] {
    const { ranks, elements } = this.#settings;
    return [Math.floor((index * elements) / ranks), Math.floor(((index + 1) * elements) / ranks)];
  }

  /** The chunk that arrives in a step: partial sums in the first ranks − 1 steps, whole ones after. */
  #chunkOfStep(step: number): readonly [number, number] {
    const { rank, ranks } = this.#settings;
    return this.#chunk((rank - step - 1 + 2 * ranks) % ranks);
  }

  #received(data: Uint8Array): boolean {
    for (let rest = data; rest.length > 0;) {
      if (this.#progress === null) {
        this.#early.push(rest.slice());
        return true;
      }
      rest = rest.subarray(this.#take(this.#progress, rest));
    }
    return true;
  }

  /** Takes what belongs to the present step and returns how much that was. */
  #take(progress: Progress, data: Uint8Array): number {
    const { step, received } = progress;
    const [start, end] = this.#chunkOfStep(step);
    const taken = Math.min(data.length, (end - start) * FLOAT_BYTES - received);
    const summing = step < this.#settings.ranks - 1;
    const target = summing ? this.#incoming : this.#result.subarray(start, end);
    bytesOf(target).set(data.subarray(0, taken), received);
    progress.received += taken;
    const [from, to] = [
      start + Math.floor(received / FLOAT_BYTES),
      start + Math.floor(progress.received / FLOAT_BYTES),
    ];
    if (summing) this.#sum(start, from, to);
    // The last step's chunk is where it was made first.
    if (step < 2 * this.#settings.ranks - 3) this.#send(this.#result.subarray(from, to));
    if (progress.received === (end - start) * FLOAT_BYTES) this.#nextStep(progress);
    return taken;
  }

  /** Elements [from, to) of the chunk at `start`: what came and what this rank brings. */
  #sum(start: number, from: number, to: number): void {
    const [own, result, incoming] = [this.#own, this.#result, this.#incoming];
    for (let i = from; i < to; i++) result[i] = own[i]! + incoming[i - start]!;
  }

  #nextStep(progress: Progress): void {
    progress.step += 1;
    progress.received = 0;
    this.#skipEmpty(progress);
  }

  #skipEmpty(progress: Progress): void {
    const last = 2 * this.#settings.ranks - 2;
    while (progress.step < last && this.#isEmpty(progress.step)) progress.step += 1;
    if (progress.step < last) return;
    this.#progress = null;
    progress.finished.resolve();
  }

  #isEmpty(step: number): boolean {
    const [start, end] = this.#chunkOfStep(step);
    return start === end;
  }

  /** Sent without a copy: what comes later over the same elements comes only after the next rank has read these. */
  #send(values: Float32Array): void {
    if (values.length > 0) this.#to?.write(bytesOf(values));
  }
}

const bytesOf = (values: Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
