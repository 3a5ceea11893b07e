/**
 * A job's program on a device that may run out of memory or go away. A micro-batch that has no room is computed in equal
 * parts; a device that was lost is opened again. What was accumulated by then is gone, so whoever computes asks
 * {@link RecoveringExecutable.recover} after a failure and begins its gradient again.
 */
import {
  type Batch,
  type DeviceMemory,
  type EvaluationSums,
  type Executable,
  FixedSumsError,
  slicedExecutable,
} from '@murmuration/kernels/backend-core';
import type { StepProgram } from '@murmuration/kernels/graph';
import { DeviceThreadError } from './errors.ts';

/** What compiles programs: a `Device`. */
export interface Compiler {
  compile(program: StepProgram): Promise<Executable>;
}

export interface RecoveryOptions {
  /** A device; `reopen` asks for another than the last one, `onCpu` for one that needs no adapter. */
  readonly device: (how: { readonly reopen: boolean; readonly onCpu: boolean }) => Promise<Compiler>;
  /** Whether the work is over: what fails then was taken away on purpose. */
  readonly isOver: () => boolean;
  /** Whether there is something to compute on where the adapter failed for good. */
  readonly canFallBack: boolean;
  /** The job's program at another micro-batch. */
  readonly programAt: (batch: number) => StepProgram;
  /** Samples a micro-batch. */
  readonly batch: number;
  /** Counts of equal parts in which a micro-batch may be computed, ascending; none where it must be whole. */
  readonly partCounts: readonly number[];
  /** Told of each failure that is recovered from. */
  readonly onProblem: (error: unknown) => void;
  /** Told when work can go on after a failure, perhaps on another device. */
  readonly onRecovered: (executable: RecoveringExecutable) => void;
}

/** Codes of errors after which the device, or its thread, is of no use any more. */
const LOST = new Set(['DEVICE_LOST', 'DEVICE_THREAD', 'BACKEND_CLOSED']);
/** Codes of errors that a smaller micro-batch may mend. */
const TOO_LARGE = new Set(['DEVICE_OUT_OF_MEMORY', 'BINDING_TOO_LARGE']);
/** Devices lost in a row, without a gradient in between, before it is given up. */
const MAX_LOSSES = 3;

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

export class RecoveringExecutable implements Executable {
  readonly #options: RecoveryOptions;
  #parts = 1;
  #losses = 0;
  #onCpu = false;
  #executable: Executable | null = null;

  private constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Compiles the program, in parts if need be. @throws what the device throws when nothing helps */
  static async compile(options: RecoveryOptions): Promise<RecoveringExecutable> {
    const recovering = new RecoveringExecutable(options);
    try {
      await recovering.#compile(false);
    } catch (error) {
      if (!(await recovering.recover(error))) throw error;
    }
    return recovering;
  }

  get memory(): DeviceMemory | undefined {
    return this.#compiled.memory;
  }

  /** Parts in which a micro-batch is computed. */
  get parts(): number {
    return this.#parts;
  }

  load(parameters: Float32Array): Promise<void> {
    return this.#compiled.load(parameters);
  }

  accumulate(batch: Batch): Promise<{ lossSum: number }> {
    return this.#compiled.accumulate(batch);
  }

  async drain(into: Float32Array, scale: number): Promise<void> {
    await this.#compiled.drain(into, scale);
    // With a scale of 0 somebody clears up after a failure.
    if (scale !== 0) this.#losses = 0;
  }

  /** @throws FixedSumsError where the device has fast numerics alone */
  async drainFixed(into: BigInt64Array): Promise<void> {
    const compiled = this.#compiled;
    if (compiled.drainFixed === undefined) throw new FixedSumsError();
    await compiled.drainFixed(into);
    this.#losses = 0;
  }

  evaluate(batch: Batch): Promise<EvaluationSums> {
    return this.#compiled.evaluate(batch);
  }

  async close(): Promise<void> {
    await this.#compiled.close();
  }

  /** Makes this executable fit for work again after `error`: parameters must be loaded anew. False where that is not possible. */
  async recover(error: unknown): Promise<boolean> {
    for (let failure = error; ;) {
      const reopen = this.#adapt(failure);
      if (reopen === null) return false;
      this.#options.onProblem(failure);
      try {
        await this.#compile(reopen);
        this.#options.onRecovered(this);
        return true;
      } catch (next) {
        failure = next;
      }
    }
  }

  /** Whether the device must be opened again; null where nothing helps. */
  #adapt(failure: unknown): boolean | null {
    if (this.#options.isOver()) return null;
    const code = codeOf(failure);
    if (TOO_LARGE.has(code as string)) {
      const parts = this.#options.partCounts.find((count) => count > this.#parts);
      if (parts !== undefined) {
        this.#parts = parts;
        // An allocation that failed while kernels ran may have taken the device's state with it.
        return true;
      }
    } else if (LOST.has(code as string) && ++this.#losses <= MAX_LOSSES) return true;
    return this.#fallBack(code);
  }

  /** From an adapter that fails in a way of its own (a driver that refuses a kernel counts) to the CPU, once. */
  #fallBack(code: unknown): true | null {
    if (!this.#options.canFallBack || this.#onCpu || typeof code !== 'string') return null;
    this.#onCpu = true;
    this.#parts = 1;
    this.#losses = 0;
    return true;
  }

  get #compiled(): Executable {
    if (this.#executable === null) throw new DeviceThreadError({ why: 'its device was lost and not opened again' });
    return this.#executable;
  }

  async #compile(reopen: boolean): Promise<void> {
    const { device, programAt, batch } = this.#options;
    const before = this.#executable;
    this.#executable = null;
    // On a device that is being replaced there is nothing to close.
    if (!reopen) await before?.close();
    const opened = await device({ reopen, onCpu: this.#onCpu });
    const compiled = await opened.compile(programAt(batch / this.#parts));
    this.#executable = this.#parts === 1 ? compiled : slicedExecutable(compiled, this.#parts);
  }
}
