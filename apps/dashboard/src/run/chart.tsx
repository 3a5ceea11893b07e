/** One chart: its curves with a legend that follows the pointer, and the same values as a table. */
import type { ComponentChildren } from 'preact';
import { useSignal } from '@preact/signals';
import type { CurveAxis } from '@murmuration/protocol/dashboard';
import { NOTHING } from '../design/format.ts';
import { sampled } from './curve-data.ts';
import { Plot } from './plot.tsx';
import type { Line, PointedAt, Range } from './plot.tsx';

export const axes: Readonly<Record<CurveAxis, string>> = { round: 'Rounds', samples: 'Samples', time: 'Time' };

const TABLE_ROWS = 20;

/** Seconds that people count in. */
const timeSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800,
];

export interface Names {
  readonly x: (x: number) => string;
  readonly y: (y: number) => string;
  /** Of a round number at the axis. */
  readonly mark: (y: number) => string;
  /** The greatest y that there can be. */
  readonly most: number;
}

/** `training 0.0831 at round 764, from 2.31` for each line. */
const summaryOf = (title: string, lines: readonly Line[], words: Names): string =>
  `${title}: ${lines
    .map(({ label, data }) =>
      data.x.length === 0
        ? `${label} has no values yet`
        : `${label} went from ${words.y(data.y[0]!)} to ${words.y(data.y.at(-1)!)} at ${words.x(data.x.at(-1)!)}`,
    )
    .join('; ')}.`;

/** The curve's values where the pointer is, else its newest: also the legend. */
function Legend({
  lines,
  at,
  words,
}: {
  readonly lines: readonly Line[];
  readonly at: PointedAt | null;
  readonly words: Names;
}) {
  return (
    <ul class="legend" aria-hidden="true">
      {lines.map(({ label, colour, data }, index) => {
        const y = at === null ? data.y.at(-1) : at.y[index];
        return (
          <li key={label}>
            <span class={`swatch ${colour === '--curve-1' ? 'first' : 'second'}`} />
            {label} <strong>{y === undefined || y === null ? NOTHING : words.y(y)}</strong>
          </li>
        );
      })}
      <li class="legend-at">{at === null ? 'newest' : words.x(at.x)}</li>
    </ul>
  );
}

function CurveTable({
  title,
  axis,
  lines,
  words,
}: {
  readonly title: string;
  readonly axis: string;
  readonly lines: readonly Line[];
  readonly words: Names;
}) {
  const open = useSignal(false);
  return (
    <details class="disclosure" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>{title} as a table</summary>
      <div class="table-pair">
        {(open.value ? lines : []).map(({ label, data }) => (
          <table class="table compact" key={label}>
            <caption>
              {title}, {label}
            </caption>
            <thead>
              <tr>
                <th scope="col">{axis}</th>
                <th scope="col" class="number">
                  {label}
                </th>
              </tr>
            </thead>
            <tbody>
              {sampled(data, TABLE_ROWS).map(({ x, y }) => (
                <tr key={x}>
                  <th scope="row">{words.x(x)}</th>
                  <td class="number">{words.y(y)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        ))}
      </div>
    </details>
  );
}

interface ChartProps {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly logarithmic?: boolean;
  readonly axis: CurveAxis;
  readonly xRange: readonly [number, number];
  readonly words: Names;
  readonly onZoom: (range: Range | null) => void;
  readonly tools: ComponentChildren;
}

export function Chart({ title, lines, logarithmic = false, axis, xRange, words, onZoom, tools }: ChartProps) {
  const at = useSignal<PointedAt | null>(null);
  return (
    <figure class="chart panel">
      <figcaption class="chart-head">
        {tools}
        <Legend lines={lines} at={at.value} words={words} />
      </figcaption>
      <Plot
        lines={lines}
        logarithmic={logarithmic}
        summary={summaryOf(title, lines, words)}
        xWords={words.x}
        xRange={xRange}
        yMost={words.most}
        yWords={words.mark}
        xSteps={axis === 'time' ? timeSteps : null}
        onZoom={onZoom}
        onPoint={(point) => (at.value = point)}
      />
      <CurveTable title={title} axis={axes[axis]} lines={lines} words={words} />
    </figure>
  );
}
