/** What happened, with the reasons: the newest lines as they come, others by filter and by page. */
import { useSignal } from '@preact/signals';
import { apiPaths, shortPeer } from '@murmuration/protocol/dashboard';
import type { LogKind, LogLine, Page } from '@murmuration/protocol/dashboard';
import { addressOf, ask } from '../api/client.ts';
import { isGrowing, mergeLog } from '../api/merge.ts';
import type { RunView } from '../api/merge.ts';
import { Button, Check, Select } from '../design/controls.tsx';
import { useFetched } from '../design/fetched.ts';
import { clock, moment } from '../design/format.ts';
import { memo } from '../design/memo.ts';
import { PeerLink } from '../design/peer.tsx';
import { Empty, Section, Skeleton, Trouble } from '../design/pieces.tsx';

const kinds: Readonly<Record<LogKind | 'all', string>> = {
  all: 'Everything',
  run: 'Run',
  member: 'Members',
  round: 'Rounds',
  audit: 'Audits',
  pay: 'Pay',
  fault: 'Faults',
  checkpoint: 'Checkpoints',
  evaluation: 'Evaluations',
};

const severities: Readonly<Record<LogLine['severity'], string>> = {
  info: 'Information',
  good: 'Good',
  warning: 'Warning',
  bad: 'Problem',
};

const LIMIT = 50;
/** Older lines are shown up to here; further back, a filter is the better way. */
const MOST = 500;
const REFRESH_MS = 3000;

/** The line's words, with the member that it is about as a link where it is named, else behind them. */
function Words({ line: { text, peerId } }: { readonly line: LogLine }) {
  if (peerId === null) return <p>{text}</p>;
  const name = shortPeer(peerId);
  const place = text.indexOf(name);
  const [before, after] = place < 0 ? [`${text} `, ''] : [text.slice(0, place), text.slice(place + name.length)];
  return (
    <p>
      {before}
      <PeerLink peerId={peerId} />
      {after}
    </p>
  );
}

const Line = memo(({ line }: { readonly line: LogLine }) => (
  <li class={`event tone-${line.severity}`}>
    <time dateTime={new Date(line.at).toISOString()} title={moment(line.at)}>
      {clock(line.at)}
    </time>
    <span class="event-mark" title={severities[line.severity]}>
      <span class="visually-hidden">{severities[line.severity]}:</span>
    </span>
    <Words line={line} />
  </li>
));

/** Lines that fit the filter: those that came with the stream, and those that were asked for. */
const shownOf = (
  live: readonly LogLine[],
  asked: readonly LogLine[],
  kind: LogKind | 'all',
  problems: boolean,
): readonly LogLine[] =>
  mergeLog(asked, live, MOST).filter(
    (line) =>
      (kind === 'all' || line.kind === kind) && (!problems || line.severity === 'warning' || line.severity === 'bad'),
  );

export function Events({ view }: { readonly view: RunView }) {
  const kind = useSignal<LogKind | 'all'>('all');
  const problems = useSignal(false);
  const older = useSignal<readonly LogLine[]>([]);
  const before = useSignal<number | null>(null);
  const failure = useSignal<Error | null>(null);
  const all = kind.value === 'all' && !problems.value;
  const query = {
    kind: all || kind.value === 'all' ? null : kind.value,
    problems: problems.value || null,
    limit: LIMIT,
  };
  const first = useFetched<Page<LogLine>>(
    addressOf(apiPaths.log, {}, query),
    all || !isGrowing(view) ? null : REFRESH_MS,
  );

  const lines = shownOf(view.log, mergeLog(older.value, first.answer?.rows ?? [], MOST), kind.value, problems.value);
  const next = before.value ?? first.answer?.next ?? null;

  const restart = (): void => {
    older.value = [];
    before.value = null;
  };
  const loadOlder = async (): Promise<void> => {
    try {
      const page = await ask<Page<LogLine>>(addressOf(apiPaths.log, {}, { ...query, before: next }));
      older.value = [...older.value, ...page.rows];
      before.value = page.next ?? -1;
      failure.value = null;
    } catch (error) {
      failure.value = error as Error;
    }
  };

  const tools = (
    <>
      <Check
        label="Problems only"
        checked={problems.value}
        onChange={(checked) => {
          problems.value = checked;
          restart();
        }}
      />
      <Select
        label="Show"
        choices={kinds}
        value={kind.value}
        onChange={(value) => {
          kind.value = value;
          restart();
        }}
      />
    </>
  );
  const error = failure.value ?? first.error;
  return (
    <Section id="events" title="Events" tools={tools}>
      {error !== null && (
        <Trouble
          what="Events could not be fetched."
          error={error}
          retry={failure.value === null ? first.again : () => void loadOlder()}
        />
      )}
      {lines.length > 0 && (
        <div class="events-frame" role="region" aria-label="List of events" tabIndex={0}>
          <ol class="events">
            {lines.map((line) => (
              <Line key={line.id} line={line} />
            ))}
          </ol>
          {next !== null && next >= 0 && lines.length < MOST && (
            <Button onClick={() => void loadOlder()}>Show older events</Button>
          )}
        </div>
      )}
      {lines.length === 0 && first.loading && <Skeleton lines={6} label="Events are being fetched" />}
      {lines.length === 0 && !first.loading && error === null && (
        <Empty>
          {all
            ? 'Nothing has happened yet.'
            : 'Nothing of this kind has happened. Choose “Everything” to see the rest.'}
        </Empty>
      )}
    </Section>
  );
}
