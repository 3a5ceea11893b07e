/** One stay in a run: from joining to leaving. What is heavy (libp2p, graphs, the member machine) is loaded with this file. */
import { keyFromRaw } from '@murmuration/protocol/net-core';
import type { Reporter } from '../shell/report.ts';
import { Worker, type WorkerEnd } from '../shell/worker.ts';
import { noFaults } from '../shell/faults.ts';
import type { WorkerClock } from './clock/worker-clock.ts';
import { TabData } from './data/tab-data.ts';
import type { TabReport, TabWorkerOptions } from './face.ts';
import type { Pacer } from './pacer.ts';
import { coordinatorOf } from './coordinator-address.ts';
import { tabHost } from './tab-host.ts';

export interface SessionParts {
  readonly options: TabWorkerOptions;
  readonly clock: WorkerClock;
  readonly pacer: Pacer;
  readonly report: Reporter;
  readonly tell: (report: TabReport) => void;
}

export interface Session {
  /** Works until the end. @throws what `Worker.run` throws */
  run(): Promise<WorkerEnd>;
  /** Leaves: the words are on their way when this returns, so that a page may close after it. */
  leave(reason: string): void;
  /** The network is back: a coordinator that was lost is dialled at once. */
  hurry(): void;
}

/** @throws NoCoordinatorError, BadAddressError */
export async function openSession({ options, clock, pacer, report, tell }: SessionParts): Promise<Session> {
  const { offer, origin, token, key, payout, backend } = options;
  const coordinator = coordinatorOf(offer, origin);
  const data = new TabData({ origin, files: offer.files, clock, report: tell });
  // Not for somebody who will be refused for want of a token.
  if (token !== null || !offer.tokenRequired) data.begin();
  const worker = await Worker.create({
    key: keyFromRaw(key.raw),
    coordinator,
    payout,
    token,
    host: tabHost({ backend, clock, pacer, data }),
    faults: noFaults,
    report,
  }).catch((error: unknown) => {
    data.close();
    throw error;
  });
  return {
    run: () => worker.run().finally(() => data.close()),
    leave: (reason) => worker.interrupt(reason),
    hurry: () => worker.hurry(),
  };
}
