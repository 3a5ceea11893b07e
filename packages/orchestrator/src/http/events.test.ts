import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MAX_STREAMS_PER_ADDRESS } from './limits.ts';
import { codeOf, TestServer } from './testing.ts';

interface Received {
  readonly id: number;
  readonly event: string;
  readonly data: { readonly sequence: number; readonly figures: { readonly round: number } };
}

/** A stream of events as it is read. */
class Listener implements Disposable {
  readonly response: IncomingMessage;
  readonly #events: AsyncGenerator<Received>;

  constructor(response: IncomingMessage) {
    this.response = response;
    this.#events = eventsOf(response);
  }

  static async open(server: TestServer, lastEventId?: number, from = '127.0.0.1'): Promise<Listener> {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) };
    const options = { port: server.port, host: '127.0.0.1', path: '/api/events', localAddress: from, headers };
    const request = httpRequest(options).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return new Listener(response);
  }

  async next(): Promise<Received> {
    const { value, done } = await this.#events.next();
    if (done === true) throw new Error('the stream has ended');
    return value;
  }

  /** Whether the server has ended the stream. */
  async ended(): Promise<boolean> {
    return (await this.#events.next()).done === true;
  }

  [Symbol.dispose](): void {
    this.response.destroy();
  }
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<Received> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const blocks = (rest + String(chunk)).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      const data = fields.get('data');
      if (data !== undefined)
        yield {
          id: Number(fields.get('id')),
          event: fields.get('event') ?? '',
          data: JSON.parse(data) as Received['data'],
        };
    }
  }
}

/** Lets so many rounds happen, and waits until the server has read them. */
async function happened(server: TestServer, rounds: number): Promise<void> {
  using listener = await Listener.open(server);
  await listener.next();
  server.run.waiting = rounds - 1;
  server.grow();
  expect(await listener.next()).toMatchObject({ id: rounds });
}

describe('a stream of events', () => {
  it('begins with a snapshot and goes on with what changed', async () => {
    await using server = await TestServer.start();
    using listener = await Listener.open(server);
    expect(listener.response.headers['content-type']).toMatch(/^text\/event-stream/);
    expect(listener.response.headers['x-accel-buffering']).toBe('no');
    expect(await listener.next()).toMatchObject({ event: 'snapshot', id: 0 });
    server.grow();
    expect(await listener.next()).toMatchObject({ event: 'change', id: 1, data: { figures: { round: 1 } } });
  });

  it('gathers what comes faster than ten times a second', async () => {
    await using server = await TestServer.start();
    using listener = await Listener.open(server);
    await listener.next();
    for (let round = 0; round < 1000; round += 1) server.grow();
    const ids: number[] = [];
    while (ids.at(-1) !== 1000) ids.push((await listener.next()).id);
    expect(ids.length).toBeLessThan(4);
  });

  it('goes on where a client that comes back had left it, without a second snapshot', async () => {
    await using server = await TestServer.start();
    await happened(server, 5);
    using behind = await Listener.open(server, 3);
    expect(await behind.next()).toMatchObject({ event: 'change', id: 5 });
    using upToDate = await Listener.open(server, 5);
    server.grow();
    expect(await upToDate.next()).toMatchObject({ event: 'change', id: 6 });
  });

  it('begins anew for a client that was gone for too long, or makes its place up', async () => {
    await using server = await TestServer.start();
    await happened(server, 20_000);
    for (const place of [1, 999_999]) {
      using listener = await Listener.open(server, place);
      expect(await listener.next()).toMatchObject({ event: 'snapshot', id: 20_000 });
    }
  });

  it('that fails before it begins leaves its place to others', async () => {
    await using server = await TestServer.start();
    await happened(server, 5);
    const { changesSince } = server.run;
    server.run.changesSince = () => {
      throw new Error('the index can’t be read');
    };
    for (let n = 0; n < MAX_STREAMS_PER_ADDRESS; n++) {
      const refused = await server.ask('/api/events', { headers: { 'last-event-id': '3' } });
      expect(codeOf(refused)).toBe('DEFECT');
    }
    server.run.changesSince = changesSince;
    using listener = await Listener.open(server, 3);
    expect(await listener.next()).toMatchObject({ event: 'change', id: 5 });
  });

  it('is refused to an address that has too many, and open to the others', async () => {
    await using server = await TestServer.start();
    const open = await Promise.all(
      Array.from({ length: MAX_STREAMS_PER_ADDRESS }, () => Listener.open(server, undefined, '127.0.0.2')),
    );
    const refused = await server.ask('/api/events', { from: '127.0.0.2' });
    expect([refused.status, codeOf(refused), refused.headers['retry-after']]).toEqual([429, 'TOO_MANY_STREAMS', '30']);
    using other = await Listener.open(server, undefined, '127.0.0.3');
    expect(await other.next()).toMatchObject({ event: 'snapshot' });
    for (const listener of open) listener[Symbol.dispose]();
  });

  it('is dropped when nobody reads it, and the others go on', async () => {
    await using server = await TestServer.start();
    server.run.weight = 500_000;
    const stuck = connect(server.port, '127.0.0.1').pause();
    stuck.on('error', () => undefined);
    stuck.write('GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    const dropped = async (): Promise<number> => {
      const text = (await server.ask('/metrics')).body.toString();
      return Number(/murmuration_http_event_streams_dropped (\d+)/.exec(text)?.[1]);
    };
    using reader = await Listener.open(server);
    await reader.next();
    // The system's own buffers hold a few megabytes before the server's begin to fill.
    for (let round = 0; round < 60 && (await dropped()) === 0; round += 1) {
      server.grow();
      await reader.next();
    }
    expect(await dropped()).toBe(1);
    server.grow();
    expect(await reader.next()).toMatchObject({ event: 'change' });
    stuck.destroy();
  });

  it('tells when the coordinator has gone, which is no entry of the journal', async () => {
    await using server = await TestServer.start();
    using listener = await Listener.open(server);
    expect(await listener.next()).toMatchObject({ data: { live: true } });
    server.run.live = false;
    server.service.handle({ type: 'grew' });
    expect(await listener.next()).toMatchObject({ event: 'change', data: { live: false } });
  });

  it('ends with the server, after its last change', async () => {
    const server = await TestServer.start();
    using listener = await Listener.open(server);
    await listener.next();
    server.run.waiting += 1;
    await server[Symbol.asyncDispose]();
    expect(await listener.next()).toMatchObject({ event: 'change', id: 1 });
    expect(await listener.ended()).toBe(true);
    expect(server.run.closed).toBe(true);
  });
});
