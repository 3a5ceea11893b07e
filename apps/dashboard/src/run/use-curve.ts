/** One curve of the run: asked of the server, thinned there, and grown by what the stream tells. */
import { useEffect, useMemo } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { apiPaths } from '@murmuration/protocol/dashboard';
import type { Curve, CurveAxis, CurveName, CurvePoint, CurveQuery } from '@murmuration/protocol/dashboard';
import { addressOf, ask } from '../api/client.ts';
import { onPoints } from '../api/run-store.ts';
import { append, curveData, emptyCurve } from './curve-data.ts';
import type { CurveData } from './curve-data.ts';
import type { Range } from './plot.tsx';

/** Points of a curve that are asked for: about one a pixel. */
const POINTS = 800;
/** Canvases are drawn this often at most: a curve's new end is read no quicker, and drawing one is dear. */
export const REDRAW_MS = 250;

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
export function useCurve(curve: CurveName, x: CurveAxis, range: Range | null, startedAt: number): Loaded {
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
