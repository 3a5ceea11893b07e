/** The WebGPU backend in Node: the GPU lives in a thread of its own, so that its polling never delays the network's. */
import { dataInputs, expectVector } from '../../backend/check-batch.ts';
import type { Backend, Batch, DeviceMemory, Executable } from '../../backend/backend.ts';
import { ExecutableClosedError } from '../../backend/errors.ts';
import type { Graph } from '../../graph/graph.ts';
import type { StepProgram } from '../../graph/step-program.ts';
import { planCanonical } from '../../canonical/plan.ts';
import { ops } from '../../ops/index.ts';
import type { AdapterDescription } from '../adapter.ts';
import type { WebGpuOptions } from '../backend.ts';
import { BackendClosedError } from '../errors.ts';
import { checkOps } from '../plan.ts';
import { GpuHost } from './gpu-host.ts';
import type { ExecutableId } from './messages.ts';
import { isShared, SharedArrays } from './shared-arrays.ts';
import { expectVulkanLoader } from './vulkan-loader.ts';

/** @throws AdapterNotFoundError where there is no driver that Dawn takes */
export async function createWebGpuBackend(options: WebGpuOptions = {}): Promise<Backend> {
  expectVulkanLoader();
  const host = new GpuHost();
  try {
    const { name, kind, class: exactness, probe } = await host.call('open', options);
    let compiled: ExecutableId = 0;
    return {
      name: 'webgpu',
      adapter: { name, kind, class: exactness, ...(probe && { probe }) },
      compile: async (program, { onProgress } = {}) => {
        for (const graph of [program.train, program.evaluate]) expectLowerings(graph, options);
        const id = compiled++;
        const memory = await host.call('compile', { id, program }, onProgress);
        return new ThreadExecutable(host, id, program, memory);
      },
      close: () => host.close(new BackendClosedError()),
    };
  } catch (error) {
    await host.close(new BackendClosedError());
    throw error;
  }
}

/** Refuses here, where the error's class is known, what the thread would refuse. @throws UnsupportedOpError */
function expectLowerings(graph: Graph, { numerics }: WebGpuOptions): void {
  if (numerics === 'exact') planCanonical(graph, ops);
  else checkOps(graph, ops);
}

/** Every adapter that a backend could run on; none where there is no driver that Dawn takes. */
export async function listAdapters(): Promise<readonly AdapterDescription[]> {
  try {
    expectVulkanLoader();
  } catch {
    return [];
  }
  const host = new GpuHost();
  try {
    return await host.call('listAdapters', {});
  } finally {
    await host.close(new BackendClosedError());
  }
}

/**
 * An executable of the GPU's thread. What the caller passes is copied once, into memory that both threads see; an array
 * that lies in shared memory already is not copied at all.
 */
class ThreadExecutable implements Executable {
  readonly memory: DeviceMemory | undefined;
  readonly #host: GpuHost;
  readonly #id: ExecutableId;
  readonly #program: StepProgram;
  readonly #shared = new SharedArrays();
  #closed = false;

  constructor(host: GpuHost, id: ExecutableId, program: StepProgram, memory: DeviceMemory | undefined) {
    this.memory = memory;
    this.#host = host;
    this.#id = id;
    this.#program = program;
  }

  async load(parameters: Float32Array): Promise<void> {
    this.#expectOpen();
    expectVector('parameters', parameters, this.#program.layout.size);
    await this.#host.call('load', { id: this.#id, parameters: this.#shared.put('vector', parameters) });
  }

  async accumulate(batch: Batch): Promise<{ lossSum: number }> {
    return this.#host.call('accumulate', { id: this.#id, batch: this.#share(this.#program.train, batch) });
  }

  async evaluate(batch: Batch) {
    return this.#host.call('evaluate', { id: this.#id, batch: this.#share(this.#program.evaluate, batch) });
  }

  async drain(into: Float32Array, scale: number): Promise<void> {
    this.#expectOpen();
    expectVector('into', into, this.#program.layout.size);
    const target = isShared(into) ? into : this.#shared.room('vector', into);
    await this.#host.call('drain', { id: this.#id, into: target, scale });
    if (target !== into) into.set(target);
  }

  async drainFixed(into: BigInt64Array): Promise<void> {
    this.#expectOpen();
    expectVector('into', into, this.#program.layout.size);
    const target = isShared(into) ? into : this.#shared.room('sums', into);
    await this.#host.call('drainFixed', { id: this.#id, into: target });
    if (target !== into) into.set(target);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // The thread takes its executables with it when it ends.
    if (this.#host.isOpen) await this.#host.call('release', { id: this.#id });
  }

  #share(graph: Graph, batch: Batch): Batch {
    this.#expectOpen();
    const checked = [...dataInputs(graph, batch)];
    return Object.fromEntries(checked.map(([{ name }, values]) => [name, this.#shared.put(`data ${name}`, values)]));
  }

  #expectOpen(): void {
    if (this.#closed) throw new ExecutableClosedError({ backend: 'webgpu' });
  }
}
