/** A page as a worker's platform: WebSocket and WebRTC, a device in a Web Worker, data from the page's origin. */
import { createNode } from '@murmuration/protocol/net-browser';
import type { WorkerHost } from '../shell/host.ts';
import { VERSION } from '../shell/version.ts';
import { browserName } from './browser-name.ts';
import type { WorkerClock } from './clock/worker-clock.ts';
import type { TabData } from './data/tab-data.ts';
import { openTabDevice } from './device/open-tab-device.ts';
import type { TabBackend } from './face.ts';
import type { Pacer } from './pacer.ts';

export interface TabHostParts {
  readonly backend: TabBackend;
  readonly clock: WorkerClock;
  readonly pacer: Pacer;
  readonly data: TabData;
}

export const tabHost = ({ backend, clock, pacer, data }: TabHostParts): WorkerHost => ({
  agent: `murmuration-tab/${VERSION} ${browserName(navigator.userAgent)}`,
  clock,
  canFallBack: true,
  createNode,
  openDevice: (wish) => openTabDevice({ ...wish, backend, threads: threadsHere() }),
  openData: (job) => data.open(job),
  rest: (workedMs, signal) => pacer.rest(workedMs, signal),
});

/** One is left for the page itself, which speaks with peers and shows what goes on. */
export const threadsHere = (): number => Math.max(1, navigator.hardwareConcurrency - 1);
