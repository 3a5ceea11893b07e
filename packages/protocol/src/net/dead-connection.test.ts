/** Connections that neither end has closed, and that carry nothing any more. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { milliseconds } from '../core/units.ts';
import type { MemberInfo } from '../wire/control.ts';
import type { MurmurationNode } from './murmuration-node.ts';
import { memberOf, testNode } from './testing.ts';

const PROTOCOL = '/test/1.0.0';

/** A way to `node` that swallows everything once it is told to. */
class Way {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  #swallows = false;

  constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      this.#pass(near, far);
      this.#pass(far, near);
    });
  }

  async open(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  swallow(): void {
    this.#swallows = true;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.push(from);
    from.on('error', () => undefined);
    from.on('data', (data) => this.#swallows || to.write(data));
  }
}

const nodes: MurmurationNode[] = [];
let way: Way;
let server: MurmurationNode;
let throughWay: MemberInfo;
const start = async (...args: Parameters<typeof testNode>): Promise<MurmurationNode> => {
  const node = await testNode(...args);
  await node.serve(PROTOCOL, 8, () => undefined);
  nodes.push(node);
  return node;
};
beforeEach(async () => {
  server = await start(1);
  way = new Way(Number(/tcp\/(\d+)/.exec(server.addresses()[0]!)![1]));
  throughWay = { peerId: server.peerId, addresses: [`/ip4/127.0.0.1/tcp/${await way.open()}`] };
});
afterEach(async () => {
  way.close();
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

describe('a connection that is dead', () => {
  it('is given up after the second attempt to open a stream on it', async () => {
    const client = await start(2);
    await client.open(throughWay, PROTOCOL);
    way.swallow();
    client.useFailureTimeout(milliseconds(1000));
    await expect(client.open(throughWay, PROTOCOL)).rejects.toMatchObject({ code: 'DIAL_FAILED' });
    expect(client.isConnected(server.peerId)).toBe(true);
    await expect(client.open(throughWay, PROTOCOL)).rejects.toMatchObject({ code: 'DIAL_FAILED' });
    expect(client.isConnected(server.peerId)).toBe(false);
    client.useFailureTimeout(milliseconds(10_000));
    expect((await client.open(memberOf(server), PROTOCOL)).status).toBe('open');
  });

  it('is not preferred to the one that its peer opens after a restart', async () => {
    const before = await start(2);
    await before.open(throughWay, PROTOCOL);
    way.swallow();
    const after = await start(2);
    await after.open(memberOf(server), PROTOCOL);
    expect((await server.open(memberOf(after), PROTOCOL)).status).toBe('open');
  });
});
