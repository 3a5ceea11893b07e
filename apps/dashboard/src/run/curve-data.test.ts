import { describe, expect, it } from 'vitest';
import type { CurvePoint } from '@murmuration/protocol/dashboard';
import { align, append, emptyCurve, sampled } from './curve-data.ts';

const point = (round: number, y: number): CurvePoint => ({
  curve: 'trainLoss',
  round,
  samples: round * 64,
  at: round * 1000,
  y,
});
const points = (from: number, to: number): CurvePoint[] =>
  Array.from({ length: to - from }, (_, index) => point(from + index, (from + index) % 7));

describe('points appended to a curve', () => {
  it('stand at the axis that is shown', () => {
    expect(append(emptyCurve, [point(3, 1)], 'round', 10).x).toEqual([3]);
    expect(append(emptyCurve, [point(3, 1)], 'samples', 10).x).toEqual([192]);
    expect(append(emptyCurve, [point(3, 1)], 'time', 10).x).toEqual([3000]);
  });

  it('take the place of what a rollback undid, and are held once', () => {
    const curve = append(emptyCurve, points(0, 10), 'round', 100);
    const back = append(curve, [point(6, 42), point(7, 43)], 'round', 100);
    expect(back.x).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(back.y.slice(-2)).toEqual([42, 43]);
    expect(append(back, [point(7, 43)], 'round', 100)).toEqual(back);
  });

  it('are thinned when there are too many, with the span of their values kept', () => {
    let curve = emptyCurve;
    for (let round = 0; round < 20_000; round += 10) curve = append(curve, points(round, round + 10), 'round', 200);
    expect(curve.x.length).toBeLessThanOrEqual(400);
    expect(curve.x.at(-1)).toBe(19_999);
    expect(curve.x).toEqual(curve.x.toSorted((a, b) => a - b));
    expect(Math.min(...curve.low)).toBe(0);
    expect(Math.max(...curve.high)).toBe(6);
  });

  it('are left out when they are no numbers', () => {
    expect(append(emptyCurve, [point(1, Number.NaN), point(2, Infinity), point(3, 5)], 'round', 10).x).toEqual([3]);
  });
});

describe('a curve as a table', () => {
  it('has its ends and no more rows than wanted', () => {
    const curve = append(emptyCurve, points(0, 100), 'round', 200);
    const rows = sampled(curve, 5);
    expect(rows.map(({ x }) => x)).toEqual([0, 25, 50, 74, 99]);
    expect(sampled(curve, 1).map(({ x }) => x)).toEqual([99]);
    expect(sampled(emptyCurve, 5)).toEqual([]);
  });
});

describe('curves over one axis', () => {
  it('have null where they have no point', () => {
    const a = append(emptyCurve, [point(1, 10), point(3, 30)], 'round', 10);
    const b = append(emptyCurve, [point(2, 20), point(3, 31)], 'round', 10);
    const [x, ya, , , yb] = align([a, b]);
    expect(x).toEqual([1, 2, 3]);
    expect(ya).toEqual([10, null, 30]);
    expect(yb).toEqual([null, 20, 31]);
  });
});
