/**
 * A curve as the page holds it: what the server thinned, and the points that came since. Bounded: when there are twice as
 * many as were asked for, neighbours become one, with the span of their values kept. Pure.
 */
import type { Curve, CurveAxis, CurvePoint } from '@murmuration/protocol/dashboard';

/** Columns of equal length; `x` ascends. */
export interface CurveData {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

export const emptyCurve: CurveData = { x: [], y: [], low: [], high: [] };

export const curveData = ({ x, y, low, high }: Curve): CurveData => ({ x, y, low, high });

const xOf: Readonly<Record<CurveAxis, (point: CurvePoint) => number>> = {
  round: (point) => point.round,
  samples: (point) => point.samples,
  time: (point) => point.at,
};

/**
 * `points` of one curve appended. A point at or before the last one means that the run was rolled back, or that the
 * server's answer had it already: what stands at or after it makes way.
 */
export function append(data: CurveData, points: readonly CurvePoint[], axis: CurveAxis, most: number): CurveData {
  if (points.length === 0) return data;
  const grown = { x: [...data.x], y: [...data.y], low: [...data.low], high: [...data.high] };
  for (const point of points) {
    const x = xOf[axis](point);
    if (!Number.isFinite(x) || !Number.isFinite(point.y)) continue;
    while (grown.x.length > 0 && grown.x[grown.x.length - 1]! >= x)
      for (const column of Object.values(grown)) column.pop();
    grown.x.push(x);
    for (const column of [grown.y, grown.low, grown.high]) column.push(point.y);
  }
  return grown.x.length > 2 * most ? halve(grown) : grown;
}

/** Every two neighbours become one at the place of the later; an odd last one stays as it is. */
function halve(data: CurveData): CurveData {
  const { length } = data.x;
  const pairs = Array.from(
    { length: Math.ceil(length / 2) },
    (_, index) => [2 * index, Math.min(2 * index + 1, length - 1)] as const,
  );
  return {
    x: pairs.map(([, second]) => data.x[second]!),
    y: pairs.map(([first, second]) => (data.y[first]! + data.y[second]!) / 2),
    low: pairs.map(([first, second]) => Math.min(data.low[first]!, data.low[second]!)),
    high: pairs.map(([first, second]) => Math.max(data.high[first]!, data.high[second]!)),
  };
}

/** Rows of at most `most` places spread over the curve, the last one among them. */
export function sampled(data: CurveData, most: number): readonly { readonly x: number; readonly y: number }[] {
  const { length } = data.x;
  const rows = Math.min(most, length);
  return Array.from({ length: rows }, (_, row) => {
    const index = rows === 1 ? length - 1 : Math.round((row * (length - 1)) / (rows - 1));
    return { x: data.x[index]!, y: data.y[index]! };
  });
}

/**
 * Curves over one shared axis, as a plot wants them: every x of any of them once, and null where a curve has no point.
 * Answers x, then y, low and high of each curve.
 */
export function align(curves: readonly CurveData[]): (number | null)[][] {
  const shared = [...new Set(curves.flatMap(({ x }) => x))].toSorted((a, b) => a - b);
  const place = new Map(shared.map((x, index) => [x, index]));
  const columns = curves.flatMap((curve) =>
    [curve.y, curve.low, curve.high].map((values) => {
      const column = Array.from<number | null>({ length: shared.length }).fill(null);
      curve.x.forEach((x, index) => (column[place.get(x)!] = values[index]!));
      return column;
    }),
  );
  return [shared, ...columns];
}
