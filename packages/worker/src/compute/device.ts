/** The main thread's end of the device thread: a `Backend` whose calls run over there. */
import type {
  Batch,
  CompileOptions,
  CompileProgress,
  DeviceMemory,
  EvaluationSums,
  Executable,
} from '@murmuration/kernels/backend-core';
import type { StepProgram } from '@murmuration/kernels/graph';
import type {
  DeviceAnswer,
  DeviceCallName,
  DeviceCalls,
  DeviceDescription,
  DeviceOptions,
  DevicePort,
  DeviceRequest,
  SpawnDevice,
} from './device-messages.ts';
import { DeviceError, DeviceThreadError } from './errors.ts';

interface Pending {
  readonly resolve: (response: never) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: (progress: CompileProgress) => void;
}

export class Device {
  readonly #port: DevicePort;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #over: DeviceThreadError | null = null;
  #description: DeviceDescription | null = null;

  private constructor(spawn: SpawnDevice) {
    this.#port = spawn({
      onAnswer: (answer) => this.#settle(answer),
      onEnd: (why, cause) => this.#end(new DeviceThreadError({ why, cause })),
    });
  }

  /** Starts the thread and opens a backend in it. @throws DeviceError, DeviceThreadError */
  static async open(spawn: SpawnDevice, options: DeviceOptions): Promise<Device> {
    const device = new Device(spawn);
    try {
      device.#description = await device.call('open', options);
      return device;
    } catch (error) {
      await device.#port.terminate();
      throw error;
    }
  }

  /** What computes; with `auto` beside a GPU it is final after the first {@link compile}. */
  get description(): DeviceDescription {
    if (this.#description === null) throw new DeviceThreadError({ why: 'it was not opened' });
    return this.#description;
  }

  /** @throws DeviceError when the backend lacks an op */
  async compile(program: StepProgram, { onProgress }: CompileOptions = {}): Promise<Executable> {
    const { executable, memory, ...description } = await this.call('compile', { program }, [], onProgress);
    this.#description = description;
    return new RemoteExecutable(this, { id: executable, memory, parameters: program.layout.size });
  }

  /** @param patience milliseconds to wait for a step that is running */
  async close(patience: number): Promise<void> {
    if (this.#over === null) {
      const closed = this.call('close', null).catch(() => undefined);
      let timer: ReturnType<typeof setTimeout> | undefined;
      await Promise.race([closed, new Promise((resolve) => (timer = setTimeout(resolve, patience)))]);
      clearTimeout(timer);
    }
    await this.#port.terminate();
  }

  /** One call over there; `transfer` lists buffers that move instead of being copied. */
  call<K extends DeviceCallName>(
    call: K,
    request: DeviceCalls[K]['request'],
    transfer: ArrayBuffer[] = [],
    onProgress: CompileOptions['onProgress'] = () => undefined,
  ): Promise<DeviceCalls[K]['response']> {
    if (this.#over !== null) return Promise.reject(this.#over);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject, onProgress });
      this.#port.post({ id, call, request } as DeviceRequest, transfer);
    });
  }

  #settle(answer: DeviceAnswer): void {
    const pending = this.#pending.get(answer.id);
    if ('progress' in answer) return pending?.onProgress(answer.progress);
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

  /** Carries parameters over and gradients back in memory that both threads see; null where none can be shared. Calls don't overlap, so one is enough. */
  readonly #carrier: Float32Array | null;
  /** As `#carrier`, for sums in fixed point; made when they are first asked for. */
  #sums: BigInt64Array | null = null;

  constructor(device: Device, of: { id: number; memory: DeviceMemory | undefined; parameters: number }) {
    const { id, memory, parameters } = of;
    this.#device = device;
    this.#id = id;
    this.memory = memory;
    this.#carrier = canShare
      ? new Float32Array(new SharedArrayBuffer(parameters * Float32Array.BYTES_PER_ELEMENT))
      : null;
  }

  async load(parameters: Float32Array): Promise<void> {
    this.#carrier?.set(parameters);
    const [over, transfer] = this.#carrier === null ? moved(parameters.slice()) : [this.#carrier, []];
    await this.#device.call('load', { executable: this.#id, parameters: over }, transfer);
  }

  /** The batch's arrays move to the device thread: the caller has them no more. */
  accumulate(batch: Batch): Promise<{ lossSum: number }> {
    return this.#device.call('accumulate', { executable: this.#id, batch }, buffersOf(batch));
  }

  async drain(into: Float32Array, scale: number): Promise<void> {
    const [over, transfer] = this.#carrier === null ? moved(new Float32Array(into.length)) : [this.#carrier, []];
    const back = await this.#device.call('drain', { executable: this.#id, into: over, scale }, transfer);
    into.set(back ?? over);
  }

  async drainFixed(into: BigInt64Array): Promise<void> {
    if (canShare)
      this.#sums ??= new BigInt64Array(new SharedArrayBuffer(into.length * BigInt64Array.BYTES_PER_ELEMENT));
    const [over, transfer] = this.#sums === null ? moved(new BigInt64Array(into.length)) : [this.#sums, []];
    const back = await this.#device.call('drainFixed', { executable: this.#id, into: over }, transfer);
    into.set(back ?? over);
  }

  evaluate(batch: Batch): Promise<EvaluationSums> {
    return this.#device.call('evaluate', { executable: this.#id, batch }, buffersOf(batch));
  }

  async close(): Promise<void> {
    await this.#device.call('release', { executable: this.#id });
  }
}

/** A page without isolation headers has no memory that both threads see. */
const canShare = typeof SharedArrayBuffer === 'function';

/** An array of its own memory, with what it takes to move it. */
const moved = <T extends ArrayBufferView<ArrayBuffer>>(array: T): [T, ArrayBuffer[]] => [array, [array.buffer]];

const buffersOf = (batch: Batch): ArrayBuffer[] => [
  ...new Set(Object.values(batch).map(({ buffer }) => buffer as ArrayBuffer)),
];
