/** How the page, its server and the run stand, as one word for a badge and one sentence for people. Pure. */
import { capital } from '../design/format.ts';
import type { LinkState } from './link.ts';
import type { RunView } from './merge.ts';

export type StandingName =
  | 'connecting'
  | 'disconnected'
  | 'paused'
  | 'reading'
  | 'live'
  | 'finished'
  | 'failed'
  | 'stopped';

export interface Standing {
  readonly name: StandingName;
  readonly label: string;
  readonly sentence: string;
}

type Known = Pick<RunView, 'live' | 'read' | 'figures'>;

/** A live journal is always a few entries ahead of its reader; from here on that is no news. */
const CAUGHT_UP = 0.95;

const of = (name: StandingName, label: string, sentence: string): Standing => ({ name, label, sentence });

/** `view` is what is shown, null before there is anything. */
export function standingOf(view: Known | null, link: LinkState, paused: boolean): Standing {
  if (view === null) return of('connecting', 'Connecting', 'The page asks its server for the run.');
  const { outcome } = view.figures;
  if (view.read < (view.live ? CAUGHT_UP : 1))
    return of(
      'reading',
      `Reading journal ${Math.floor(view.read * 100)}\u202f%`,
      'The server still reads the journal; figures grow until it is through.',
    );
  if (!view.live && outcome !== null) {
    return outcome.outcome === 'failed'
      ? of('failed', 'Failed', capital(outcome.reason))
      : of('finished', outcome.outcome === 'drained' ? 'Drained' : 'Finished', capital(outcome.reason));
  }
  if (link.is === 'waiting')
    return of(
      'disconnected',
      'Disconnected',
      'The server does not answer. What you see is what was last heard; the page tries again by itself.',
    );
  if (link.is === 'connecting') return of('connecting', 'Reconnecting', 'The page asks its server for the run.');
  if (paused) return of('paused', 'Paused', 'This page stands still. The run goes on.');
  if (!view.live)
    return of(
      'stopped',
      'Not running',
      'No coordinator writes this run now. `orchestrate resume RUN` goes on with it.',
    );
  return of('live', 'Live', 'Updated as the run goes on.');
}
