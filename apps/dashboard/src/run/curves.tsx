/** How the run learns: loss beside accuracy or another curve, against rounds, samples or time. */
import { useSignal } from '@preact/signals';
import type { CurveAxis, CurveName, RunFigures, RunHead } from '@murmuration/protocol/dashboard';
import type { RunView } from '../api/merge.ts';
import { Button, Check, Segmented } from '../design/controls.tsx';
import { compact, count, duration, figure, percent } from '../design/format.ts';
import { memo } from '../design/memo.ts';
import { Section, Trouble } from '../design/pieces.tsx';
import { useSettled } from '../design/settled.ts';
import { Chart, axes } from './chart.tsx';
import type { Range } from './plot.tsx';
import { REDRAW_MS, useCurve } from './use-curve.ts';

/** Of the x axis, in its unit: a run's first rounds don't fill it at once. */
const LEAST_WIDTH = 10;
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

/** A part of the axis of seconds since the start, on the server's axis. */
const inTime = ([from, to]: Range, startedAt: number): Range => [
  from * 1000 + startedAt,
  to === undefined ? to : to * 1000 + startedAt,
];

/** `0.1`, `2,000`: no more places than it has. */
const roundMark = (y: number): string =>
  Math.abs(y) >= 10_000 ? compact(y) : Number(y.toPrecision(6)).toLocaleString('en', { maximumFractionDigits: 8 });

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
          words={{ x, y: figure, mark: roundMark, most: Infinity }}
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
            most: other.value === 'evalAccuracy' ? 1 : Infinity,
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
