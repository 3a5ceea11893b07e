/** From data to places on a chart. */

export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** Steps of 1, 2 or 5 times a power of ten, about `count` of them. */
export function niceTicks(low: number, high: number, count: number): number[] {
  const span = high - low;
  if (!(span > 0)) return [low];
  const raw = span / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** Maps [low, high] to [from, to]; a single value goes to the middle. */
export function linearScale(
  [low, high]: readonly [number, number],
  [from, to]: readonly [number, number],
  count: number,
): Scale {
  const span = high - low;
  return {
    at: (value) => (span > 0 ? from + ((value - low) / span) * (to - from) : (from + to) / 2),
    ticks: niceTicks(low, high, count),
  };
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** At most `count` points, each the mean of a run of neighbours. */
export function thin(points: readonly Point[], count: number): Point[] {
  if (points.length <= count) return [...points];
  const size = points.length / count;
  return Array.from({ length: count }, (_, index) =>
    mean(points.slice(Math.floor(index * size), Math.floor((index + 1) * size))),
  );
}

function mean(points: readonly Point[]): Point {
  const sum = points.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}
