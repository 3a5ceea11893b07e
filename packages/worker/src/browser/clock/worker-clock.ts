/** A clock that ticks in a Web Worker: a hidden tab's own timers wake up once a second at best, and once a minute after a while. */
import type { Clock } from '@murmuration/protocol/net-core';
import type { TickAnswer, TickRequest } from './tick-entry.ts';

export interface WorkerClock extends Clock {
  close(): void;
}

export function openWorkerClock(): WorkerClock {
  const worker = new Worker(new URL('./tick-entry.ts', import.meta.url), { type: 'module', name: 'clock' });
  const waiting = new Map<number, () => void>();
  let next = 0;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
  const post = (request: TickRequest): void => worker.postMessage(request);
  worker.addEventListener('message', ({ data: id }: MessageEvent<TickAnswer>) => {
    const work = waiting.get(id);
    waiting.delete(id);
    work?.();
  });
  return {
    after(delay, work) {
      const id = next++;
      waiting.set(id, work);
      post({ id, delay });
      return () => {
        if (waiting.delete(id)) post({ id, delay: null });
      };
    },
    close() {
      waiting.clear();
      worker.terminate();
    },
  };
}
