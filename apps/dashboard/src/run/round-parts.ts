/** What a round's members did, in sums and in words. Pure. */
import type { RoundLine, RoundSpan } from '@murmuration/protocol/dashboard';
import { counted, milliseconds } from '../design/format.ts';

export type Activity = RoundSpan['what'];

/** In the order in which a round goes, which is that of the legend. */
export const activities: Readonly<Record<Activity, string>> = {
  computed: 'Computed',
  pushed: 'Pushed',
  waited: 'Waited',
  reduced: 'Reduced',
  gathered: 'Gathered',
  applied: 'Applied',
  audited: 'Audited another',
  failed: 'Failed',
};

const verbs: Readonly<Record<Activity, string>> = {
  computed: 'computed',
  pushed: 'pushed its gradient',
  waited: 'waited',
  reduced: 'reduced its buckets',
  gathered: 'gathered the reduced ones',
  applied: 'applied the sealed update',
  audited: 'audited',
  failed: 'failed',
};

/** How long the round took, or goes on so far as its spans tell, in milliseconds. */
export const lengthOf = (line: RoundLine): number =>
  line.milliseconds ?? Math.max(1, ...line.members.flatMap(({ spans }) => spans.map(({ toMs }) => toMs)));

/** Part of all members' time that went to each activity, 0 to 1; audits go on beside the rest and are left out. */
export function timeShares(line: RoundLine): readonly { readonly what: Activity; readonly part: number }[] {
  const spent = new Map<Activity, number>();
  for (const { what, fromMs, toMs } of line.members.flatMap(({ spans }) => spans)) {
    if (what !== 'audited') spent.set(what, (spent.get(what) ?? 0) + Math.max(0, toMs - fromMs));
  }
  const whole = [...spent.values()].reduce((sum, ms) => sum + ms, 0);
  return (Object.keys(activities) as Activity[])
    .filter((what) => whole > 0 && spent.has(what))
    .map((what) => ({ what, part: spent.get(what)! / whole }));
}

/** Whether something went wrong in it. */
export const isDisturbed = (line: RoundLine): boolean =>
  line.outcome === 'abandoned' ||
  line.outcome === 'rolled back' ||
  line.events.length > 0 ||
  line.members.some(({ spans }) => spans.some(({ what }) => what === 'failed'));

/** `computed for 320 ms (0 ms to 320 ms), waited …`: a member's round, to be read aloud. */
export const spansInWords = (spans: readonly RoundSpan[]): string =>
  spans.length === 0
    ? 'nothing is known of it yet'
    : spans
        .map(
          ({ what, fromMs, toMs, note }) =>
            `${verbs[what]} for ${milliseconds(toMs - fromMs)}${note === '' ? '' : ` (${note})`}`,
        )
        .join(', ');

const outcomes: Readonly<Record<RoundLine['outcome'], string>> = {
  committed: 'committed',
  'under way': 'under way',
  abandoned: 'abandoned',
  'rolled back': 'rolled back',
};

/** `Round 764, committed after 812 ms, 12 members, disturbed` */
export function roundInWords(line: RoundLine): string {
  const members = counted(line.members.length + line.hidden, 'member');
  const time = line.milliseconds === null ? '' : ` after ${milliseconds(line.milliseconds)}`;
  return `Round ${line.round}, ${outcomes[line.outcome]}${time}, ${members}${isDisturbed(line) ? ', disturbed' : ''}`;
}
