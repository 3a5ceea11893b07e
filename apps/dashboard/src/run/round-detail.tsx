/** One round, member by member: what each did when, as bars and in words. */
import type { RoundLine, RoundSpan } from '@murmuration/protocol/dashboard';
import { count, counted, figure, milliseconds, shortHex } from '../design/format.ts';
import { memo } from '../design/memo.ts';
import { PeerLink } from '../design/peer.tsx';
import { Badge, Copy, Empty } from '../design/pieces.tsx';
import type { Tone } from '../design/pieces.tsx';
import { activities, lengthOf, spansInWords } from './round-parts.ts';
import type { Activity } from './round-parts.ts';

const tones: Readonly<Record<RoundLine['outcome'], Tone>> = {
  committed: 'good',
  'under way': 'info',
  abandoned: 'warning',
  'rolled back': 'bad',
};

/** Place and height of an activity's bar in a track of ten: what differs in kind differs in shape too. */
const bars: Readonly<Record<Activity, readonly [y: number, height: number]>> = {
  computed: [0, 10],
  pushed: [2.5, 5],
  waited: [4.25, 1.5],
  reduced: [0, 10],
  gathered: [2.5, 5],
  applied: [0, 10],
  audited: [0, 3],
  failed: [0, 10],
};

const WIDTH = 1000;

function Bar({ span, whole }: { readonly span: RoundSpan; readonly whole: number }) {
  const [y, height] = bars[span.what];
  const x = (Math.max(0, span.fromMs) / whole) * WIDTH;
  const width = Math.max(1.5, ((Math.min(span.toMs, whole) - Math.max(0, span.fromMs)) / whole) * WIDTH);
  return (
    <rect class={`did-${span.what}`} x={x} y={y} width={width} height={height}>
      <title>
        {activities[span.what]}, {milliseconds(span.fromMs)} to {milliseconds(span.toMs)}
        {span.note !== '' && `: ${span.note}`}
      </title>
    </rect>
  );
}

/** The same member stands at the same place in every round. */
const byPeer = (members: RoundLine['members']): RoundLine['members'] =>
  members.toSorted((a, b) => (a.peerId < b.peerId ? -1 : 1));

const MARKS = 4;

/** Times under the tracks. */
const Scale = ({ whole }: { readonly whole: number }) => (
  <div class="lane scale" aria-hidden="true">
    <span />
    <ol>
      {Array.from({ length: MARKS + 1 }, (_, mark) => (
        <li key={mark}>{milliseconds((whole * mark) / MARKS)}</li>
      ))}
    </ol>
  </div>
);

function Facts({ line, following }: { readonly line: RoundLine; readonly following: boolean }) {
  return (
    <div class="round-head">
      <h3>
        Round {count(line.round)} <Badge tone={tones[line.outcome]}>{line.outcome}</Badge>
      </h3>
      <ul class="facts">
        {line.milliseconds !== null && <li>{milliseconds(line.milliseconds)}</li>}
        <li>{counted(line.members.length + line.hidden, 'member')}</li>
        <li>{counted(line.samples, 'sample')}</li>
        {line.trainLoss !== null && <li>loss {figure(line.trainLoss, 4)}</li>}
        {line.stateHash !== null && (
          <li>
            state <span class="mono">{shortHex(line.stateHash)}</span>
            <Copy text={line.stateHash} what="state hash" />
          </li>
        )}
        {following && <li>following the newest</li>}
      </ul>
    </div>
  );
}

export const RoundDetail = memo(({ line, following }: { readonly line: RoundLine; readonly following: boolean }) => {
  const whole = lengthOf(line);
  return (
    <article class="round">
      <Facts line={line} following={following} />
      {line.events.length > 0 && (
        <ul class="round-events">
          {line.events.map(({ atMs, reason }) => (
            <li key={`${atMs} ${reason}`}>
              <span class="quiet">after {milliseconds(atMs)}</span> {reason}
            </li>
          ))}
        </ul>
      )}
      {line.members.length === 0 ? (
        <Empty>Nobody’s part of this round is known yet.</Empty>
      ) : (
        <div class="lanes" role="region" aria-label={`Members of round ${line.round}`} tabIndex={0}>
          <ol>
            {byPeer(line.members).map(({ peerId, spans, microBatches }) => (
              <li key={peerId} class="lane">
                <PeerLink peerId={peerId} />
                <svg viewBox={`0 0 ${WIDTH} 10`} preserveAspectRatio="none" aria-hidden="true">
                  {spans.map((span) => (
                    <Bar key={`${span.what} ${span.fromMs}`} span={span} whole={whole} />
                  ))}
                </svg>
                <span class="visually-hidden">
                  {counted(microBatches, 'micro-batch', 'micro-batches')}: {spansInWords(spans)}.
                </span>
              </li>
            ))}
          </ol>
          <Scale whole={whole} />
        </div>
      )}
      {line.hidden > 0 && (
        <p class="quiet small">{counted(line.hidden, 'more member')} took part; the first 64 are shown.</p>
      )}
    </article>
  );
});
