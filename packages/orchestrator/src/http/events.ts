/**
 * Server-sent events: every client gets a snapshot, then what changed, at most ten times a second. A client is a place in
 * the journal and a bounded buffer; what is sent to many is made once. One that does not read is dropped: its
 * `EventSource` comes back with the place that it had reached.
 */
import type { ServerResponse } from 'node:http';
import { OpenCounter } from './counter.ts';
import {
  CHANGE_INTERVAL_MS,
  CHANGE_REST,
  HEARTBEAT_MS,
  MAX_STREAM_BACKLOG,
  MAX_STREAMS,
  MAX_STREAMS_PER_ADDRESS,
  RETRY_MS,
} from './limits.ts';
import { Refusal } from './refusal.ts';
import type { RunView } from './run-view.ts';
import type { Snapshots } from './snapshots.ts';

interface Client {
  readonly response: ServerResponse;
  /** Place in the journal that it was told of. */
  sequence: number;
}

interface Message {
  readonly sequence: number;
  readonly bytes: Buffer;
}

const encode = (event: 'snapshot' | 'change', sequence: number, data: string): Message => ({
  sequence,
  bytes: Buffer.from(`id: ${sequence}\nevent: ${event}\ndata: ${data}\n\n`),
});

const heartbeat = Buffer.from(': still here\n\n');

export class EventStreams {
  readonly #view: () => RunView | null;
  readonly #snapshots: Snapshots;
  readonly #redact: (text: string) => string;
  readonly #clients = new Set<Client>();
  readonly #open = new OpenCounter({ limit: MAX_STREAMS, perKey: MAX_STREAMS_PER_ADDRESS });
  readonly #beat: NodeJS.Timeout;
  #next: NodeJS.Timeout | null = null;
  #sentAt = -Infinity;
  /** How long it took to tell all clients the last time. */
  #took = 0;
  #standing: string | null = null;
  /** Clients that were dropped because they did not read. */
  dropped = 0;

  /** @param redact takes out of a text what no answer may hold */
  constructor(view: () => RunView | null, snapshots: Snapshots, redact: (text: string) => string) {
    this.#view = view;
    this.#snapshots = snapshots;
    this.#redact = redact;
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
    const client: Client = { response, sequence: view.sequence };
    // Before anything that may fail: the refusal of it ends the answer too.
    response.once('close', () => {
      release();
      this.#clients.delete(client);
    });
    const first = this.#first(view, last);
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
    if (this.#clients.size === 0 || this.#next !== null) return;
    const rest = Math.max(CHANGE_INTERVAL_MS, CHANGE_REST * this.#took);
    const wait = Math.max(0, this.#sentAt + rest - performance.now());
    this.#next = setTimeout(() => this.flush(), wait);
  }

  /** Sends every client what it has not heard of. */
  flush(): void {
    if (this.#next !== null) clearTimeout(this.#next);
    this.#next = null;
    this.#sentAt = performance.now();
    const view = this.#view();
    if (view !== null) this.#tell(view);
    this.#took = performance.now() - this.#sentAt;
  }

  #tell(view: RunView): void {
    const again = view.standing !== this.#standing;
    this.#standing = view.standing;
    // Nearly all clients stand at the same place.
    const made = new Map<number, Message>();
    for (const client of this.#clients) {
      if (client.sequence === view.sequence && !again) continue;
      const message = made.get(client.sequence) ?? this.#after(view, client.sequence);
      made.set(client.sequence, message);
      this.#send(client, message);
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
    if (last === view.sequence) return null;
    return last === null ? this.#whole(view) : this.#after(view, last);
  }

  #after(view: RunView, sequence: number): Message {
    const change = view.changesSince(sequence);
    if (change === null) return this.#whole(view);
    return encode('change', change.sequence, this.#redact(JSON.stringify(change)));
  }

  #whole(view: RunView): Message {
    return encode('snapshot', view.sequence, this.#snapshots.text() ?? '');
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
