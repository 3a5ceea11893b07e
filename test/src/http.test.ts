/** A run whose pages strangers misuse in every way goes on as if they were not there. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { orchestrate } from './support/cli.ts';
import type { CliEvent } from './support/cli.ts';
import { hostOf, idleStreams, noise, open, randomOf, request, say, trickle } from './support/hostile-http.ts';
import { journalFacts } from './support/journal.ts';
import { MARKER, processesMarked } from './support/processes.ts';
import { TestRun } from './support/start.ts';

/** Rounds that are compared with those of a run that nobody disturbed. */
const COMPARED = 30;

const job = {
  model: { hidden: [16] },
  training: { rounds: 100_000, microBatch: 8, globalBatch: 32, numerics: 'exact' },
  workers: { spawn: 2, minimum: 2, backend: 'exact' },
};

const paths = [
  '/',
  '/join',
  '/api/run',
  '/api/events',
  '/api/curve?curve=trainLoss',
  '/api/members',
  '/api/members/16Uiu2HAmJ5qxMNJZJPWewKggeLyw9BPZJTc37LU1cDrrCv8K4LE7',
  '/api/members/16Uiu2HAmJ5qxMNJZJPWewKggeLyw9BPZJTc37LU1cDrrCv8K4LE7/work',
  '/api/rounds',
  '/api/log',
  '/api/join',
  `/api/data/${'0'.repeat(64)}`,
  '/healthz',
  '/metrics',
  '/assets/none.js',
];
const methods = ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT', 'GARBAGE', 'get', ''];

const upgrade = (head = ''): string =>
  `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${head}\r\n`;

const portOf = ({ listens }: CliEvent): number => Number(/:(\d+)$/.exec(listens as string)?.[1]);

/** Hash of the state after each of the first rounds. */
const states = (directory: string): unknown[] =>
  journalFacts(directory)
    .filter(({ type, round }) => type === 'roundCommitted' && (round as number) < COMPARED)
    .map(({ stateHash }) => stateHash);

/** Ends a run in good order and returns its states. */
async function ended(run: TestRun): Promise<unknown[]> {
  run.command.process.kill('SIGINT');
  const { code } = await run.command.exited;
  expect(code, run.command.transcript).toBe(130);
  return states(await run.directory());
}

/** Garbage on every endpoint: each answer is a refusal with a name. */
async function abuse(port: number, seed: string): Promise<void> {
  const random = randomOf(seed);
  let host = 0;
  const from = (): string => hostOf(host++ % 250);
  const typed = async (what: string, bytes: string | Uint8Array, expected: RegExp): Promise<void> => {
    const { status, body } = await say(port, bytes, from());
    expect(`${status} ${body}`, `${what} (seed ${seed})`).toMatch(expected);
  };
  for (const path of paths) {
    for (const method of methods)
      await typed(`${method} ${path}`, request(method, path), /^4\d\d \{"error":\{"code":"[A-Z_]+"/);
    await typed(`${path} with a body`, request('GET', path, 'Content-Length: 100000000\r\n'), /^413 .*BODY_REFUSED/);
    await typed(`${path} in chunks`, request('GET', path, 'Transfer-Encoding: chunked\r\n'), /^413 /);
    await typed(`${path}, long`, request('GET', `${path}${'x'.repeat(3000)}`), /^414 /);
    await typed(`${path}, headers`, request('GET', path, `X: ${'x'.repeat(40_000)}\r\n`), /^431 /);
    await typed(`${path} by another name`, request('GET', path).replace('127.0.0.1', 'evil.example'), /^421 /);
    const query = encodeURIComponent(noise(random, 40).toString('latin1'));
    await say(port, request('GET', `${path}${path.includes('?') ? '&' : '?'}${query}=${query}`), from()).then(
      ({ status }) =>
        // A stream of events or a page asks nothing of its query; all others refuse it. Nothing fails.
        expect([200, 400, 404], `${path}?${query}`).toContain(status),
    );
  }
  for (const length of [1, 20, 300, 5000, 60_000])
    await typed(`${length} bytes of noise`, noise(random, length), /^(400|431) .*"error"/);
  for (const path of [
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/api/data/..%2f..%2fkeys%2fcoordinator.key',
    '//etc/passwd',
  ])
    await typed(path, request('GET', path), /^(404|200) (?!.*root:)/);
  for (const bytes of [upgrade('Origin: https://evil.example\r\n'), upgrade().replace('websocket', 'h2c')])
    await typed('an upgrade', bytes, /^4\d\d .*"error"/);
}

/** Sockets that become WebSockets and then speak nonsense; the coordinator's own listener closes them. */
async function abuseUpgrades(port: number, seed: string): Promise<void> {
  const random = randomOf(`${seed} upgrades`);
  const speak = async (index: number): Promise<void> => {
    const socket = open(port, hostOf(index));
    socket.write(upgrade());
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString('latin1'), `seed ${seed}`).toMatch(/^HTTP\/1\.1 101 /);
    // Not `once` of events: it takes the reset that is to be expected for a failure.
    const closed = new Promise((resolve) => socket.once('close', resolve));
    for (let part = 0; part < 5; part += 1) socket.write(noise(random, 1 + Math.floor(random() * 4000)));
    await closed;
  };
  await Promise.all(Array.from({ length: 20 }, (_, index) => speak(index)));
}

describe('under hostile use of its pages', () => {
  it('a run computes what it computes alone, refuses by name, and leaves nothing behind', async () => {
    const seed = String(Math.floor(Math.random() * 1e9));
    console.log(`seed ${seed}`);
    const marker = crypto.randomUUID();
    await using run = new TestRun(job, { [MARKER]: marker }, ['--http', '127.0.0.1:0']);
    const port = portOf(await run.command.event('http.listening'));
    await run.committed(1);
    const slow = Array.from({ length: 20 }, (_, index) => trickle(port, hostOf(300 + index)));

    const streams = await idleStreams(port, 1000, 50);
    expect(streams.filter(({ status }) => status === 200)).toHaveLength(1000);
    const [greedy] = await idleStreams(port, 100, 100).then((more) => more.filter(({ status }) => status === 429));
    expect(greedy, 'one host has 150 streams').toBeDefined();
    await abuse(port, seed);
    await abuseUpgrades(port, seed);
    const flood = await Promise.all(
      Array.from({ length: 800 }, () => say(port, request('GET', '/healthz'), '127.0.9.9')),
    );
    const statuses = new Set(flood.map(({ status }) => status));
    expect(
      [...statuses].every((status) => [200, 429, 0].includes(status)),
      [...statuses].join(' '),
    ).toBe(true);
    expect(statuses).toContain(429);
    for (const { status, body } of await Promise.all(slow)) expect(`${status} ${body}`).toMatch(/^408 .*TOO_SLOW/);

    const well = await say(port, request('GET', '/api/run'));
    expect([well.status, (JSON.parse(well.body) as { live: boolean }).live]).toEqual([200, true]);
    const round = run.command.events.filter(({ event }) => event === 'round.committed').length;
    await run.committed(Math.max(round + 10, COMPARED));
    const disturbed = await ended(run);
    expect(
      run.command.events.filter(({ event, line }) => event === 'notice' && String(line).includes('page server')),
    ).toEqual([]);
    for (const { socket } of streams) socket.destroy();
    expect(processesMarked(marker)).toEqual([]);
    const refused = connect(port, '127.0.0.1');
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');

    await using quiet = new TestRun(job);
    await quiet.committed(COMPARED);
    expect(disturbed).toHaveLength(COMPARED);
    expect(disturbed).toEqual(await ended(quiet));
  });
});

describe('pages', () => {
  it('of a run that is over are served from its directory, and say the same', async () => {
    await using run = new TestRun({ training: { rounds: 5 } });
    await run.command.exited;
    const result = run.command.events.at(-1);
    const pages = orchestrate(['dashboard', await run.directory(), '--http', '127.0.0.1:0', '--json']);
    try {
      const port = portOf(await pages.event('http.listening'));
      await pages.event('http.pages');
      // The journal is read while it is served already.
      await expect
        .poll(async () => JSON.parse((await say(port, request('GET', '/api/run'))).body) as unknown)
        .toMatchObject({
          live: false,
          figures: { round: 5, stateHash: result?.['stateHash'], outcome: { outcome: 'finished' } },
        });
      expect((await say(port, request('GET', '/'))).body).toContain('<!doctype html>');
      const { body: offer } = await say(port, request('GET', '/api/join'));
      expect(JSON.parse(offer)).toMatchObject({ open: false, addresses: [] });
      expect((await say(port, upgrade())).status).toBe(503);
    } finally {
      pages.process.kill('SIGINT');
      await pages.exited;
    }
  });

  it('on a port that is taken are one line, and no run', async () => {
    await using first = new TestRun({ training: { rounds: 100_000 } }, {}, ['--http', '127.0.0.1:0']);
    const port = portOf(await first.command.event('http.listening'));
    await using second = new TestRun({}, {}, ['--http', `127.0.0.1:${port}`]);
    const { code } = await second.command.exited;
    expect(code).toBe(2);
    expect(second.command.stderr).toHaveLength(1);
    expect(second.command.stderr[0]).toContain(`127.0.0.1:${port}`);
  });
});
