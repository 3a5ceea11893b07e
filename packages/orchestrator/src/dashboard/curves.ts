/** Questions about curves: thinned to what a screen can show, from the level that has few rows more than that. */
import { apiLimits } from '@murmuration/protocol/dashboard';
import type { Curve, CurveAxis, CurveName, CurvePoint, CurveQuery } from '@murmuration/protocol/dashboard';
import { curveNumbers, FANOUT, LEVELS } from './curve-levels.ts';
import type { IndexFile, Row } from './index-file.ts';
import { bounded } from './page.ts';

const USUAL = 800;
const columns: Readonly<Record<CurveAxis, string>> = { round: 'round', samples: 'samples', time: 'at' };

/** A stretch of a curve: its first x, and what its points lie between. */
interface Stretch {
  readonly x: number;
  low: number;
  high: number;
  total: number;
  points: number;
}

const stretchOf = ({ x, low, high, total, points }: Row): Stretch => ({
  x: Number(x),
  low: Number(low),
  high: Number(high),
  total: Number(total),
  points: Number(points),
});

/** Neighbours made one, so that at most `most` are left. */
function thinned(stretches: readonly Stretch[], most: number): readonly Stretch[] {
  const size = Math.ceil(stretches.length / most);
  if (size <= 1) return stretches;
  return Array.from({ length: Math.ceil(stretches.length / size) }, (_, i) =>
    stretches.slice(i * size, (i + 1) * size).reduce((a, b) => ({
      x: a.x,
      low: Math.min(a.low, b.low),
      high: Math.max(a.high, b.high),
      total: a.total + b.total,
      points: a.points + b.points,
    })),
  );
}

export class Curves {
  readonly #index: IndexFile;

  constructor(index: IndexFile) {
    this.#index = index;
  }

  curve({ curve, x: axis = 'round', points, from = -Infinity, to = Infinity }: CurveQuery): Curve {
    const most = bounded(points, USUAL, apiLimits.points);
    const number = curveNumbers[curve];
    const [first, last] = this.#range(number, columns[axis], from, to);
    const level = levelFor(last - first + 1, most);
    const rows = this.#index.all(
      `SELECT ${columns[axis]} AS x, low, high, total, points FROM points
         WHERE curve = ? AND level = ? AND bucket BETWEEN ? AND ? ORDER BY bucket`,
      number,
      level,
      Math.floor(first / FANOUT ** level),
      Math.floor(last / FANOUT ** level),
    );
    const stretches = thinned(rows.map(stretchOf), most);
    return {
      curve,
      axis,
      x: stretches.map(({ x }) => x),
      y: stretches.map(({ total, points: count }) => total / count),
      low: stretches.map(({ low }) => low),
      high: stretches.map(({ high }) => high),
    };
  }

  /** Points of entries after `sequence`, in order; at most `limit` a curve. */
  since(sequence: number, limit: number): CurvePoint[] {
    return (Object.keys(curveNumbers) as CurveName[]).flatMap((curve) => {
      const points: CurvePoint[] = [];
      for (const row of this.#index.each(
        `SELECT round, samples, at, low, sequence FROM points WHERE curve = ? AND level = 0 ORDER BY bucket DESC LIMIT ?`,
        curveNumbers[curve],
        limit,
      )) {
        if (Number(row['sequence']) <= sequence) break;
        const { round, samples, at, low } = row;
        points.push({ curve, round: Number(round), samples: Number(samples), at: Number(at), y: Number(low) });
      }
      return points.toReversed();
    });
  }

  /**
   * Numbers of the first and the last point within a part of the axis, found by halving: along a curve rounds, samples
   * and times ascend.
   */
  #range(curve: number, column: string, from: number, to: number): [number, number] {
    const newest = this.#index.get('SELECT MAX(bucket) AS last FROM points WHERE curve = ? AND level = 0', curve);
    const end = Number(newest?.['last'] ?? -1) + 1;
    const at = (ordinal: number): number =>
      Number(
        this.#index.get(
          `SELECT ${column} AS x FROM points WHERE curve = ? AND level = 0 AND bucket >= ? ORDER BY bucket LIMIT 1`,
          curve,
          ordinal,
        )?.['x'],
      );
    const firstWhere = (holds: (x: number) => boolean): number => {
      let [low, high] = [0, end];
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if (holds(at(middle))) high = middle;
        else low = middle + 1;
      }
      return low;
    };
    return [
      from === -Infinity ? 0 : firstWhere((x) => x >= from),
      (to === Infinity ? end : firstWhere((x) => x > to)) - 1,
    ];
  }
}

/** The highest level that still has as many rows as points are asked for. */
function levelFor(count: number, most: number): number {
  let level = 0;
  while (level < LEVELS && count / FANOUT ** (level + 1) >= most) level += 1;
  return level;
}
