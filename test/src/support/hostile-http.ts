/** Clients that mean no good, as sockets that say anything. Linux lets them come from any address of 127.0.0.0/8. */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface Reply {
  /** 0: closed without a word. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** The answers of one request; a server that says nothing for so long has failed the test. */
const PATIENCE_MS = 20_000;

/** Endless numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: string): () => number {
  let count = 0;
  return () => createHash('sha256').update(`${seed} ${count++}`).digest().readUInt32LE() / 2 ** 32;
}

/** One of many hosts: n from 0. */
export const hostOf = (n: number): string => `127.0.${1 + (n >> 7)}.${1 + (n & 127)}`;

/** A socket that outlives whatever is done to it. */
export function open(port: number, from: string): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  return socket.on('error', () => socket.destroy());
}

const parse = (text: string): Reply => {
  const end = text.indexOf('\r\n\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
    head: end < 0 ? text : text.slice(0, end),
    body: end < 0 ? '' : text.slice(end + 4),
  };
};

/** Everything that a socket hears until the other side closes it. */
export async function heard(socket: Socket): Promise<Reply> {
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  const late = setTimeout(() => socket.destroy(new Error('nothing was said')), PATIENCE_MS);
  await new Promise((resolve) => socket.once('close', resolve));
  clearTimeout(late);
  return parse(Buffer.concat(parts).toString('latin1'));
}

/** Sends bytes as they are and hears the answer out. */
export function say(port: number, bytes: string | Uint8Array, from = '127.0.0.1'): Promise<Reply> {
  const socket = open(port, from);
  socket.write(bytes);
  return heard(socket);
}

export const request = (method: string, path: string, headers = ''): string =>
  `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${headers}\r\n`;

/** Text of printable and unprintable characters. */
export function noise(random: () => number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

/** Streams of events that nobody reads, `perHost` from each host. Resolves when each is open or was refused. */
export async function idleStreams(
  port: number,
  count: number,
  perHost: number,
): Promise<{ status: number; socket: Socket }[]> {
  const one = (index: number): Promise<{ status: number; socket: Socket }> =>
    new Promise((resolve) => {
      const socket = open(port, hostOf(Math.floor(index / perHost)));
      socket.write('GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      socket.once('data', (first: Buffer) => {
        socket.pause();
        resolve({ status: parse(first.toString('latin1')).status, socket });
      });
      socket.once('close', () => resolve({ status: 0, socket }));
    });
  const streams: { status: number; socket: Socket }[] = [];
  for (let index = 0; index < count; index += 100)
    streams.push(
      ...(await Promise.all(Array.from({ length: Math.min(100, count - index) }, (_, i) => one(index + i)))),
    );
  return streams;
}

/** A request that arrives a byte every so often, for as long as the server lets it. */
export async function trickle(port: number, from: string): Promise<Reply> {
  const socket = open(port, from);
  const answer = heard(socket);
  for (const letter of 'GET /api/run HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: '.padEnd(400, 'z')) {
    if (socket.destroyed || socket.readableEnded) break;
    socket.write(letter);
    await delay(100);
  }
  return answer;
}
