/** The rounds: a strip of the newest, each a column as high as it took; and one of them, member by member. */
import { useSignal } from '@preact/signals';
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { Page, RoundLine } from '@murmuration/protocol/dashboard';
import { useId } from 'preact/hooks';
import { addressOf, ask } from '../api/client.ts';
import type { RunView } from '../api/merge.ts';
import { Button } from '../design/controls.tsx';
import { count, milliseconds } from '../design/format.ts';
import { announce } from '../design/live-region.tsx';
import { memo } from '../design/memo.ts';
import { Empty, Section } from '../design/pieces.tsx';
import { useSettled } from '../design/settled.ts';
import { activities, isDisturbed, lengthOf, roundInWords, timeShares } from './round-parts.ts';
import type { Activity } from './round-parts.ts';
import { RoundDetail } from './round-detail.tsx';

const SHOWN = 20;
const COLUMN_HEIGHT = 100;
/** A followed round stays this long, however quickly the next ones come: nobody reads ten pictures a second. */
const DWELL_MS = 1500;

/** One round as a column: its height is its time beside the longest one's, its colours where that time went. */
const Column = memo(({ line, longest }: { readonly line: RoundLine; readonly longest: number }) => {
  const height = (lengthOf(line) / longest) * COLUMN_HEIGHT;
  let top = COLUMN_HEIGHT;
  return (
    <svg class="round-column" viewBox={`0 0 10 ${COLUMN_HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {timeShares(line).map(({ what, part }) => {
        top -= part * height;
        return <rect key={what} class={`did-${what}`} x={0} width={10} y={top} height={part * height} />;
      })}
    </svg>
  );
});

interface StripProps {
  /** The oldest first, as time goes. */
  readonly lines: readonly RoundLine[];
  readonly chosen: number | undefined;
  readonly onChoose: (assignment: number) => void;
}

/** Radio buttons: one stop for the tab key, arrows go from round to round. */
function Strip({ lines, chosen, onChoose }: StripProps) {
  const name = useId();
  const longest = Math.max(1, ...lines.map(lengthOf));
  return (
    <fieldset class="strip">
      <legend class="visually-hidden">Round shown below</legend>
      {lines.map((line) => (
        <label key={line.assignment} class={isDisturbed(line) ? 'disturbed' : ''} title={roundInWords(line)}>
          <input
            type="radio"
            name={name}
            checked={line.assignment === chosen}
            onChange={() => onChoose(line.assignment)}
            aria-label={roundInWords(line)}
          />
          <Column line={line} longest={longest} />
          <span class="round-number" aria-hidden="true">
            {line.round}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

const Legend = () => (
  <ul class="legend activities" aria-label="What the colours mean">
    {(Object.keys(activities) as Activity[]).map((what) => (
      <li key={what}>
        <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
          <rect class={`did-${what}`} width="10" height="10" rx="2" />
        </svg>
        {activities[what]}
      </li>
    ))}
  </ul>
);

export function Rounds({ view }: { readonly view: RunView }) {
  /** Null: the newest that is over is followed. */
  const chosen = useSignal<number | null>(null);
  /** Older rounds that were asked for take the newest ones' place. */
  const older = useSignal<Page<RoundLine> | null>(null);
  const loading = useSignal(false);
  const lines = older.value?.rows ?? view.rounds;
  const ascending = lines.toReversed();
  const following = chosen.value === null && older.value === null;
  const newestOver = useSettled(lines.find((line) => line.milliseconds !== null) ?? lines[0], following ? DWELL_MS : 0);
  const shown = lines.find((line) => line.assignment === chosen.value) ?? newestOver;

  const load = async (before: number | undefined): Promise<void> => {
    loading.value = true;
    try {
      older.value = await ask<Page<RoundLine>>(addressOf(apiPaths.rounds, {}, { before, limit: SHOWN }));
      chosen.value = null;
    } catch (error) {
      announce(`Older rounds could not be fetched. ${(error as Error).message}`, 'bad');
    }
    loading.value = false;
  };
  const newest = (): void => {
    older.value = null;
    chosen.value = null;
  };
  const before = older.value === null ? lines.at(-1)?.assignment : (older.value.next ?? undefined);
  const canGoBack = older.value === null ? lines.length >= SHOWN : older.value.next !== null;

  return (
    <Section
      id="rounds"
      title="Rounds"
      {...(shown !== undefined && {
        note: `a column’s height is the round’s time, up to ${milliseconds(Math.max(...lines.map(lengthOf)))}`,
      })}
      tools={
        <>
          <Button disabled={!canGoBack || loading.value} onClick={() => void load(before)}>
            <span aria-hidden="true">←</span> Older
          </Button>
          {(older.value !== null || chosen.value !== null) && <Button onClick={newest}>Follow the newest</Button>}
        </>
      }
    >
      {shown === undefined ? (
        <Empty>No round has begun yet. The first one starts as soon as enough members are ready.</Empty>
      ) : (
        <div class="panel">
          <Strip lines={ascending} chosen={shown.assignment} onChoose={(assignment) => (chosen.value = assignment)} />
          <Legend />
          <RoundDetail line={shown} following={following} />
          <p class="visually-hidden" role="status">
            {chosen.value === null ? '' : `Round ${count(shown.round)} is shown.`}
          </p>
        </div>
      )}
    </Section>
  );
}
