/** Something asked of the server, asked again when its address changes; answers that are overtaken are dropped. */
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { ask } from '../api/client.ts';

export interface Fetched<Answer> {
  /** The last answer, of this address or of the one before while this one's is on its way. */
  readonly answer: Answer | null;
  readonly error: Error | null;
  readonly loading: boolean;
  readonly again: () => void;
}

/** `address` null: nothing is asked. With `everyMs`, asked again that often while the tab is visible. */
export function useFetched<Answer>(address: string | null, everyMs: number | null = null): Fetched<Answer> {
  const answer = useSignal<Answer | null>(null);
  const error = useSignal<Error | null>(null);
  const loading = useSignal(true);
  const turn = useSignal(0);

  useEffect(() => {
    if (address === null) return undefined;
    const stop = new AbortController();
    const load = async (): Promise<void> => {
      try {
        answer.value = await ask<Answer>(address, stop.signal);
        error.value = null;
      } catch (cause) {
        if (!stop.signal.aborted) error.value = cause as Error;
      }
      if (!stop.signal.aborted) loading.value = false;
    };
    loading.value = true;
    void load();
    const timer = everyMs === null ? undefined : setInterval(() => !document.hidden && void load(), everyMs);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [address, everyMs, turn.value]);

  return { answer: answer.value, error: error.value, loading: loading.value, again: () => (turn.value += 1) };
}
