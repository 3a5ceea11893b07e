/** The thread pool against threads that are only pretended. */
import { describe, expect, it } from 'vitest';
import type { ThreadProgram, ThreadReply, ThreadRequest } from './messages.ts';
import { openThreadPool, type SpawnThread, type ThreadEvents } from './pool.ts';

const program = { scratch: [0, 0] } as unknown as ThreadProgram;

/** Threads that note what is asked of them and answer when they are told to. */
function pretended() {
  const events: ThreadEvents[] = [];
  const asked: (readonly [thread: number, request: ThreadRequest])[] = [];
  const ended: number[] = [];
  const spawn: SpawnThread = (heard) => {
    const thread = events.push(heard) - 1;
    return {
      post: (request) => {
        asked.push([thread, request]);
      },
      expectReply: () => undefined,
      end: async () => {
        ended.push(thread);
      },
    };
  };
  const answer = (reply: ThreadReply = {}): void => events.forEach(({ onReply }) => onReply(reply));
  return { spawn, events, asked, ended, answer };
}

/** Lets promises that are settled run what waits for them. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the thread pool', () => {
  it('asks all threads, one request after the other', async () => {
    const { spawn, asked, answer } = pretended();
    const pool = openThreadPool(2, spawn);
    const [opened, ran] = [pool.open(program), pool.run(0, 'train')];
    await settle();
    expect(asked.map(([thread, { kind }]) => [thread, kind])).toEqual([
      [0, 'open'],
      [1, 'open'],
    ]);
    answer();
    expect(await opened).toBe(0);
    await settle();
    expect(asked.slice(2).map(([, request]) => request)).toEqual([
      { kind: 'run', id: 0, list: 'train' },
      { kind: 'run', id: 0, list: 'train' },
    ]);
    answer();
    await expect(ran).resolves.toBeUndefined();
  });

  it('tells why a run failed, and goes on', async () => {
    const { spawn, answer } = pretended();
    const pool = openThreadPool(2, spawn);
    const [failing, next] = [pool.run(0, 'train'), pool.run(0, 'train')];
    const told = failing.catch((error: unknown) => error);
    await settle();
    answer({ failed: 'memory access out of bounds' });
    expect(await told).toMatchObject({ code: 'EXACT_THREAD', message: expect.stringContaining('out of bounds') });
    await settle();
    answer();
    await expect(next).resolves.toBeUndefined();
  });

  it('rejects what waits and what comes when a thread ends', async () => {
    const { spawn, events } = pretended();
    const pool = openThreadPool(2, spawn);
    const waiting = pool.run(0, 'train').catch((error: unknown) => error);
    await settle();
    events[1]?.onEnd(new Error('killed'));
    expect(await waiting).toMatchObject({ code: 'EXACT_THREAD' });
    await expect(pool.run(0, 'train')).rejects.toMatchObject({ code: 'EXACT_THREAD' });
  });

  it('ends its threads when it is closed', async () => {
    const { spawn, ended } = pretended();
    const pool = openThreadPool(3, spawn);
    await pool.close();
    expect(ended).toEqual([0, 1, 2]);
    await expect(pool.run(0, 'train')).rejects.toMatchObject({ code: 'EXACT_THREAD' });
  });
});
