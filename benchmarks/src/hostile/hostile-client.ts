/**
 * A hostile client of a run's pages in a process of its own: `node hostile-client.ts <port> <streams|requests>`. Prints one
 * line when it is at it, goes on until its input ends, and then prints what it was answered.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { hostOf, idleStreams, noise, randomOf, request, say, trickle } from '@murmuration/test/hostile-http';

const STREAMS = 1000;
const STREAMS_A_HOST = 50;
/** Milliseconds between two requests. */
const PACE = 5;
const HOSTS = 250;
const SLOW_REQUESTS = 20;

const port = Number(process.argv[2]);

const controller = new AbortController();
process.stdin.resume().once('end', () => controller.abort());
const until = async (): Promise<void> => {
  if (!controller.signal.aborted)
    await new Promise((resolve) => controller.signal.addEventListener('abort', resolve, { once: true }));
};

async function streams(): Promise<string> {
  const opened = await idleStreams(port, STREAMS, STREAMS_A_HOST);
  const open = opened.filter(({ status }) => status === 200).length;
  console.log('at it');
  await until();
  for (const { socket } of opened) socket.destroy();
  return `${open} idle streams`;
}

/** One of the ways to misuse the pages. */
function misuse(random: () => number, n: number): string | Uint8Array {
  const ways: readonly (() => string | Uint8Array)[] = [
    () => noise(random, 300),
    () => request('DELETE', '/api/run'),
    () => request('GET', '/api/run', 'Content-Length: 100000000\r\n'),
    () => request('GET', '/api/run', `X: ${'x'.repeat(40_000)}\r\n`),
    () => request('GET', `/api/members?${'x'.repeat(3000)}`),
    () => request('GET', '/api/rounds?from=-1&to=1e9'),
    () => request('GET', '/api/run'),
    () => request('GET', '/join'),
  ];
  return ways[n % ways.length]!();
}

async function requests(): Promise<string> {
  const random = randomOf('hostile');
  const slow = Array.from({ length: SLOW_REQUESTS }, (_, index) => trickle(port, hostOf(HOSTS + index)));
  const statuses = new Map<number, number>();
  const pending = new Set<Promise<void>>();
  console.log('at it');
  for (let n = 0; !controller.signal.aborted; n++) {
    const one = say(port, misuse(random, n), hostOf(n % HOSTS)).then(({ status }) => {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      pending.delete(one);
    });
    pending.add(one);
    await delay(PACE);
  }
  await Promise.all([...pending, ...slow]);
  const counts = [...statuses].toSorted(([a], [b]) => a - b);
  return counts.map(([status, count]) => `${count} × ${status}`).join(', ');
}

console.log(await (process.argv[3] === 'streams' ? streams() : requests()));
