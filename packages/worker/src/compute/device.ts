/** The main thread's end of the device thread: a `Backend` whose calls run over there. */
import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { Batch, DeviceMemory, EvaluationSums, Executable } from '@murmuration/kernels/backend';
import type { StepProgram } from '@murmuration/kernels/graph';
import type { DeviceAnswer, DeviceCallName, DeviceCalls, DeviceDescription, DeviceOptions } from './device-messages.ts';
import { DeviceError, DeviceThreadError } from './errors.ts';

interface Pending {
  readonly resolve: (response: never) => void;
  readonly reject: (error: Error) => void;
}

export class Device {
  readonly #thread: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #over: DeviceThreadError | null = null;
  #description: DeviceDescription | null = null;

  private constructor() {
    // Graphics drivers read the process' environment, which a thread's own copy of it would not reach.
    this.#thread = new Worker(new URL('./device-thread.ts', import.meta.url), {
      name: 'device',
      env: SHARE_ENV,
      execArgv: [],
    });
    this.#thread.on('message', (answer: DeviceAnswer) => this.#settle(answer));
    this.#thread.on('error', (cause) => this.#end(new DeviceThreadError({ why: String(cause), cause })));
    this.#thread.on('exit', (code) => this.#end(new DeviceThreadError({ why: `it exited with code ${code}` })));
  }

  /** Starts the thread and opens a backend in it. @throws DeviceError, DeviceThreadError */
  static async open(options: DeviceOptions): Promise<Device> {
    const device = new Device();
    try {
      device.#description = await device.call('open', options);
      return device;
    } catch (error) {
      await device.#thread.terminate();
      throw error;
    }
  }

  /** What computes; with `auto` beside a GPU it is final after the first {@link compile}. */
  get description(): DeviceDescription {
    if (this.#description === null) throw new DeviceThreadError({ why: 'it was not opened' });
    return this.#description;
  }

  /** @throws DeviceError when the backend lacks an op */
  async compile(program: StepProgram): Promise<Executable> {
    const { executable, memory, ...description } = await this.call('compile', { program });
    this.#description = description;
    return new RemoteExecutable(this, { id: executable, memory, parameters: program.layout.size });
  }

  /** @param patience milliseconds to wait for a step that is running */
  async close(patience: number): Promise<void> {
    if (this.#over === null) {
      const closed = this.call('close', null).catch(() => undefined);
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([closed, new Promise((resolve) => (timer = setTimeout(resolve, patience)))]);
      clearTimeout(timer);
    }
    await this.#thread.terminate();
  }

  /** One call over there; `transfer` lists buffers that move instead of being copied. */
  call<K extends DeviceCallName>(
    call: K,
    request: DeviceCalls[K]['request'],
    transfer: ArrayBuffer[] = [],
  ): Promise<DeviceCalls[K]['response']> {
    if (this.#over !== null) return Promise.reject(this.#over);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#thread.postMessage({ id, call, request }, transfer);
    });
  }

  #settle(answer: DeviceAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if ('error' in answer) pending?.reject(new DeviceError({ error: answer.error }));
    else pending?.resolve(answer.response as never);
  }

  #end(error: DeviceThreadError): void {
    this.#over ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#over);
    this.#pending.clear();
  }
}

class RemoteExecutable implements Executable {
  readonly memory: DeviceMemory | undefined;
  readonly #device: Device;
  readonly #id: number;

  /** Carries parameters over and gradients back; calls don't overlap, so one is enough. */
  readonly #carrier: Float32Array;

  constructor(device: Device, of: { id: number; memory: DeviceMemory | undefined; parameters: number }) {
    const { id, memory, parameters } = of;
    this.#device = device;
    this.#id = id;
    this.memory = memory;
    this.#carrier = new Float32Array(new SharedArrayBuffer(parameters * Float32Array.BYTES_PER_ELEMENT));
  }

  async load(parameters: Float32Array): Promise<void> {
    this.#carrier.set(parameters);
    await this.#device.call('load', { executable: this.#id, parameters: this.#carrier });
  }

  /** The batch's arrays move to the device thread: the caller has them no more. */
  accumulate(batch: Batch): Promise<{ lossSum: number }> {
    return this.#device.call('accumulate', { executable: this.#id, batch }, buffersOf(batch));
  }

  async drain(into: Float32Array, scale: number): Promise<void> {
    await this.#device.call('drain', { executable: this.#id, into: this.#carrier, scale });
    into.set(this.#carrier);
  }

  evaluate(batch: Batch): Promise<EvaluationSums> {
    return this.#device.call('evaluate', { executable: this.#id, batch }, buffersOf(batch));
  }

  async close(): Promise<void> {
    await this.#device.call('release', { executable: this.#id });
  }
}

const buffersOf = (batch: Batch): ArrayBuffer[] => [
  ...new Set(Object.values(batch).map(({ buffer }) => buffer as ArrayBuffer)),
];
