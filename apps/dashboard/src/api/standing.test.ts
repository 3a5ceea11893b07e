import { describe, expect, it } from 'vitest';
import { MockRun } from '../testing/mock-run.ts';
import { waitAfter } from './link.ts';
import type { LinkState } from './link.ts';
import { viewOf } from './merge.ts';
import { standingOf } from './standing.ts';

const open: LinkState = { is: 'open' };
const waiting: LinkState = { is: 'waiting', attempt: 2, retryAt: 0 };

function viewWith(change: (run: MockRun) => void): ReturnType<typeof viewOf> {
  const run = new MockRun();
  change(run);
  return viewOf(run.snapshot());
}

describe('how a run stands', () => {
  const live = viewWith(() => undefined);
  const finished = viewWith((run) => run.finish());

  it('is live while a coordinator writes it', () => expect(standingOf(live, open, false).name).toBe('live'));
  it('is connecting before anything is known', () => expect(standingOf(null, waiting, false).name).toBe('connecting'));
  it('is disconnected when the server went away', () =>
    expect(standingOf(live, waiting, false).name).toBe('disconnected'));
  it('says so when a disconnected page is paused too', () =>
    expect(standingOf(live, waiting, true).name).toBe('disconnected'));
  it('is paused when somebody asked for it', () => expect(standingOf(live, open, true).name).toBe('paused'));
  it('is finished whether or not the server is still there', () => {
    expect(standingOf(finished, open, false).name).toBe('finished');
    expect(standingOf(finished, waiting, true).name).toBe('finished');
  });
  it('tells how far the journal is read', () => {
    const reading = standingOf(
      viewWith((run) => (run.read = 0.437)),
      open,
      false,
    );
    expect(reading.name).toBe('reading');
    expect(reading.label).toContain('43');
  });
  it('takes a live run that is a few entries behind as live, and a copied one as still being read', () => {
    const behind = (live: boolean) =>
      viewWith((run) => {
        run.read = 0.99;
        run.live = live;
      });
    expect(standingOf(behind(true), open, false).name).toBe('live');
    expect(standingOf(behind(false), open, false).name).toBe('reading');
  });
  it('names the command for a run that nobody writes', () => {
    const stopped = standingOf(
      viewWith((run) => (run.live = false)),
      open,
      false,
    );
    expect(stopped.name).toBe('stopped');
    expect(stopped.sentence).toContain('orchestrate resume');
  });
});

describe('waiting before another try', () => {
  it('doubles up to half a minute, spread by a quarter either way', () => {
    expect([1, 2, 3, 4].map((attempt) => waitAfter(attempt, 0.5))).toEqual([1000, 2000, 4000, 8000]);
    expect(waitAfter(40, 0.5)).toBe(30_000);
    expect(waitAfter(1, 0)).toBe(750);
    expect(waitAfter(40, 0.999)).toBeLessThan(37_500);
  });
});
