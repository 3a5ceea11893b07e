/** What a worker needs of the platform that it runs on: `node/` and `browser/` hand it in. The core knows neither. */
import type { Secp256k1PrivateKey } from '@libp2p/interface';
import type { Numerics } from '@murmuration/kernels/backend-core';
import type { MemberInfo, Milliseconds } from '@murmuration/protocol';
import type { JobDatasets } from '@murmuration/protocol/data-core';
import type { ResolvedJob } from '@murmuration/protocol/job';
import type { Clock, MurmurationNode } from '@murmuration/protocol/net-core';
import type { Device } from '../compute/device.ts';

export interface NodeRequest {
  readonly privateKey: Secp256k1PrivateKey;
  readonly coordinator: MemberInfo;
  readonly failureTimeout: Milliseconds;
}

export interface DeviceWish {
  readonly numerics: Numerics;
  /** The last resort: whatever runs on the CPU, since the adapter failed again and again. */
  readonly onCpu: boolean;
}

export interface WorkerHost {
  /** What the program and its platform call themselves, at most 256 letters. */
  readonly agent: string;
  readonly clock: Clock;
  /** Whether {@link openDevice} has something else where the adapter failed: `onCpu`. */
  readonly canFallBack: boolean;
  /** @throws BadAddressError, PortTakenError, ListenFailedError */
  createNode(request: NodeRequest): Promise<MurmurationNode>;
  /** @throws DeviceError, DeviceThreadError */
  openDevice(request: DeviceWish): Promise<Device>;
  /** @throws the errors of data */
  openData(data: ResolvedJob['data']): Promise<JobDatasets>;
  /** Called after each micro-batch with the milliseconds that it took. What it waits counts as time that the work took. */
  rest?(workedMs: number, signal: AbortSignal): Promise<void>;
}
