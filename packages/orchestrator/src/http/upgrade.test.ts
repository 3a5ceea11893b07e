import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect } from 'node:net';
import { once } from 'node:events';
import { runId } from '@murmuration/protocol';
import { describe, expect, it } from 'vitest';
import type { Coordination } from './messages.ts';
import { MAX_UPGRADES_PER_ADDRESS } from './limits.ts';
import { aPeer, TestServer } from './testing.ts';

/** In place of the coordinator's listener: answers the handshake, then says everything back. */
class Echo implements AsyncDisposable {
  readonly heads: string[] = [];
  readonly sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
      socket.once('data', (first) => {
        const end = first.indexOf('\r\n\r\n') + 4;
        this.heads.push(first.subarray(0, end).toString());
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
        socket.write(first.subarray(end));
        socket.pipe(socket);
      });
    });
  }

  static async start(): Promise<Echo> {
    const echo = new Echo();
    echo.#server.listen(0, '127.0.0.1');
    await once(echo.#server, 'listening');
    return echo;
  }

  get coordination(): Coordination {
    const { port } = this.#server.address() as AddressInfo;
    return {
      facts: {
        runId: runId('test-20260101-00000000'),
        peerId: aPeer,
        protocolVersion: '1.0.0',
        tokenRequired: false,
        stateBytes: 0,
        files: [],
      },
      files: [],
      peers: { host: '127.0.0.1', port },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const upgrade = (more = '', key = 'dGhlIHNhbXBsZSBub25jZQ=='): string =>
  `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${more}\r\n`;

/** A connection that has been upgraded. */
async function open(server: TestServer, more = ''): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(upgrade(more));
  const [first] = (await once(socket, 'data')) as [Buffer];
  expect(first.toString()).toMatch(/^HTTP\/1\.1 101/);
  return socket;
}

/** Reads until so many bytes are there. */
async function take(socket: Socket, length: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let total = 0;
  while (total < length) {
    const [part] = (await once(socket, 'data')) as [Buffer];
    parts.push(part);
    total += part.length;
  }
  return Buffer.concat(parts);
}

describe('a WebSocket upgrade', () => {
  it('leads to the coordinator, byte for byte', async () => {
    await using echo = await Echo.start();
    await using server = await TestServer.start({}, echo.coordination);
    const socket = await open(server);
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 31) & 255));
    socket.write(bytes);
    expect((await take(socket, bytes.length)).equals(bytes)).toBe(true);
    socket.destroy();
  });

  it('passes on nothing of the request but what makes it an upgrade', async () => {
    await using echo = await Echo.start();
    await using server = await TestServer.start({}, echo.coordination);
    const socket = await open(server, 'Cookie: a=b\r\nX-Forwarded-For: 203.0.113.9\r\nAuthorization: Bearer x\r\n');
    expect(echo.heads[0]?.toLowerCase()).not.toMatch(/cookie|forwarded|authorization/);
    expect(echo.heads[0]).toContain('sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==');
    socket.destroy();
  });

  it('ends at both sides together', async () => {
    await using echo = await Echo.start();
    await using server = await TestServer.start({}, echo.coordination);
    const left = await open(server);
    const [inside] = [...echo.sockets];
    const insideClosed = once(inside as Socket, 'close');
    left.destroy();
    await insideClosed;
    expect(echo.sockets.size).toBe(0);
    const cut = await open(server);
    const outsideClosed = once(cut, 'close');
    for (const socket of echo.sockets) socket.destroy();
    await outsideClosed;
    expect(cut.destroyed).toBe(true);
  });

  it.each<[string, string, RegExp]>([
    ['of another kind', upgrade().replace('websocket', 'h2c'), /^HTTP\/1\.1 426 .*UPGRADE_REFUSED/s],
    ['without a key', upgrade('', 'garbage'), /^HTTP\/1\.1 426 /],
    ['with a method that changes things', upgrade().replace('GET', 'POST'), /^HTTP\/1\.1 405 /],
    ['from a page of another site', upgrade('Origin: https://evil.example\r\n'), /^HTTP\/1\.1 403 .*WRONG_ORIGIN/s],
    ['from a page without an origin', upgrade('Origin: null\r\n'), /^HTTP\/1\.1 403 /],
    ['by another name', upgrade().replace('127.0.0.1', 'evil.example'), /^HTTP\/1\.1 421 /],
  ])('%s is refused', async (_what, bytes, expected) => {
    await using echo = await Echo.start();
    await using server = await TestServer.start({}, echo.coordination);
    expect(await server.say(bytes)).toMatch(expected);
    expect(echo.heads).toEqual([]);
  });

  it('of a page of this server is taken', async () => {
    await using echo = await Echo.start();
    await using server = await TestServer.start({}, echo.coordination);
    const socket = await open(server, 'Origin: http://127.0.0.1\r\n');
    expect(echo.heads).toHaveLength(1);
    socket.destroy();
  });

  it('is refused where nobody coordinates, and where the coordinator does not answer', async () => {
    await using alone = await TestServer.start();
    expect(await alone.say(upgrade())).toMatch(/^HTTP\/1\.1 503 .*NO_COORDINATOR/s);
    const echo = await Echo.start();
    const { coordination } = echo;
    await echo[Symbol.asyncDispose]();
    await using server = await TestServer.start({}, coordination);
    expect(await server.say(upgrade())).toMatch(/^HTTP\/1\.1 503 .*NO_COORDINATOR/s);
  });

  it('is refused to an address that has too many open', async () => {
    await using echo = await Echo.start();
    await using server = await TestServer.start({}, echo.coordination);
    const sockets = await Promise.all(Array.from({ length: MAX_UPGRADES_PER_ADDRESS }, () => open(server)));
    expect(await server.say(upgrade())).toMatch(/^HTTP\/1\.1 429 .*TOO_MANY_CONNECTIONS/s);
    for (const socket of sockets) socket.destroy();
  });
});
