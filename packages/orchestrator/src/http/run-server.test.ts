import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { EventEmitter, once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RunSnapshot } from '@murmuration/protocol/dashboard';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeRunDirectory } from '../dashboard/testing/run-directory.ts';
import { simulatedJournal } from '../dashboard/testing/simulated-run.ts';
import type { HttpOptions } from './options.ts';
import { RunServer } from './run-server.ts';

const http: HttpOptions = { address: { host: '127.0.0.1', port: 0 }, tls: null, announce: null, behindProxy: false };
const story = { seed: 1, members: 20, rounds: 200, contributors: 5, talkative: 5 };
let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'run-server-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const start = (directory: string, options = http, besideRounds = false): Promise<RunServer> =>
  RunServer.start({
    directory,
    http: options,
    besideRounds,
    metrics: () => Promise.resolve('coordinator_up 1\n'),
    notice: () => undefined,
  });

/** The run as the server shows it, once it has read all of it. */
async function snapshotOf({ origin }: RunServer): Promise<RunSnapshot> {
  for (;;) {
    const answer = await fetch(`${origin}/api/run`);
    if (answer.status === 200) {
      const run = (await answer.json()) as RunSnapshot;
      if (run.read === 1) return run;
    }
  }
}

describe('a thread that serves a run directory', () => {
  it('shows a copy of it as the original, and changes nothing but its index', async () => {
    const original = join(folder, 'original');
    writeRunDirectory(original, simulatedJournal(story));
    const copy = join(folder, 'copy');
    cpSync(original, copy, { recursive: true });
    const before = readdirSync(copy).filter((name) => !name.includes('sqlite'));
    const journal = readFileSync(join(copy, 'journal.sqlite'));
    const snapshots: RunSnapshot[] = [];
    for (const directory of [original, copy]) {
      const server = await start(directory);
      try {
        server.open(null);
        snapshots.push(await snapshotOf(server));
        expect(await (await fetch(`${server.origin}/metrics`)).text()).toContain('coordinator_up 1');
      } finally {
        await server.close();
      }
    }
    expect(snapshots[0]).toMatchObject({ live: false, fault: null, figures: { round: 200 } });
    expect(snapshots[1]).toEqual(snapshots[0]);
    expect(readdirSync(copy).filter((name) => !name.includes('sqlite'))).toEqual(before);
    expect(readFileSync(join(copy, 'journal.sqlite')).equals(journal)).toBe(true);
    expect(statSync(join(copy, 'dashboard.sqlite')).size).toBeGreaterThan(0);
  });

  it('says that the run is being opened until its first entry is there', async () => {
    const directory = join(folder, 'early');
    writeRunDirectory(directory, []);
    const server = await start(directory);
    try {
      expect((await fetch(`${server.origin}/api/run`)).status).toBe(503);
      server.open(null);
      expect((await fetch(`${server.origin}/api/run`)).status).toBe(503);
      expect(await (await fetch(`${server.origin}/healthz`)).json()).toEqual({ status: 'starting' });
      writeRunDirectory(directory, simulatedJournal({ ...story, rounds: 3 }));
      server.grew();
      expect((await snapshotOf(server)).figures.round).toBe(3);
    } finally {
      await server.close();
    }
  });

  it.runIf(process.platform === 'linux').each([
    ['leaves the processor to the rounds of its own process', true],
    ['takes its full share where no rounds are', false],
  ])('%s', async (_, besideRounds) => {
    const priorities = (): number[] =>
      readdirSync('/proc/self/task').flatMap((thread) => {
        const path = `/proc/self/task/${thread}/stat`;
        // One may have ended since it was listed.
        const stat = existsSync(path) ? readFileSync(path, 'utf8') : '';
        // Field 19; the second, the name, may contain anything.
        return stat === '' ? [] : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
      });
    const before = priorities();
    const directory = join(folder, `modest ${besideRounds}`);
    writeRunDirectory(directory, simulatedJournal({ ...story, rounds: 1 }));
    const server = await start(directory, http, besideRounds);
    try {
      expect(priorities().length).toBeGreaterThan(before.length);
      expect(Math.max(...priorities()) > Math.max(...before)).toBe(besideRounds);
      expect(Math.min(...priorities())).toBe(Math.min(...before));
    } finally {
      await server.close();
    }
  });

  it('says that a run can not be read, and why, once', async () => {
    const directory = join(folder, 'unreadable');
    writeRunDirectory(directory, simulatedJournal({ ...story, rounds: 1 }));
    writeFileSync(join(directory, 'journal.sqlite'), 'this was a journal once');
    const lines: string[] = [];
    const metrics = (): Promise<string> => Promise.resolve('');
    const server = await RunServer.start({
      directory,
      http,
      besideRounds: false,
      metrics,
      notice: (line) => lines.push(line),
    });
    try {
      server.open(null);
      server.grew();
      for (const path of ['/api/run', '/healthz']) {
        const answer = await fetch(server.origin + path);
        expect([answer.status, await answer.json()]).toMatchObject([503, { error: { code: 'RUN_UNREADABLE' } }]);
      }
    } finally {
      await server.close();
    }
    expect(lines).toEqual([expect.stringMatching(/journal\.sqlite is not what was written/)]);
  });

  describe('that breaks', () => {
    const said = new EventEmitter();
    const lines: string[] = [];
    const notice = (line: string): void => {
      lines.push(line);
      said.emit(line);
    };
    let entry: URL;

    beforeAll(() => {
      const path = join(folder, 'breaking.mjs');
      writeFileSync(
        path,
        `import { parentPort } from 'node:worker_threads';
         const say = (line) => parentPort.postMessage({ type: 'notice', line });
         parentPort.postMessage({ type: 'listening', port: 1 });
         parentPort.on('message', ({ type }) => {
           say(type);
           if (type === 'grew') throw new Error('it breaks');
           if (type === 'close') parentPort.close();
         });`,
      );
      entry = pathToFileURL(path);
    });

    beforeEach(() => {
      lines.length = 0;
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    });
    afterEach(() => vi.useRealTimers());

    const startBreaking = async (): Promise<RunServer> => {
      const metrics = (): Promise<string> => Promise.resolve('');
      const server = await RunServer.start({ directory: folder, http, besideRounds: false, metrics, notice, entry });
      const opened = once(said, 'open');
      server.open(null);
      await opened;
      return server;
    };

    /** Breaks the thread; resolves when the next one has been told what it must know. */
    async function breakOnce(server: RunServer): Promise<void> {
      const opened = once(said, 'open');
      const broken = once(said, 'page server: it breaks');
      server.grew();
      await broken;
      // The thread's end comes some time after its error, and sets the clock that is turned here.
      while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
      await vi.advanceTimersByTimeAsync(1000);
      await opened;
    }

    it('is started again, and is told again what it must know', async () => {
      const server = await startBreaking();
      await breakOnce(server);
      await server.close();
      expect(lines).toEqual(['open', 'grew', 'page server: it breaks', 'page server: started again', 'open', 'close']);
    });

    it('again and again stays away, unless it held for a while', async () => {
      const server = await startBreaking();
      for (let time = 0; time < 5; time++) await breakOnce(server);
      vi.advanceTimersByTime(10 * 60_000);
      for (let time = 0; time < 5; time++) await breakOnce(server);
      const away = once(said, 'page server: it broke too often and stays away; the run goes on');
      server.grew();
      await away;
      await server.close();
      expect(lines.filter((line) => line === 'page server: started again')).toHaveLength(10);
    });
  });

  it('frees its port when it closes, and says when one is taken', async () => {
    const directory = join(folder, 'port');
    writeRunDirectory(directory, simulatedJournal({ ...story, rounds: 1 }));
    const server = await start(directory);
    const taken = { ...http, address: { host: '127.0.0.1', port: server.port } };
    await expect(start(directory, taken)).rejects.toMatchObject({
      code: 'HTTP_PORT_TAKEN',
      message: expect.stringContaining(`127.0.0.1:${server.port}`),
    });
    await server.close();
    const next = createServer().listen(server.port, '127.0.0.1');
    await once(next, 'listening');
    expect((next.address() as AddressInfo).port).toBe(server.port);
    next.close();
  });
});
