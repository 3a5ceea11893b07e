/** The device of this process with the one program compiled on it: made when a coordinator first states its job. */
import { canonicalJson } from '@murmuration/protocol';
import { type CompileProgress, type Numerics, partCounts, whyIndivisible } from '@murmuration/kernels/backend-core';
import { buildStepProgram } from '@murmuration/kernels/graph';
import type { Device } from '../compute/device.ts';
import type { DeviceDescription } from '../compute/device-messages.ts';
import { DeviceThreadError } from '../compute/errors.ts';
import { RecoveringExecutable } from '../compute/recovering-executable.ts';
import { NoRunError } from './errors.ts';
import type { DeviceWish, WorkerHost } from './host.ts';
import { planJob, type PlannedJob } from './prepare-run.ts';
import { problemOf, type Reporter } from './report.ts';

/** How long a device that is busy with a step is waited for at the end. */
const CLOSE_PATIENCE = 1000;

/** Models of other tools, which may mix the samples of a micro-batch in ways that a graph doesn't show. */
const MIXING_MODELS: ReadonlySet<string> = new Set(['onnx']);

export interface DeviceSlotOptions {
  readonly host: Pick<WorkerHost, 'openDevice' | 'canFallBack'>;
  readonly report: Reporter;
}

interface Compiled {
  readonly stated: string;
  readonly planned: PlannedJob;
  readonly executable: RecoveringExecutable;
}

export class DeviceSlot {
  readonly #options: DeviceSlotOptions;
  #device: Device | null = null;
  #compiled: Compiled | null = null;
  /** What the device was opened for. */
  #numerics: Numerics | null = null;
  #closed = false;

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
    await this.#compiled?.executable.close();
    this.#compiled = { stated: text, planned, executable: await this.#compile(planned) };
    this.#describe(this.#compiled.executable);
    return this.#compiled;
  }

  #compile({ job, program }: PlannedJob): Promise<RecoveringExecutable> {
    const { microBatch, bucketSize, numerics } = job.training;
    // The gradient of a whole micro-batch has other bits than the sum of its parts'.
    const divisible = numerics === 'fast' && !MIXING_MODELS.has(job.model.type) && whyIndivisible(program) === null;
    const { host, report } = this.#options;
    const tell = (progress: CompileProgress): void => report({ event: 'worker.compiling', job: job.name, ...progress });
    tell({ done: 0, total: 0 });
    return RecoveringExecutable.compile({
      device: async ({ reopen, onCpu }) => {
        const device = await this.#opened(reopen || numerics !== this.#numerics, { numerics, onCpu });
        return { compile: (part) => device.compile(part, { onProgress: tenths(tell) }) };
      },
      canFallBack: host.canFallBack,
      isOver: () => this.#closed,
      programAt: (batch) => (batch === microBatch ? program : buildStepProgram(job.model, batch, bucketSize)),
      batch: microBatch,
      partCounts: divisible ? partCounts(microBatch) : [],
      onProblem: (error) => report(problemOf(error)),
      onRecovered: (executable) => this.#describe(executable),
    });
  }

  #describe({ memory }: RecoveringExecutable): void {
    const { name: backend, adapter, threads, reason } = this.description;
    const memoryBytes = memory?.total ?? null;
    this.#options.report({ event: 'worker.backend', backend, adapter, threads, reason, memoryBytes });
  }

  /** @throws DeviceThreadError after {@link close}: nobody would close what is opened then */
  async #opened(reopen: boolean, request: DeviceWish): Promise<Device> {
    if (reopen) {
      await this.#device?.close(CLOSE_PATIENCE);
      this.#device = null;
    }
    this.#device ??= await this.#open(request);
    this.#numerics = request.numerics;
    return this.#device;
  }

  async #open(request: DeviceWish): Promise<Device> {
    this.#expectOpen();
    const device = await this.#options.host.openDevice(request);
    if (this.#closed) await device.close(CLOSE_PATIENCE);
    this.#expectOpen();
    return device;
  }

  #expectOpen(): void {
    if (this.#closed) throw new DeviceThreadError({ why: 'the worker has left' });
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

  /** Work that is under way fails, and no device is opened any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#device?.close(CLOSE_PATIENCE);
  }
}

/** Passes on what completes another tenth: kernels may be many. */
function tenths(tell: (progress: CompileProgress) => void): (progress: CompileProgress) => void {
  let told = 0;
  return (progress) => {
    const tenth = Math.floor((10 * progress.done) / progress.total);
    if (tenth > told) tell(progress);
    told = Math.max(told, tenth);
  };
}
