/** A tab's worker over a page and sessions that do what the test says. */
import { describe, expect, it } from 'vitest';
import type { WorkerEnd } from '../shell/worker.ts';
import type { TabEvent, TabWorkerOptions } from './face.ts';
import type { PageListener } from './page-events.ts';
import type { Session } from './session.ts';
import { RunningTab } from './tab-worker.ts';

interface FakeSession extends Session {
  readonly left: string[];
  readonly hurried: number;
  end(end: WorkerEnd): void;
}

/** Ends when it is left, as a worker does, unless it is slow about it. */
function fakeSession(slow: boolean): FakeSession {
  const ended = Promise.withResolvers<WorkerEnd>();
  const session = {
    left: [] as string[],
    hurried: 0,
    run: () => ended.promise,
    leave(reason: string) {
      session.left.push(reason);
      if (!slow) ended.resolve({ outcome: 'interrupted', code: 'INTERRUPTED', reason });
    },
    hurry: () => void (session.hurried += 1),
    end: (end: WorkerEnd) => ended.resolve(end),
  };
  return session;
}

function start({ locked = false, slow = false, opens = true, share = 1 } = {}) {
  const sessions: FakeSession[] = [];
  const events: TabEvent[] = [];
  const log: string[] = [];
  let page: PageListener | null = null;
  const options = { key: { peerId: 'me' }, share } as unknown as TabWorkerOptions;
  const tab = new RunningTab(options, {
    openClock: () => ({ after: () => () => undefined, close: () => void log.push('clock closed') }),
    lockKey: async () => (locked ? null : () => void log.push('key released')),
    watchPage(listener) {
      page = listener;
      return () => void log.push('unwatched');
    },
    async openSession() {
      if (!opens) throw Object.assign(new Error('no scripts'), { code: 'TAB_SCRIPT' });
      const session = fakeSession(slow);
      sessions.push(session);
      return session;
    },
  });
  tab.subscribe((event) => events.push(event));
  /** Resolves when there are so many sessions. */
  const stays = async (count: number): Promise<FakeSession> => {
    while (sessions.length < count) await Promise.resolve();
    return sessions[count - 1]!;
  };
  const phase = async (wanted: string): Promise<void> => {
    while (tab.status.phase !== wanted) await Promise.resolve();
  };
  return { tab, sessions, events, log, stays, phase, page: () => page! };
}

const finished: WorkerEnd = { outcome: 'finished', code: 'FINISHED', reason: 'all rounds are committed' };

describe('a tab’s worker', () => {
  it('ends with the run, and lets go of all that it held', async () => {
    const { tab, stays, log } = start();
    (await stays(1)).end(finished);
    expect(await tab.ended).toEqual(finished);
    expect(tab.status).toMatchObject({ phase: 'ended', end: finished });
    expect(log.toSorted()).toEqual(['clock closed', 'key released', 'unwatched']);
  });

  it('pauses by leaving, and resumes with another stay', async () => {
    const { tab, stays, phase, sessions } = start();
    await stays(1);
    tab.pause('lunch');
    await phase('paused');
    expect([sessions[0]?.left, tab.status.reason]).toEqual([['lunch'], 'Paused: lunch.']);
    tab.pause();
    tab.resume();
    expect(tab.status.phase).toBe('starting');
    await stays(2);
    tab.resume();
    expect(sessions).toHaveLength(2);
  });

  it('resumes after the stay that it was leaving, when its owner is quicker than that', async () => {
    const { tab, stays, sessions } = start({ slow: true });
    const first = await stays(1);
    tab.pause();
    tab.resume();
    expect(sessions).toHaveLength(1);
    first.end({ outcome: 'interrupted', code: 'INTERRUPTED', reason: 'paused' });
    await stays(2);
    expect(tab.status.phase).toBe('starting');
  });

  it('can be left before its session is there, and while it is paused', async () => {
    const early = start();
    expect(await early.tab.leave('changed my mind')).toEqual({
      outcome: 'interrupted',
      code: 'LEFT',
      reason: 'changed my mind',
    });
    expect(early.sessions[0]?.left).toEqual(['changed my mind']);
    const paused = start();
    await paused.stays(1);
    paused.tab.pause();
    await paused.phase('paused');
    expect(await paused.tab.leave('done')).toMatchObject({ outcome: 'interrupted', reason: 'done' });
    expect(await paused.tab.leave('again')).toMatchObject({ reason: 'done' });
  });

  it('is not paused any more once it is being left', async () => {
    const { tab, stays } = start({ slow: true });
    const session = await stays(1);
    const end = tab.leave('done');
    tab.pause();
    tab.resume();
    session.end({ outcome: 'interrupted', code: 'INTERRUPTED', reason: 'done' });
    expect(await end).toMatchObject({ code: 'LEFT' });
  });

  it('says goodbye when the page goes, and comes back with it', async () => {
    const { stays, page, phase, sessions } = start();
    await stays(1);
    page().sleep('the page was closed');
    expect(sessions[0]?.left).toEqual(['the page was closed']);
    await phase('paused');
    page().wake();
    await stays(2);
  });

  it('stays paused when the page wakes up, if it was its owner that paused it', async () => {
    const { tab, stays, page, phase, sessions } = start();
    await stays(1);
    tab.pause();
    await phase('paused');
    page().sleep('frozen');
    page().wake();
    expect([tab.status.phase, sessions.length]).toEqual(['paused', 1]);
  });

  it('is over when the run ends while it is paused for, and when it is expelled', async () => {
    const { tab, stays } = start({ slow: true });
    const session = await stays(1);
    tab.pause();
    session.end(finished);
    expect(await tab.ended).toEqual(finished);
  });

  it('tells what kept it from starting', async () => {
    expect(await start({ locked: true }).tab.ended).toMatchObject({ outcome: 'failed', code: 'KEY_IN_USE' });
    const { tab, log } = start({ opens: false });
    expect(await tab.ended).toMatchObject({ outcome: 'failed', code: 'TAB_SCRIPT' });
    expect(tab.status.problems).toMatchObject([{ code: 'TAB_SCRIPT' }]);
    expect(log).toContain('key released');
    expect(() => start({ share: 0 })).toThrow(RangeError);
  });

  it('dials at once when the network is back, and tells of the tab’s place and share', async () => {
    const { tab, stays, page, events } = start();
    const session = await stays(1);
    page().online();
    expect(session.hurried).toBe(1);
    page().visibility(true);
    tab.setShare(0.5);
    expect(tab.status).toMatchObject({ hidden: true, share: 0.5 });
    expect(events.map(({ event }) => event)).toEqual(['tab.visibility', 'tab.share']);
  });
});
