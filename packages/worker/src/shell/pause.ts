/** Waiting on a clock that is handed in. */
import type { Clock } from '@murmuration/protocol/net-core';

/** Resolves after `delay` milliseconds. @throws the signal's reason when it is aborted before */
export function pause(clock: Clock, delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(delay, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
