/** How the run learns: loss beside accuracy or another curve, against rounds, samples or time. */
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { apiPaths } from '@murmuration/protocol/dashboard';
import type {
  Curve,
  CurveAxis,
  CurveName,
  CurvePoint,
  CurveQuery,
  RunFigures,
  RunHead,
} from '@murmuration/protocol/dashboard';
import { addressOf, ask } from '../api/client.ts';
import type { RunView } from '../api/merge.ts';
import { onPoints } from '../api/run-store.ts';
import { Button, Check, Segmented } from '../design/controls.tsx';
import { NOTHING, compact, count, duration, figure, percent } from '../design/format.ts';
import { memo } from '../design/memo.ts';
import { Section, Trouble } from '../design/pieces.tsx';
import { useSettled } from '../design/settled.ts';
import { append, curveData, emptyCurve, sampled } from './curve-data.ts';
import type { CurveData } from './curve-data.ts';
import { Plot } from './plot.tsx';
import type { Line, PointedAt, Range } from './plot.tsx';

/** Points of a curve that are asked for: about one a pixel. */
const POINTS = 800;
const TABLE_ROWS = 20;
/** Of the x axis, in its unit: a run's first rounds don't fill it at once. */
const LEAST_WIDTH = 10;
/** Canvases are drawn this often at most: a curve's new end is read no quicker, and drawing one is dear. */
const REDRAW_MS = 250;

const axes: Readonly<Record<CurveAxis, string>> = { round: 'Rounds', samples: 'Samples', time: 'Time' };
const parts = { all: 'All', half: 'Last half', tenth: 'Last tenth' } as const;
type Part = keyof typeof parts;
const partShare: Readonly<Record<Part, number>> = { all: 1, half: 1 / 2, tenth: 1 / 10 };

const others = {
  evalAccuracy: 'Accuracy',
  samplesPerSecond: 'Speed',
  gradientNorm: 'Gradient',
  members: 'Members',
} as const;
type Other = keyof typeof others;

const labels: Readonly<Record<CurveName, string>> = {
  trainLoss: 'training',
  evalLoss: 'held out',
  evalAccuracy: 'held out',
  gradientNorm: 'gradient norm',
  samplesPerSecond: 'samples/s',
  members: 'members',
};

const sparse: ReadonlySet<CurveName> = new Set(['evalLoss', 'evalAccuracy']);
const yWords = (curve: CurveName): ((y: number) => string) =>
  curve === 'evalAccuracy'
    ? (y) => percent(y, 1)
    : curve === 'members'
      ? count
      : curve === 'samplesPerSecond'
        ? compact
        : figure;

/** Seconds that people count in. */
const timeSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800,
];

/** A part of the axis of seconds since the start, on the server's axis. */
const inTime = ([from, to]: Range, startedAt: number): Range => [
  from * 1000 + startedAt,
  to === undefined ? to : to * 1000 + startedAt,
];

interface Loaded {
  readonly data: CurveData;
  readonly error: Error | null;
  readonly again: () => void;
}

/** Time is shown as seconds since the start: whoever trains asks how long it took, not when it was. */
const elapsed = (data: CurveData, startedAt: number): CurveData => ({
  ...data,
  x: data.x.map((at) => (at - startedAt) / 1000),
});

/** One curve, asked for when what is looked at changes, grown by what the stream tells while its end is in sight. */
function useCurve(curve: CurveName, x: CurveAxis, range: Range | null, startedAt: number): Loaded {
  const data = useSignal<CurveData>(emptyCurve);
  const error = useSignal<Error | null>(null);
  const turn = useSignal(0);
  const [from, to] = range ?? [undefined, undefined];
  useEffect(() => {
    const stop = new AbortController();
    let early: readonly CurvePoint[] | null = [];
    let waiting: readonly CurvePoint[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = (): void => {
      timer = undefined;
      data.value = append(data.value, waiting, x, POINTS);
      waiting = [];
    };
    const grow = (points: readonly CurvePoint[]): void => {
      if (points.length === 0) return;
      waiting = [...waiting, ...points];
      timer ??= setTimeout(draw, REDRAW_MS);
    };
    const load = async (): Promise<void> => {
      const query: CurveQuery = { curve, x, points: POINTS, from, to };
      try {
        data.value = curveData(await ask<Curve>(addressOf(apiPaths.curve, {}, { ...query }), stop.signal));
        error.value = null;
        // What came while the answer was under way may be in it or not: append() holds it once.
        if (early !== null && to === undefined) grow(early);
        early = null;
      } catch (cause) {
        if (!stop.signal.aborted) error.value = cause as Error;
      }
    };
    const end = onPoints((told) => {
      if (told === null) {
        turn.value += 1;
        return;
      }
      const points = told.filter((point) => point.curve === curve);
      if (early !== null) early = [...early, ...points].slice(-2 * POINTS);
      else if (to === undefined) grow(points);
    });
    void load();
    return () => {
      stop.abort();
      clearTimeout(timer);
      end();
    };
  }, [curve, x, from, to, turn.value]);
  const shown = useMemo(() => (x === 'time' ? elapsed(data.value, startedAt) : data.value), [data.value, x, startedAt]);
  return { data: shown, error: error.value, again: () => (turn.value += 1) };
}

interface Names {
  readonly x: (x: number) => string;
  readonly y: (y: number) => string;
  /** Of a round number at the axis. */
  readonly mark: (y: number) => string;
}

/** `0.1`, `2,000`: no more places than it has. */
const roundMark = (y: number): string =>
  Math.abs(y) >= 10_000 ? compact(y) : Number(y.toPrecision(6)).toLocaleString('en', { maximumFractionDigits: 8 });

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

function Chart({ title, lines, logarithmic = false, axis, xRange, words, onZoom, tools }: ChartProps) {
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
        yWords={words.mark}
        xSteps={axis === 'time' ? timeSteps : null}
        onZoom={onZoom}
        onPoint={(point) => (at.value = point)}
      />
      <CurveTable title={title} axis={axes[axis]} lines={lines} words={words} />
    </figure>
  );
}

const Charts = memo(({ head, figures }: { readonly head: RunHead; readonly figures: RunFigures }) => {
  const axis = useSignal<CurveAxis>('round');
  const range = useSignal<Range | null>(null);
  const part = useSignal<Part | null>('all');
  const logarithmic = useSignal(true);
  const other = useSignal<Other>('evalAccuracy');
  const { startedAt } = head;

  const loss = useCurve('trainLoss', axis.value, range.value, startedAt);
  const heldOut = useCurve('evalLoss', axis.value, range.value, startedAt);
  const second = useCurve(other.value, axis.value, range.value, startedAt);

  const isTime = axis.value === 'time';
  const x = isTime ? duration : (value: number) => (axis.value === 'round' ? count(value) : compact(value));

  const end = { round: figures.round, samples: figures.samples, time: figures.lastAt }[axis.value];
  const start = isTime ? startedAt : 0;
  const [from, to] = range.value ?? [start, undefined];
  const inView = (at: number): number => (isTime ? (at - startedAt) / 1000 : at);
  // Both charts show the same part, whichever rounds each has values for.
  const xRange = [inView(from), Math.max(inView(from) + LEAST_WIDTH, inView(to ?? end))] as const;
  const choosePart = (next: Part): void => {
    part.value = next;
    range.value = next === 'all' ? null : [end - (end - start) * partShare[next], undefined];
  };
  const zoom = (wanted: Range | null): void => {
    part.value = wanted === null ? 'all' : null;
    range.value = wanted === null ? null : isTime ? inTime(wanted, startedAt) : wanted;
  };
  const error = loss.error ?? heldOut.error ?? second.error;
  return (
    <Section
      id="curves"
      title="Curves"
      tools={
        <>
          {part.value === null && <Button onClick={() => zoom(null)}>Show all</Button>}
          <Segmented label="Part shown" hideLabel choices={parts} value={part.value} onChange={choosePart} />
          <Segmented
            label="Against"
            hideLabel
            choices={axes}
            value={axis.value}
            onChange={(next) => {
              axis.value = next;
              zoom(null);
            }}
          />
        </>
      }
    >
      {error !== null && (
        <Trouble
          what="The curves could not be fetched."
          error={error}
          retry={() => [loss, heldOut, second].forEach(({ again }) => again())}
        />
      )}
      <div class="charts">
        <Chart
          title="Loss"
          axis={axis.value}
          xRange={xRange}
          logarithmic={logarithmic.value}
          words={{ x, y: figure, mark: roundMark }}
          onZoom={zoom}
          lines={[
            { label: labels.trainLoss, colour: '--curve-1', data: loss.data },
            { label: labels.evalLoss, colour: '--curve-2', data: heldOut.data, sparse: true },
          ]}
          tools={
            <>
              <h3>Loss</h3>
              <Check
                label="Logarithmic"
                checked={logarithmic.value}
                onChange={(checked) => (logarithmic.value = checked)}
              />
            </>
          }
        />
        <Chart
          title={others[other.value]}
          axis={axis.value}
          xRange={xRange}
          words={{
            x,
            y: yWords(other.value),
            mark: other.value === 'evalAccuracy' ? (y: number) => percent(y) : roundMark,
          }}
          onZoom={zoom}
          lines={[
            {
              label: labels[other.value],
              colour: '--curve-1',
              data: second.data,
              sparse: sparse.has(other.value),
            },
          ]}
          tools={
            <Segmented
              label="Second curve"
              hideLabel
              choices={others}
              value={other.value}
              onChange={(next) => (other.value = next)}
            />
          }
        />
      </div>
      <p class="hint small quiet no-print">Drag across a chart to look closer; double-click to see all of it again.</p>
    </Section>
  );
});

export const Curves = ({ view }: { readonly view: RunView }) => (
  <Charts head={view.head} figures={useSettled(view.figures, REDRAW_MS)} />
);
