/**
 * Curves of any length, answered in few rows: above the points lie levels, each with one row for eight of the level below
 * that keeps what they lie between. Thinning that keeps the least and the greatest value of each stretch draws the same
 * picture as all points would (U. Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014).
 */
import type { CurveName } from '@murmuration/protocol/dashboard';
import type { WriteOf } from '@murmuration/protocol/projection';
import type { IndexFile } from './index-file.ts';

/** Numbers of curves in the index. */
export const curveNumbers: Readonly<Record<CurveName, number>> = {
  trainLoss: 0,
  evalLoss: 1,
  evalAccuracy: 2,
  gradientNorm: 3,
  samplesPerSecond: 4,
  members: 5,
};

/** Rows of a level that one of the next stands for. */
export const FANOUT = 8;
/** 8⁶ rounds in a row of the last: a run has at most 10⁸. */
export const LEVELS = 6;

export class CurveLevels {
  readonly #index: IndexFile;
  /** First point of each curve that changed since the levels were made. */
  readonly #changed = new Map<number, number>();

  constructor(index: IndexFile) {
    this.#index = index;
  }

  /** A value that is no number cannot be drawn. */
  add({ curve, ordinal, round, samples, at, y, sequence }: WriteOf<'point'>): void {
    if (!Number.isFinite(y)) return;
    const number = curveNumbers[curve];
    this.#index.run(
      'INSERT OR REPLACE INTO points VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, 1, ?)',
      number,
      ordinal,
      round,
      samples,
      at,
      y,
      y,
      y,
      sequence,
    );
    this.#touch(number, ordinal);
  }

  /** Takes away all points after `round` rounds. */
  cut(round: number): void {
    for (const curve of Object.values(curveNumbers)) {
      const row = this.#index.get(
        'SELECT MIN(bucket) AS first FROM points WHERE curve = ? AND level = 0 AND round > ? AND bucket >= 0',
        curve,
        round,
      );
      if (row === undefined || row['first'] === null) continue;
      const first = Number(row['first']);
      for (let level = 0, bucket = first; level <= LEVELS; level++, bucket = Math.floor(bucket / FANOUT))
        this.#index.run('DELETE FROM points WHERE curve = ? AND level = ? AND bucket >= ?', curve, level, bucket);
      this.#touch(curve, Math.max(0, first - 1));
    }
  }

  /** Makes the levels again where points changed. */
  flush(): void {
    for (const [curve, first] of this.#changed) {
      for (let level = 1, bucket = first; level <= LEVELS; level++) {
        bucket = Math.floor(bucket / FANOUT);
        this.#index.run(
          `INSERT OR REPLACE INTO points
             SELECT curve, level + 1, bucket / ${FANOUT}, MIN(round), MIN(samples), MIN(at), MIN(low), MAX(high),
               SUM(total), SUM(points), MAX(sequence)
             FROM points WHERE curve = ? AND level = ? AND bucket >= ? GROUP BY bucket / ${FANOUT}`,
          curve,
          level - 1,
          bucket * FANOUT,
        );
      }
    }
    this.#changed.clear();
  }

  /** What was written since the last commit was taken back. */
  forget(): void {
    this.#changed.clear();
  }

  #touch(curve: number, ordinal: number): void {
    this.#changed.set(curve, Math.min(ordinal, this.#changed.get(curve) ?? Infinity));
  }
}
