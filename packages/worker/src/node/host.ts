/** Node as a worker's platform: sockets, a device in a worker thread, data from files. */
import { release } from 'node:os';
import { openDatasets, type DataContext } from '@murmuration/protocol/data';
import { createNode } from '@murmuration/protocol/net';
import { systemClock } from '@murmuration/protocol/net-core';
import type { BackendChoice } from '../compute/device-messages.ts';
import type { WorkerHost } from '../shell/host.ts';
import { VERSION } from '../shell/version.ts';
import { openNodeDevice } from './open-device.ts';

export interface NodeHostOptions {
  readonly listen: readonly string[];
  readonly announce: readonly string[];
  readonly backend: BackendChoice;
  /** CPU threads of the backend. */
  readonly threads: number;
  /** What a job may read on this machine. */
  readonly data: DataContext;
}

export const nodeHost = ({ listen, announce, backend, threads, data }: NodeHostOptions): WorkerHost => ({
  agent: `murmuration-worker/${VERSION} node/${process.versions.node} ${process.platform}/${release()}`,
  clock: systemClock,
  canFallBack: false,
  createNode: (request) => createNode({ ...request, listen, announce }),
  openDevice: ({ numerics }) => openNodeDevice({ backend, threads, numerics }),
  openData: (job) => openDatasets(job, data),
});
