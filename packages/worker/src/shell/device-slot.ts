/** The device of this process with the one program compiled on it: made when a coordinator first states its job. */
import { canonicalJson } from '@murmuration/protocol';
import type { Executable } from '@murmuration/kernels/backend';
import { Device } from '../compute/device.ts';
import type { BackendChoice, DeviceDescription } from '../compute/device-messages.ts';
import { NoRunError } from './errors.ts';
import { planJob, type PlannedJob } from './prepare-run.ts';
import type { Reporter } from './report.ts';

/** How long a device that is busy with a step is waited for at the end. */
const CLOSE_PATIENCE = 1000;

export interface DeviceSlotOptions {
  readonly backend: BackendChoice;
  readonly threads: number;
  readonly report: Reporter;
}

interface Compiled {
  readonly stated: string;
  readonly planned: PlannedJob;
  readonly executable: Executable;
}

export class DeviceSlot {
  readonly #options: DeviceSlotOptions;
  #device: Device | null = null;
  #compiled: Compiled | null = null;

  constructor(options: DeviceSlotOptions) {
    this.#options = options;
  }

  isPrepared(stated: unknown): boolean {
    return this.#compiled?.stated === canonicalJson(stated);
  }

  /**
   * Plans the job and compiles it, unless that has been done. @param stated the job as a coordinator states it
   * @throws JobResolutionError, GraphError, DeviceError, DeviceThreadError
   */
  async prepare(stated: unknown): Promise<Compiled> {
    const text = canonicalJson(stated);
    if (this.#compiled?.stated === text) return this.#compiled;
    const planned = planJob(stated);
    const { backend, threads, report } = this.#options;
    this.#device ??= await Device.open({ backend, threads });
    await this.#compiled?.executable.close();
    this.#compiled = { stated: text, planned, executable: await this.#device.compile(planned.program) };
    const { name, adapter, reason } = this.#device.description;
    report({ event: 'worker.backend', backend: name, adapter, threads, reason });
    return this.#compiled;
  }

  /** What computes. @throws NoRunError before {@link prepare} */
  get description(): DeviceDescription {
    if (this.#device === null) throw new NoRunError({ effect: 'hello' });
    return this.#device.description;
  }

  /** The job that is compiled. @throws NoRunError before {@link prepare} */
  get planned(): PlannedJob {
    if (this.#compiled === null) throw new NoRunError({ effect: 'hello' });
    return this.#compiled.planned;
  }

  async close(): Promise<void> {
    await this.#device?.close(CLOSE_PATIENCE);
  }
}
