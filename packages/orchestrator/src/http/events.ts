/**
 * Server-sent events: every client gets a snapshot, then what changed, at most ten times a second. A client is a place in
 * the journal and a bounded buffer; what is sent to many is made once. One that does not read is dropped: its
 * `EventSource` comes back with the place that it had reached.
 */
import type { ServerResponse } from 'node:http';
import { OpenCounter } from './counter.ts';
import {
  CHANGE_INTERVAL_MS,
  HEARTBEAT_MS,
  MAX_STREAM_BACKLOG,
  MAX_STREAMS,
  MAX_STREAMS_PER_ADDRESS,
  RETRY_MS,
} from './limits.ts';
import { Refusal } from './refusal.ts';
import type { RunView } from './run-view.ts';

interface Client {
  readonly response: ServerResponse;
  /** Place in the journal that it was told of. */
  sequence: number;
}

interface Message {
  readonly sequence: number;
  readonly bytes: Buffer;
}

const encode = (event: 'snapshot' | 'change', value: { readonly sequence: number }): Message => ({
  sequence: value.sequence,
  bytes: Buffer.from(`id: ${value.sequence}\nevent: ${event}\ndata: ${JSON.stringify(value)}\n\n`),
});

const heartbeat = Buffer.from(': still here\n\n');

export class EventStreams {
  readonly #view: () => RunView | null;
  readonly #clients = new Set<Client>();
  readonly #open = new OpenCounter({ limit: MAX_STREAMS, perKey: MAX_STREAMS_PER_ADDRESS });
  readonly #beat: NodeJS.Timeout;
  #snapshot: Message | null = null;
  #next: NodeJS.Timeout | null = null;
  #sentAt = -Infinity;
  /** Clients that were dropped because they did not read. */
  dropped = 0;

  constructor(view: () => RunView | null) {
    this.#view = view;
    this.#beat = setInterval(() => this.#sendBeat(), HEARTBEAT_MS);
  }

  get clients(): number {
    return this.#clients.size;
  }

  /**
   * Makes the answer a stream of events.
   * @param last the place that the client had reached (`Last-Event-ID`), if it was here before
   * @throws Refusal when too many are open, or the run is not yet
   */
  open(response: ServerResponse, address: string, last: number | null): void {
    const view = this.#view();
    if (view === null) throw new Refusal('starting');
    const release = this.#open.take(address);
    if (release === null) throw new Refusal('streams');
    const first = this.#first(view, last);
    const client: Client = { response, sequence: first?.sequence ?? last ?? -1 };
    response.once('close', () => {
      release();
      this.#clients.delete(client);
    });
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    if (response.req.method === 'HEAD') {
      response.end();
      return;
    }
    response.write(`retry: ${RETRY_MS}\n\n`);
    if (first !== null) response.write(first.bytes);
    this.#clients.add(client);
  }

  /** Says that the run has changed; clients hear of it at once, or when their tenth of a second is over. */
  changed(): void {
    this.#snapshot = null;
    if (this.#clients.size === 0 || this.#next !== null) return;
    const wait = Math.max(0, this.#sentAt + CHANGE_INTERVAL_MS - performance.now());
    this.#next = setTimeout(() => this.flush(), wait);
  }

  /** Sends every client what it has not heard of. */
  flush(): void {
    if (this.#next !== null) clearTimeout(this.#next);
    this.#next = null;
    this.#sentAt = performance.now();
    const view = this.#view();
    if (view === null) return;
    // Nearly all clients stand at the same place.
    const made = new Map<number, Message | null>();
    for (const client of this.#clients) {
      const known = made.get(client.sequence);
      const message = known === undefined ? this.#after(view, client.sequence) : known;
      made.set(client.sequence, message);
      if (message !== null) this.#send(client, message);
    }
  }

  /** Ends all streams; they have been told everything. */
  close(): void {
    this.flush();
    clearInterval(this.#beat);
    if (this.#next !== null) clearTimeout(this.#next);
    for (const { response } of this.#clients) response.end();
    this.#clients.clear();
  }

  /** What a client begins with: nothing that it knows already. */
  #first(view: RunView, last: number | null): Message | null {
    if (last === null) return this.#whole(view);
    return this.#after(view, last);
  }

  #after(view: RunView, sequence: number): Message | null {
    const change = view.changesSince(sequence);
    if (change === null) return this.#whole(view);
    return change.sequence === sequence ? null : encode('change', change);
  }

  #whole(view: RunView): Message {
    this.#snapshot ??= encode('snapshot', view.snapshot());
    return this.#snapshot;
  }

  #send(client: Client, { sequence, bytes }: Message): void {
    if (client.response.writableLength > MAX_STREAM_BACKLOG) {
      this.dropped += 1;
      client.response.destroy();
      return;
    }
    client.sequence = sequence;
    client.response.write(bytes);
  }

  #sendBeat(): void {
    for (const { response } of this.#clients) if (response.writableLength === 0) response.write(heartbeat);
  }
}
