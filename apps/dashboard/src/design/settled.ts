/** A value that changes more often than people can read. */
import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';

/** The newest `value`, held for `ms` before it makes way for the next one. */
export function useSettled<Value>(value: Value, ms: number): Value {
  const held = useSignal(value);
  const since = useRef(0);
  useEffect(() => {
    const take = (): void => {
      held.value = value;
      since.current = Date.now();
    };
    const timer = setTimeout(take, Math.max(0, since.current + ms - Date.now()));
    return () => clearTimeout(timer);
  }, [value, ms]);
  return held.value ?? value;
}
