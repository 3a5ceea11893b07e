/** Charts as inline SVG. Colours come from the page's style, so they follow light and dark. */
import { figure } from '@murmuration/protocol/dashboard';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { linearScale, thin } from './scale.ts';
import type { Point, Scale } from './scale.ts';

interface Series {
  readonly name: string;
  /** A class of the style: `train`, `held`, `time`. */
  readonly kind: string;
  readonly points: readonly Point[];
  /** Dots are drawn for series of few, meaningful points. */
  readonly dots?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** The vertical axis begins at zero however far away the values are. */
  readonly fromZero?: boolean;
  readonly series: readonly Series[];
  /** Vertical lines: where something happened. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
}

const WIDTH = 720;
const HEIGHT = 260;
const EDGE = { left: 62, right: 14, top: 14, bottom: 40 };
const MAX_POINTS = 360;

const extent = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];
const place = (value: number): string => value.toFixed(1);

/** Room above the greatest value, and zero as the floor when it is near. */
function yRange(values: readonly number[], fromZero: boolean): [number, number] {
  const [low, high] = extent(values);
  const floor = low > 0 && (fromZero || low < high * 0.5) ? 0 : low;
  return high > floor ? [floor, high + (high - floor) * 0.04] : [floor - 0.5, floor + 0.5];
}

const path = (points: readonly Point[], x: Scale, y: Scale): string =>
  points.map((point, index) => `${index === 0 ? 'M' : 'L'}${place(x.at(point.x))} ${place(y.at(point.y))}`).join('');

function axes(x: Scale, y: Scale, { xLabel, yLabel }: LineChart): Html {
  const bottom = HEIGHT - EDGE.bottom;
  return html`<g class="axes"
    >${y.ticks.map(
      (tick) =>
        html`<line
            x1="${EDGE.left}"
            x2="${WIDTH - EDGE.right}"
            y1="${place(y.at(tick))}"
            y2="${place(y.at(tick))}"
          /><text class="y" x="${EDGE.left - 8}" y="${place(y.at(tick) + 4)}">${figure(tick)}</text>`,
    )}${x.ticks.map((tick) => html`<text class="x" x="${place(x.at(tick))}" y="${bottom + 18}">${figure(tick)}</text>`)}
    <text class="x label" x="${(EDGE.left + WIDTH - EDGE.right) / 2}" y="${HEIGHT - 6}">${xLabel}</text>
    <text class="y label" x="${EDGE.left}" y="${EDGE.top - 2}">${yLabel}</text></g
  >`;
}

function drawSeries({ kind, points, dots = false }: Series, x: Scale, y: Scale): Html {
  const drawn = dots ? points : thin(points, MAX_POINTS);
  const circles = dots
    ? drawn.map(
        (point) =>
          html`<circle class="${kind}" cx="${place(x.at(point.x))}" cy="${place(y.at(point.y))}" r="3.5"
            ><title>${figure(point.x)}: ${figure(point.y)}</title></circle
          >`,
      )
    : null;
  return html`<path class="line ${kind}" d="${path(drawn, x, y)}" />${circles}`;
}

const legend = (series: readonly Series[]): Html =>
  html`<p class="legend">${series.map(({ name, kind }) => html`<span><i class="${kind}"></i>${name}</span>`)}</p>`;

/** A chart with axes, a legend, and a text for whoever can't see it. */
export function lineChart(chart: LineChart): Html {
  const series = chart.series.filter(({ points }) => points.length > 0);
  const all = series.flatMap(({ points }) => points).filter(({ y }) => Number.isFinite(y));
  if (all.length === 0) return html`<p class="empty">${chart.title}: nothing was recorded.</p>`;
  const x = linearScale(extent(all.map((point) => point.x)), [EDGE.left, WIDTH - EDGE.right], 8);
  const y = linearScale(
    yRange(
      all.map((point) => point.y),
      chart.fromZero ?? false,
    ),
    [HEIGHT - EDGE.bottom, EDGE.top + 10],
    5,
  );
  const marks = (chart.marks ?? []).map(
    ({ x: at, label }) =>
      html`<line
        class="mark"
        x1="${place(x.at(at))}"
        x2="${place(x.at(at))}"
        y1="${EDGE.top + 10}"
        y2="${HEIGHT - EDGE.bottom}"
        ><title>${label}</title></line
      >`,
  );
  return html`<figure>
    <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${chart.title}">
      ${axes(x, y, chart)}${marks}${series.map((one) => drawSeries(one, x, y))}</svg
    >${legend(series)}
  </figure>`;
}

/** Horizontal bars, one a row, each as long as its share of the whole. */
export function shareBars(
  rows: readonly { readonly label: string; readonly value: number; readonly note: string }[],
): Html {
  const total = rows.reduce((sum, { value }) => sum + value, 0);
  return html`<div class="bars">
    ${rows.map(({ label, value, note }) => {
      const share = total === 0 ? 0 : (value / total) * 100;
      return html`<div>
        <span class="name">${label}</span><span class="bar"><i style="width:${share.toFixed(2)}%"></i></span
        ><span class="note">${share.toFixed(1)} % · ${note}</span>
      </div>`;
    })}
  </div>`;
}
