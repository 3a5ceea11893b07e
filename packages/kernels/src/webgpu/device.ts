/** An open WebGPU device: pipelines by kernel, buffers, submission, reading back, and its failures as typed errors. */
import { debug } from '../debug.ts';
import type { KernelError } from '../errors.ts';
import {
  type AdapterDescription,
  describeAdapter,
  findAdapter,
  openDevice,
  type PowerPreference,
  traitsOf,
} from './adapter.ts';
import {
  BackendClosedError,
  BindingTooLargeError,
  DeviceLostError,
  DeviceOutOfMemoryError,
  DeviceValidationError,
} from './errors.ts';
import type { DeviceTraits, Kernel, KernelBinding } from './lowering.ts';
import { shaderSource } from './shader.ts';

/** A kernel that the device has accepted. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

interface TextureOptions {
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly usage: GPUTextureUsageFlags;
}

/** What a binding is to the device. */
const BINDING_KINDS = {
  read: { buffer: { type: 'read-only-storage' } },
  read_write: { buffer: { type: 'storage' } },
  strips: { storageTexture: { access: 'read-only', format: 'rgba32float' } },
} as const satisfies Record<KernelBinding['access'], Omit<GPUBindGroupLayoutEntry, 'binding' | 'visibility'>>;

/** Of WGSL: storage textures that are read. */
const READS_TEXTURES = 'readonly_and_readwrite_storage_textures';

export class Device {
  readonly adapter: AdapterDescription;
  readonly traits: DeviceTraits;
  readonly #device: GPUDevice;
  readonly #pipelines = new Map<string, Promise<Pipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  /** Bytes of each buffer and texture that is not released. */
  readonly #memory = new Map<GPUBuffer | GPUTexture, number>();
  #peakBytes = 0;
  /** The first failure; everything after it is its consequence. */
  #failure: KernelError | undefined;
  #fail!: (failure: KernelError) => void;
  /** Rejects when the device fails, so that nobody waits for work that will not end. */
  readonly #failed: Promise<never>;

  /** Opens the best adapter of `gpu`, which must stay referenced. @throws AdapterNotFoundError */
  static async open(gpu: GPU, powerPreference?: PowerPreference): Promise<Device> {
    const adapter = await findAdapter(gpu, powerPreference);
    const description = describeAdapter(adapter);
    const traits = traitsOf(description, { readsTextures: gpu.wgslLanguageFeatures?.has(READS_TEXTURES) ?? false });
    return new Device(await openDevice(adapter, traits), description, traits);
  }

  private constructor(device: GPUDevice, adapter: AdapterDescription, traits: DeviceTraits) {
    this.#device = device;
    this.adapter = adapter;
    this.traits = traits;
    this.#failed = new Promise((_, reject) => {
      this.#fail = (failure) => {
        this.#failure ??= failure;
        reject(this.#failure);
      };
    });
    this.#failed.catch(() => undefined);
    device.addEventListener('uncapturederror', ({ error }) => this.#fail(typedError(error, 'a command')));
    void device.lost.then(({ reason, message }) => this.#fail(new DeviceLostError({ reason: message || reason })));
  }

  /** Most bytes of one tensor. */
  get maxBindingBytes(): number {
    return this.#device.limits.maxStorageBufferBindingSize;
  }

  get maxWorkgroups(): number {
    return this.#device.limits.maxComputeWorkgroupsPerDimension;
  }

  /** Bytes to which offsets into storage and uniform buffers are aligned. */
  get alignment(): number {
    const { minStorageBufferOffsetAlignment, minUniformBufferOffsetAlignment } = this.#device.limits;
    return Math.max(minStorageBufferOffsetAlignment, minUniformBufferOffsetAlignment);
  }

  /** A zeroed buffer of storage. @throws BindingTooLargeError */
  buffer(
    what: string,
    bytes: number,
    usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  ): GPUBuffer {
    this.throwIfFailed();
    const limit = this.#device.limits.maxBufferSize;
    if (bytes > limit) throw new BindingTooLargeError({ tensor: what, bytes, limit });
    const size = Math.max(bytes, 16);
    const buffer = this.#device.createBuffer({ label: what, size, usage });
    this.#count(buffer, size);
    return buffer;
  }

  /** A texture of four floats a texel. */
  texture(what: string, { width, height, bytes, usage }: TextureOptions): GPUTexture {
    this.throwIfFailed();
    const texture = this.#device.createTexture({ label: what, size: [width, height], format: 'rgba32float', usage });
    this.#count(texture, bytes);
    return texture;
  }

  #count(memory: GPUBuffer | GPUTexture, bytes: number): void {
    this.#memory.set(memory, bytes);
    this.#peakBytes = Math.max(this.#peakBytes, this.allocatedBytes);
  }

  /** Gives the memory of a buffer or texture back. */
  release(memory: GPUBuffer | GPUTexture): void {
    this.#memory.delete(memory);
    memory.destroy();
  }

  /** Bytes of all buffers and textures that are not released. */
  get allocatedBytes(): number {
    return [...this.#memory.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** The most that {@link allocatedBytes} has been. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  write(buffer: GPUBuffer, offset: number, data: GPUAllowSharedBufferSource, from?: number, size?: number): void {
    this.#device.queue.writeBuffer(buffer, offset, data, from, size);
  }

  /** Compiles a kernel once; equal keys share the pipeline. */
  pipeline(kernel: Kernel): Promise<Pipeline> {
    let pipeline = this.#pipelines.get(kernel.key);
    if (pipeline === undefined) {
      pipeline = this.#compile(kernel);
      this.#pipelines.set(kernel.key, pipeline);
    }
    return pipeline;
  }

  async #compile(kernel: Kernel): Promise<Pipeline> {
    const label = kernel.key.split('\n', 1)[0] ?? kernel.key;
    const layout = this.#layout(kernel);
    this.#device.pushErrorScope('validation');
    const code = shaderSource(kernel);
    debug('wgsl', () => `// ${label}\n${code}`);
    const module = this.#device.createShaderModule({ label, code });
    const refused = await this.#orFailure(this.#device.popErrorScope());
    if (refused) throw typedError(refused, `the kernel ${label}`);
    try {
      const pipeline = await this.#device.createComputePipelineAsync({
        label,
        layout: this.#device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: 'main' },
      });
      return { pipeline, layout };
    } catch (cause) {
      throw (
        this.#failure ??
        new DeviceValidationError({ what: `the kernel ${label}`, complaint: firstLine(cause as Error), cause })
      );
    }
  }

  #layout({ bindings }: Kernel): GPUBindGroupLayout {
    const key = bindings.map(({ access }) => access).join();
    let layout = this.#layouts.get(key);
    if (layout === undefined) {
      const kinds = [{ buffer: { type: 'uniform' } } as const, ...bindings.map(({ access }) => BINDING_KINDS[access])];
      const entries = kinds.map((kind, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, ...kind }));
      layout = this.#device.createBindGroupLayout({ entries });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  bindGroup(layout: GPUBindGroupLayout, resources: readonly (GPUBufferBinding | GPUTextureView)[]): GPUBindGroup {
    return this.#device.createBindGroup({
      layout,
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
  }

  /** Runs `build`, which creates buffers and bind groups, and turns the device's complaints about it into errors. */
  async building<T>(what: string, build: () => T): Promise<T> {
    this.throwIfFailed();
    this.#device.pushErrorScope('out-of-memory');
    this.#device.pushErrorScope('validation');
    try {
      return build();
    } finally {
      const errors = await this.#orFailure(Promise.all([this.#device.popErrorScope(), this.#device.popErrorScope()]));
      const error = errors[1] ?? errors[0];
      // Rather the device's complaint than what `build` returned or threw because of it.
      // oxlint-disable-next-line no-unsafe-finally
      if (error) throw typedError(error, what);
    }
  }

  /** Records commands and submits them. */
  submit(record: (encoder: GPUCommandEncoder) => void): void {
    this.throwIfFailed();
    const encoder = this.#device.createCommandEncoder();
    record(encoder);
    this.#device.queue.submit([encoder.finish()]);
  }

  /** Whether the device's own clock can be read. */
  get hasTimestamps(): boolean {
    return this.#device.features.has('timestamp-query');
  }

  /** Submits what `record` puts between `count` timestamps, which it writes into the query set; nanoseconds. */
  async timestamps(
    count: number,
    record: (encoder: GPUCommandEncoder, queries: GPUQuerySet) => void,
  ): Promise<BigUint64Array> {
    const queries = this.#device.createQuerySet({ type: 'timestamp', count });
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    const resolved = this.buffer('the timestamps', count * 8, usage);
    const back = this.buffer('the timestamps', count * 8, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
    try {
      this.submit((encoder) => {
        record(encoder, queries);
        encoder.resolveQuerySet(queries, 0, count, resolved, 0);
        encoder.copyBufferToBuffer(resolved, 0, back, 0, count * 8);
      });
      return await this.read(back, (bytes) => new BigUint64Array(bytes.slice(0, count * 8)));
    } finally {
      queries.destroy();
      for (const each of [resolved, back]) this.release(each);
    }
  }

  /** Waits until all submitted work is done. */
  async idle(): Promise<void> {
    await this.#orFailure(this.#device.queue.onSubmittedWorkDone());
  }

  /** Waits until the work before it is done, hands the bytes of a `MAP_READ` buffer to `use`, and unmaps it. */
  async read<T>(buffer: GPUBuffer, use: (bytes: ArrayBuffer) => T, size: number = buffer.size): Promise<T> {
    await this.#orFailure(buffer.mapAsync(GPUMapMode.READ, 0, size));
    try {
      return use(buffer.getMappedRange(0, size));
    } finally {
      buffer.unmap();
    }
  }

  async #orFailure<T>(work: Promise<T>): Promise<T> {
    try {
      const result = await Promise.race([work, this.#failed]);
      this.throwIfFailed();
      return result;
    } catch (cause) {
      throw this.#failure ?? new DeviceLostError({ reason: 'a pending operation was rejected', cause });
    }
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure;
  }

  close(): void {
    this.#fail(new BackendClosedError());
    this.#device.destroy();
  }
}

function typedError(error: GPUError, what: string): KernelError {
  if (error instanceof GPUOutOfMemoryError) return new DeviceOutOfMemoryError({ what, cause: error });
  return new DeviceValidationError({ what, complaint: firstLine(error), cause: error });
}

const firstLine = ({ message }: { readonly message: string }): string => message.trim().split('\n', 1)[0] ?? message;
