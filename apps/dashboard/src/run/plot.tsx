/** Curves drawn by uPlot in the page's colours. What it shows is also said in words, since a canvas says nothing. */
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { Empty } from '../design/pieces.tsx';
import { themeVersion } from '../design/theme.tsx';
import { align } from './curve-data.ts';
import type { CurveData } from './curve-data.ts';

export interface Line {
  readonly label: string;
  /** The custom property that holds its colour. */
  readonly colour: '--curve-1' | '--curve-2';
  readonly data: CurveData;
  /** Few values far apart, each of which was measured by itself: shown as dots on a line. */
  readonly sparse?: boolean;
}

/** A part of the x axis; without an end it goes on with the run. */
export type Range = readonly [from: number, to: number | undefined];

interface PlotProps {
  readonly lines: readonly Line[];
  readonly logarithmic: boolean;
  /** In words, for whoever cannot see it. */
  readonly summary: string;
  readonly xWords: (x: number) => string;
  /** Both ends of the x axis. */
  readonly xRange: readonly [number, number];
  /** No value is greater. */
  readonly yMost: number;
  /** A mark of the y axis, shorter than a value. */
  readonly yWords: (y: number) => string;
  /** Distances between marks on the x axis that people count in; null: powers of ten. */
  readonly xSteps: readonly number[] | null;
  readonly onZoom: (range: Range | null) => void;
  /** Where the pointer is, as an index into the shared x axis; null when it is elsewhere. */
  readonly onPoint: (values: PointedAt | null) => void;
}

export interface PointedAt {
  readonly x: number;
  /** One per line. */
  readonly y: readonly (number | null)[];
}

const HEIGHT = 240;
const COLUMNS = 3;

/** A custom property as a canvas takes it: the browser resolves `light-dark()` only where it is used. */
function colourOf(element: HTMLElement, property: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${property})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const seriesOf = (element: HTMLElement, { colour, label, sparse = false }: Line): uPlot.Series[] => {
  const stroke = colourOf(element, colour);
  const edge = { stroke: 'transparent', points: { show: false }, spanGaps: true };
  return [
    { label, stroke, width: sparse ? 1.5 : 1.75, spanGaps: true, points: { show: sparse, size: 5, fill: stroke } },
    { label: `${label}, lowest`, ...edge },
    { label: `${label}, highest`, ...edge },
  ];
};

/** The span of what was thinned away, as a wash. */
const bandOf = (element: HTMLElement, { colour }: Line, index: number): uPlot.Band => ({
  series: [1 + index * COLUMNS + 2, 1 + index * COLUMNS + 1],
  fill: colourOf(element, colour).replace(/^rgb\((.*)\)$/, 'rgba($1, 0.14)'),
});

function optionsOf(element: HTMLElement, props: PlotProps): uPlot.Options {
  const { lines, logarithmic, xWords, yWords, xSteps } = props;
  const ink = colourOf(element, '--ink-3');
  const grid = { stroke: colourOf(element, '--grid'), width: 1 };
  const axis = { stroke: ink, grid, ticks: { show: false }, font: '12px ui-sans-serif, system-ui, sans-serif' };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
    scales: {
      x: { time: false, range: () => [...props.xRange] },
      y: logarithmic
        ? { distr: 3, range: (_, low, high) => logRange(low, high) }
        : { range: (_, low, high) => linearRange(low, high, props.yMost) },
    },
    axes: [
      {
        ...axis,
        space: 70,
        size: 34,
        values: (_, marks) => marks.map((mark) => xWords(mark)),
        ...(xSteps && { incrs: [...xSteps] }),
      },
      {
        ...axis,
        size: 52,
        values: (_, marks) => marks.map((mark) => yWords(mark)),
        ...(logarithmic && {
          splits: (_plot, _axis, low, high) => decades(low, high),
          filter: (_plot, marks) => marks,
        }),
      },
    ],
    series: [{}, ...lines.flatMap((line) => seriesOf(element, line))],
    bands: lines.map((line, index) => bandOf(element, line, index)),
    hooks: {
      setSelect: [(plot) => zoomTo(plot, props)],
      setCursor: [(plot) => props.onPoint(pointedAt(plot, lines.length))],
    },
  };
}

/** A little room at both ends; before there are values, uPlot asks with none. */
const logRange = (low: number | null, high: number | null): [number, number] =>
  low !== null && high !== null && low > 0 ? [low * 0.9, high * 1.1] : [0.1, 10];

/** Room above and below, for a flat curve too, but none where there can be no values: nothing shown here is negative. */
function linearRange(low: number | null, high: number | null, most: number): [number, number] {
  if (low === null || high === null) return [0, Math.min(1, most)];
  const room = Math.max((high - low) * 0.08, Math.abs(high) * 0.02, Number.EPSILON);
  return [Math.max(0, low - room), Math.min(most, high + room)];
}

/** 1, 2 and 5 of every power of ten between them: what people read off a logarithmic axis. */
function decades(low: number, high: number): number[] {
  const marks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const step of [1, 2, 5]) marks.push(Number(`${step}e${power}`));
  }
  return marks.filter((mark) => mark >= low && mark <= high);
}

function zoomTo(plot: uPlot, { onZoom }: PlotProps): void {
  const { left, width } = plot.select;
  if (width < 6) return; // a click that slipped
  onZoom([plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]);
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

function pointedAt(plot: uPlot, lines: number): PointedAt | null {
  const { idx } = plot.cursor;
  if (idx === null || idx === undefined) return null;
  const y = Array.from({ length: lines }, (_, line) => nearest(plot.data[1 + line * COLUMNS]!, idx));
  return { x: plot.data[0][idx]!, y };
}

/** The value at `index`, or the last one before it: a sparse curve says nothing at most places. */
function nearest(column: ArrayLike<number | null | undefined>, index: number): number | null {
  for (let place = index; place >= 0; place--) {
    const value = column[place];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

/** A logarithm knows nothing at or below zero. */
const drawable = (columns: (number | null)[][], logarithmic: boolean): uPlot.AlignedData =>
  (logarithmic
    ? [columns[0], ...columns.slice(1).map((column) => column.map((y) => (y !== null && y > 0 ? y : null)))]
    : columns) as uPlot.AlignedData;

/** uPlot reads the browser's language as it loads, and some browsers have one that it can't read: the page lives on. */
const loadUPlot = async (): Promise<typeof uPlot> => (await import('uplot')).default;

export function Plot(props: PlotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const failure = useSignal<Error | null>(null);
  const { lines, logarithmic } = props;
  const newest = useRef(props);
  newest.current = props;
  const data = useRef<uPlot.AlignedData>([[]]);
  const curves = lines.map((line) => line.data);
  data.current = useMemo(() => drawable(align(curves), logarithmic), [...curves, logarithmic]);
  const shape = `${lines.map(({ label }) => label).join()} ${logarithmic} ${props.xSteps?.length ?? 0} ${themeVersion.value}`;

  useEffect(() => {
    const element = frame.current!;
    const watcher = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    let gone = false;
    const draw = async (): Promise<void> => {
      const made = await loadUPlot().then(
        (Plotter) => gone || new Plotter(optionsOf(element, newestOf(newest)), data.current, element),
      );
      if (made === true) return;
      plot.current = made;
      made.over.addEventListener('dblclick', () => newest.current.onZoom(null));
      watcher.observe(element);
    };
    draw().catch((error: unknown) => (failure.value = error as Error));
    return () => {
      gone = true;
      watcher.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);

  useEffect(() => plot.current?.setData(data.current), [data.current, ...props.xRange, shape]);

  return (
    <>
      <div class="plot" ref={frame} role="img" aria-label={props.summary} />
      {failure.value !== null && (
        <Empty>This browser cannot draw the chart ({failure.value.message}). The table below holds its values.</Empty>
      )}
    </>
  );
}

/** Callbacks reach the newest props: the plot outlives many drawings. */
const newestOf = (newest: { readonly current: PlotProps }): PlotProps => ({
  ...newest.current,
  onZoom: (range) => newest.current.onZoom(range),
  onPoint: (at) => newest.current.onPoint(at),
  xWords: (x) => newest.current.xWords(x),
  get xRange() {
    return newest.current.xRange;
  },
});
