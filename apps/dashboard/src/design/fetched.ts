/** Something asked of the server, asked again when its address changes; answers that are overtaken are dropped. */
import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { ask } from '../api/client.ts';
import { useSettled } from './settled.ts';

/** Between two questions that changes make it ask. */
const SOON_MS = 1000;

export interface Fetched<Answer> {
  /** The last answer, of this address or of the one before while this one's is on its way. */
  readonly answer: Answer | null;
  readonly error: Error | null;
  readonly loading: boolean;
  readonly again: () => void;
}

/**
 * `address` null: nothing is asked. With `everyMs`, asked again that often while the tab is visible; and within a second
 * of a `sign` of change, another object than the last time, so that an answer and what the stream told agree.
 */
export function useFetched<Answer>(
  address: string | null,
  everyMs: number | null = null,
  sign: unknown = null,
): Fetched<Answer> {
  const answer = useSignal<Answer | null>(null);
  const error = useSignal<Error | null>(null);
  const loading = useSignal(true);
  const turn = useSignal(0);
  const load = useRef<(() => void) | null>(null);
  const settled = useSettled(sign, SOON_MS);

  // Before the effect that asks first: what is drawn for the first time needs no second question.
  useEffect(() => load.current?.(), [settled]);

  useEffect(() => {
    if (address === null) return undefined;
    const stop = new AbortController();
    const asking = async (): Promise<void> => {
      try {
        answer.value = await ask<Answer>(address, stop.signal);
        error.value = null;
      } catch (cause) {
        if (!stop.signal.aborted) error.value = cause as Error;
      }
      if (!stop.signal.aborted) loading.value = false;
    };
    loading.value = true;
    load.current = () => void asking();
    load.current();
    const timer = everyMs === null ? undefined : setInterval(() => !document.hidden && void asking(), everyMs);
    return () => {
      load.current = null;
      stop.abort();
      clearInterval(timer);
    };
  }, [address, everyMs, turn.value]);

  return { answer: answer.value, error: error.value, loading: loading.value, again: () => (turn.value += 1) };
}
