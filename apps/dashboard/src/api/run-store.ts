/**
 * The run that the page shows, as signals. Changes are merged as they come and published once a frame at most, so that
 * ten or a hundred a second cost one drawing and input always gets its turn; while a person has paused the page, or the
 * tab is hidden, they are merged and wait.
 */
import { computed, signal } from '@preact/signals';
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { CurvePoint, RunChange, RunSnapshot } from '@murmuration/protocol/dashboard';
import { announce } from '../design/live-region.tsx';
import { ask } from './client.ts';
import { RunLink } from './link.ts';
import type { LinkState } from './link.ts';
import { merge, refill, viewOf } from './merge.ts';
import type { RunView } from './merge.ts';
import { standingOf } from './standing.ts';

/** Points that may wait for a hidden or paused page; with more, curves are asked for anew. */
const MOST_POINTS = 4000;

/** New points of curves; null: some were missed, ask for the curves anew. */
export type PointsListener = (points: readonly CurvePoint[] | null) => void;

const published = signal<RunView | null>(null);
const link = signal<LinkState>({ is: 'connecting', attempt: 1 });
const trouble = signal<Error | null>(null);
const paused = signal(false);

let newest: RunView | null = null;
let points: CurvePoint[] | null = [];
let frame = 0;
const listeners = new Set<PointsListener>();

export const run = {
  /** Null until the first snapshot is there. */
  view: computed(() => published.value),
  link: computed(() => link.value),
  /** What the page can tell of its server and the run, in words. */
  standing: computed(() => standingOf(published.value, link.value, paused.value)),
  /** Why there is no run to show; null when there is one, or when it may still come. */
  trouble: computed(() => trouble.value),
  paused: computed(() => paused.value),
} as const;

export function setPaused(pause: boolean): void {
  paused.value = pause;
  if (!pause) publishSoon();
}

/** Calls `listener` with points as they come; answers what ends that. */
export function onPoints(listener: PointsListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function publish(): void {
  frame = 0;
  if (paused.value || newest === null) return;
  published.value = newest;
  const told = points;
  points = [];
  if (told === null || told.length > 0) for (const listener of listeners) listener(told);
}

function publishSoon(): void {
  if (frame === 0 && !paused.value) frame = requestAnimationFrame(publish);
}

function takeSnapshot(snapshot: RunSnapshot): void {
  const returning = newest !== null;
  newest = viewOf(snapshot);
  trouble.value = null;
  // Between two snapshots points were missed.
  points = returning ? null : [];
  publishSoon();
}

function takeChange(change: RunChange): void {
  if (newest === null) return;
  newest = merge(newest, change);
  const missed = change.cut.includes('points') || (points?.length ?? 0) + change.points.length > MOST_POINTS;
  if (missed) points = null;
  else points?.push(...change.points);
  if (change.cut.includes('rounds') || change.cut.includes('log')) void fill();
  publishSoon();
}

let filling = false;

/** A change that left rows out leaves a gap: the whole is asked for, one question at a time. */
async function fill(): Promise<void> {
  if (filling) return;
  filling = true;
  try {
    const snapshot = await ask<RunSnapshot>(apiPaths.run);
    if (newest !== null) newest = refill(newest, snapshot);
    publishSoon();
  } catch (error) {
    announce(`Some rounds and events are missing here. ${(error as Error).message}`, 'bad');
  } finally {
    filling = false;
  }
}

const connection = new RunLink({
  snapshot: takeSnapshot,
  change: takeChange,
  state: (state) => {
    link.value = state;
    if (state.is === 'waiting' && newest === null) void explain();
  },
  expectsMore: () => newest === null || newest.live || newest.read < 1 || newest.figures.outcome === null,
});

/** A stream that fails doesn't say why: the same server's answer to a plain question does. */
async function explain(): Promise<void> {
  try {
    takeSnapshot(await ask<RunSnapshot>(apiPaths.run));
  } catch (error) {
    trouble.value = error as Error;
  }
}

export const reconnect = (): void => connection.retryNow();

/** Begins to watch the run; once a page. */
export function watchRun(): void {
  window.addEventListener('online', reconnect);
  connection.connect();
}
