/** Pages of lists: bounded, complete, and without a row twice. */
import type { Page } from '@murmuration/protocol/dashboard';

/** What was asked for, within what is allowed. */
export const bounded = (asked: number | undefined, usual: number, most: number): number =>
  Math.min(most, Math.max(1, Math.floor(asked ?? usual) || 1));

/** A page of a list that begins with the newest, from one row more than it may hold. */
export function pageOf<R>(rows: readonly R[], limit: number, total: number, keyOf: (row: R) => number): Page<R> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, total, next: rows.length > limit && last !== undefined ? keyOf(last) : null };
}

/** A key that every row is older than. */
export const NEWEST = Number.MAX_SAFE_INTEGER;
