/** The page around a tab's worker. */
import { openWorkerClock } from './clock/worker-clock.ts';
import { TabScriptError } from './errors.ts';
import { lockKey } from './key-lock.ts';
import { watchPage } from './page-events.ts';
import type { TabPlatform } from './tab-worker.ts';

export const pagePlatform: TabPlatform = {
  openClock: openWorkerClock,
  lockKey,
  watchPage,
  async openSession(parts) {
    const { openSession } = await import('./session.ts').catch((cause: unknown) => {
      throw new TabScriptError({ cause });
    });
    return openSession(parts);
  },
};
