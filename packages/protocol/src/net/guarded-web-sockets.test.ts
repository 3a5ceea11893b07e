import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { MAX_WEBSOCKET_MESSAGE } from './limits.ts';
import type { MurmurationNode } from './murmuration-node.ts';
import { memberOf, testNode } from './testing.ts';

const nodes: MurmurationNode[] = [];
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

async function listening(): Promise<{ node: MurmurationNode; port: number }> {
  const node = await testNode(1, { listen: ['/ip4/127.0.0.1/tcp/0/ws'] });
  nodes.push(node);
  const [, port] = /\/tcp\/(\d+)\/ws/.exec(node.addresses()[0] ?? '') ?? [];
  return { node, port: Number(port) };
}

/** A stranger whose connection has become a WebSocket. */
async function stranger(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  socket.write(
    'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 101 /);
  return socket;
}

const closing = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.resume().once('close', () => resolve()));

/** A masked binary frame that says it has so many bytes. */
function announcing(length: number): Buffer {
  const head = Buffer.alloc(14);
  head.writeUInt8(0x82);
  head.writeUInt8(0xff, 1);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

describe('a stranger on a WebSocket', () => {
  it.each<[string, Uint8Array]>([
    ['sends what is no frame', Uint8Array.of(0xf2, 0x80, 1, 2, 3, 4)],
    ['sends a frame without its mask', Uint8Array.of(0x82, 0x01, 0x00)],
    ['sends text that is no text', Uint8Array.of(0x81, 0x81, 0, 0, 0, 0, 0xff)],
    ['announces more than anybody sends', announcing(MAX_WEBSOCKET_MESSAGE + 1)],
    ['announces more than there is', announcing(Number.MAX_SAFE_INTEGER)],
  ])('who %s is closed, and the node goes on', async (_what, bytes) => {
    const { node, port } = await listening();
    const socket = await stranger(port);
    const closed = closing(socket);
    socket.write(bytes);
    await closed;
    const friend = await testNode(2, { listen: [] });
    nodes.push(friend);
    await node.serve('/test/1.0.0', 1, (stream) => stream.abort(new Error('that is all')));
    await friend.open(memberOf(node), '/test/1.0.0');
    expect(node.isConnected(friend.peerId)).toBe(true);
  });

  it('who is given up is closed at once', async () => {
    const { port } = await listening();
    const socket = await stranger(port);
    const closed = closing(socket);
    // A frame in good order that is no handshake: the node gives the connection up.
    socket.write(Uint8Array.of(0x82, 0x83, 0, 0, 0, 0, 1, 2, 3));
    await closed;
    expect(socket.destroyed).toBe(true);
  });
});
